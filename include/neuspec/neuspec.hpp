/// \file neuspec.hpp
/// Everything a user of the library needs.
#pragma once

#include "neuspec/arrays.hpp"
#include "neuspec/certificate.hpp"
#include "neuspec/communicator.hpp"
#include "neuspec/dataset.hpp"
#include "neuspec/error.hpp"
#include "neuspec/explain.hpp"
#include "neuspec/fit.hpp"
#include "neuspec/moments.hpp"
#include "neuspec/network.hpp"
#include "neuspec/preprocessing.hpp"
#include "neuspec/problem.hpp"
#include "neuspec/version.hpp"

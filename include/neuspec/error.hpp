/// \file error.hpp
/// Exceptions of the library. Misuse and environment are exceptions; numerical outcomes are a `Status` in the report.
#pragma once

#include <stdexcept>

#include "neuspec/export.h"

namespace neuspec NEUSPEC_API {

/// Base of every exception the library throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Settings or arguments that are out of range or contradict each other (exit code 2 of the program).
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Data that cannot be used; the message names file, line and column where there are any (exit code 3).
class DataError : public Error {
 public:
  using Error::Error;
};

/// Something outside the problem is missing: memory, a writable folder, a device (exit code 5).
class EnvironmentError : public Error {
 public:
  using Error::Error;
};

/// A backend was asked for that this build does not contain.
class NotCompiled : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

/// The backend is compiled in, but no such device can be used.
class NoDevice : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

}  // namespace neuspec NEUSPEC_API

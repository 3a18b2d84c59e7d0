// Householder QR of a tall matrix in panels, between which it can be stopped.
#pragma once

#include <functional>

#include "neuspec/dataset.hpp"

namespace neuspec {

/// A = QR for A (d × n, column-major, d > n): R is left in and above the diagonal, the reflectors below it with their factors in tau (n). False when
/// `stop`, asked between panels, said so. 2 n²d flops.
bool triangularise(Index d, Index n, double* A, double* tau, const std::function<bool()>& stop);

/// Over that, the first n + 1 columns of the square Q; A has room for them. 2 n²d flops.
bool orthonormal_columns(Index d, Index n, double* A, const double* tau, const std::function<bool()>& stop);

}  // namespace neuspec

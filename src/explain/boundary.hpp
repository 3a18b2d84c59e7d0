// Where predictions change, and what is known of it.
#pragma once

#include <vector>

#include "explain/eigenbasis.hpp"
#include "neuspec/explain.hpp"

namespace neuspec {

/// Lengths of a sample: of what the outputs are functions of, of all of it, and of what the former may be off by.
struct SampleSize {
  double norm = 0, whole = 0, off = 0;
};

/// How large the terms of an output are at a sample of that norm, and what rounding does to their sum.
struct Magnitude {
  double Q = 0, q = 0, s = 0;
  QuadraticOutput::Rounding rounding = {};
  double error_at(const SampleSize& x, double relative) const {
    return relative * ((Q * x.norm + q) * x.norm + s) + ((rounding.Q * x.whole + rounding.q) * x.whole + rounding.s) + (2 * Q * x.norm + q) * x.off;
  }
};

Magnitude magnitude_of(const QuadraticOutput& output);

/// Where the prediction changes from output `first` to `second` or back: the zeros of h = f_first − f_second, diagonalised. One output has its own
/// zeros, with `second` none.
struct Boundary {
  Index first = 0, second = 0;
  Eigenbasis basis;
  std::vector<double> linear;  ///< Vᵀq of h
  double linear_norm = 0;
  double constant = 0;                      ///< s of h
  QuadraticOutput::Rounding rounding = {};  ///< of h

  /// h is s everywhere, however large the outputs are whose difference it is.
  bool flat() const { return basis.spectral_norm() == 0 && linear_norm == 0; }
};

Boundary boundary_of(const std::vector<QuadraticOutput>& outputs, Index first, Index second);

/// \throws DataError for sizes that disagree and values that are not finite
void check_output(const QuadraticOutput& output);

}  // namespace neuspec

#include "explain/boundary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "certify/sphere_quadratic.hpp"
#include "device/lapack.hpp"
#include "neuspec/error.hpp"

namespace neuspec {

void check_output(const QuadraticOutput& output) {
  const auto finite = [](double value) { return std::isfinite(value); };
  const std::size_t d = output.q.size();
  if (d == 0 || output.Q.size() != d * d) throw DataError("a quadratic output of " + std::to_string(d) + " features needs as many rows and columns");
  if (!std::all_of(output.Q.begin(), output.Q.end(), finite) || !std::all_of(output.q.begin(), output.q.end(), finite) || !finite(output.s) ||
      !finite(output.rounding.Q + output.rounding.q + output.rounding.s))
    throw DataError("a quadratic output has a value that is not finite");
}

Magnitude magnitude_of(const QuadraticOutput& output) {
  return {.Q = norm_of(output.Q), .q = norm_of(output.q), .s = std::abs(output.s), .rounding = output.rounding};
}

Boundary boundary_of(const std::vector<QuadraticOutput>& outputs, Index first, Index second) {
  const QuadraticOutput& one = outputs[static_cast<std::size_t>(first)];
  const auto d = static_cast<Index>(one.q.size());
  Boundary boundary{
      .first = first, .second = second, .basis = {}, .linear = std::vector<double>(one.q.size()), .constant = one.s, .rounding = one.rounding};
  std::vector<double> Q = one.Q, q = one.q;
  if (outputs.size() > 1) {
    const QuadraticOutput& other = outputs[static_cast<std::size_t>(second)];
    for (std::size_t i = 0; i < other.Q.size(); ++i) Q[i] -= other.Q[i];
    for (std::size_t i = 0; i < q.size(); ++i) q[i] -= other.q[i];
    boundary.rounding.Q += other.rounding.Q;
    boundary.rounding.q += other.rounding.q;
    boundary.rounding.s += other.rounding.s;
    boundary.constant -= other.s;
  }
  boundary.rounding.s += std::numeric_limits<double>::epsilon() * std::abs(boundary.constant);
  boundary.linear_norm = norm_of(q);
  if (!std::isfinite(norm_of(Q) + boundary.linear_norm + boundary.rounding.Q + boundary.rounding.q))
    throw DataError("the network's outputs are too far apart: their difference overflows");
  boundary.basis = eigenbasis_of(std::move(Q), d);
  lapack::gemv('T', d, d, 1.0, boundary.basis.vectors.data(), d, q.data(), 0.0, boundary.linear.data());
  return boundary;
}

}  // namespace neuspec

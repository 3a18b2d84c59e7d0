// Matrices of doubles on the host and the lift of docs/mathematics.md section 2 on them, in plain loops: the judge of device and operator tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "neuspec/problem.hpp"
#include "support/random.hpp"

namespace neuspec::test {

/// rows × columns, column-major, contiguous.
struct Host {
  Index rows = 0, columns = 0;
  std::vector<double> values;

  Host() = default;
  Host(Index rows_, Index columns_, double value = 0) : rows(rows_), columns(columns_), values(static_cast<std::size_t>(rows_ * columns_), value) {}
  Host(Index rows_, Index columns_, std::vector<double> values_) : rows(rows_), columns(columns_), values(std::move(values_)) {}

  double& operator()(Index i, Index j) { return values[static_cast<std::size_t>(j * rows + i)]; }
  double operator()(Index i, Index j) const { return values[static_cast<std::size_t>(j * rows + i)]; }
  Host column(Index j) const { return Host(rows, 1, std::vector<double>(values.begin() + j * rows, values.begin() + (j + 1) * rows)); }
};

inline Host random_host(Random& random, Index rows, Index columns) { return Host(rows, columns, random.normals(rows * columns)); }

inline Host transposed(const Host& A) {
  Host result(A.columns, A.rows);
  for (Index j = 0; j < A.columns; ++j)
    for (Index i = 0; i < A.rows; ++i) result(j, i) = A(i, j);
  return result;
}

inline Host product(const Host& A, const Host& B) {
  Host result(A.rows, B.columns);
  for (Index j = 0; j < B.columns; ++j)
    for (Index k = 0; k < A.columns; ++k)
      for (Index i = 0; i < A.rows; ++i) result(i, j) += A(i, k) * B(k, j);
  return result;
}

/// alpha A + beta B
inline Host combination(double alpha, const Host& A, double beta, const Host& B) {
  Host result(A.rows, A.columns);
  for (std::size_t e = 0; e < A.values.size(); ++e) result.values[e] = alpha * A.values[e] + beta * B.values[e];
  return result;
}

inline double inner(const Host& A, const Host& B) {
  double sum = 0;
  for (std::size_t e = 0; e < A.values.size(); ++e) sum += A.values[e] * B.values[e];
  return sum;
}

inline double largest(const Host& A) {
  double size = 0;
  for (const double value : A.values) size = std::isnan(value) ? value : std::max(size, std::abs(value));
  return size;
}

/// Q diag(values) Qᵀ with random orthogonal Q.
inline Host symmetric_with(Random& random, const std::vector<double>& eigenvalues) {
  const auto N = static_cast<Index>(eigenvalues.size());
  const Host Q(N, N, random.orthogonal(N));
  Host scaled = Q;
  for (Index j = 0; j < N; ++j)
    for (Index i = 0; i < N; ++i) scaled(i, j) *= eigenvalues[static_cast<std::size_t>(j)];
  return product(scaled, transposed(Q));
}

inline Index packed_size(Index N) { return N * (N + 1) / 2; }

/// The lower triangle column by column, off-diagonal entries times √2.
inline Host packed_of(const Host& M) {
  Host result(M.rows * (M.rows + 1) / 2, 1);
  auto to = result.values.begin();
  for (Index j = 0; j < M.columns; ++j)
    for (Index i = j; i < M.rows; ++i) *to++ = i == j ? M(i, j) : std::sqrt(2.0) * M(i, j);
  return result;
}

/// The N × N matrix of column k of packed columns.
inline Host unpacked(Index N, const Host& packed, Index k) {
  Host result(N, N);
  auto from = packed.values.begin() + k * packed.rows;
  for (Index j = 0; j < N; ++j)
    for (Index i = j; i < N; ++i, ++from) result(i, j) = result(j, i) = i == j ? *from : *from / std::sqrt(2.0);
  return result;
}

inline void set_column(Host& A, Index j, const Host& column) { std::copy(column.values.begin(), column.values.end(), A.values.begin() + j * A.rows); }

/// s·A_i = s [a x xᵀ, (b/2) x; (b/2) xᵀ, c].
inline Host lifted_sample(const Activation& sigma, const Host& x, Index i, double s) {
  const Index d = x.rows, N = d + 1;
  Host A(N, N);
  for (Index j = 0; j < d; ++j)
    for (Index k = 0; k < d; ++k) A(k, j) = s * sigma.a * x(k, i) * x(j, i);
  for (Index k = 0; k < d; ++k) A(k, d) = A(d, k) = s * sigma.b / 2 * x(k, i);
  A(d, d) = s * sigma.c;
  return A;
}

/// G = diag(1, …, 1, −1).
inline Host trace_form(Index N) {
  Host G(N, N);
  for (Index i = 0; i < N; ++i) G(i, i) = i + 1 < N ? 1 : -1;
  return G;
}

/// M − G⟨G, M⟩/N.
inline Host without_trace(const Host& M) {
  const Host G = trace_form(M.rows);
  return combination(1, M, -inner(G, M) / static_cast<double>(M.rows), G);
}

/// X of A X = B by Gaussian elimination with pivoting.
inline Host solved(Host A, Host B) {
  const Index n = A.rows;
  for (Index k = 0; k < n; ++k) {
    Index pivot = k;
    for (Index i = k; i < n; ++i) pivot = std::abs(A(i, k)) > std::abs(A(pivot, k)) ? i : pivot;
    for (Index j = 0; j < n; ++j) std::swap(A(k, j), A(pivot, j));
    for (Index j = 0; j < B.columns; ++j) std::swap(B(k, j), B(pivot, j));
    for (Index i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = A(i, k) / A(k, k);
      for (Index j = k; j < n; ++j) A(i, j) -= factor * A(k, j);
      for (Index j = 0; j < B.columns; ++j) B(i, j) -= factor * B(k, j);
    }
  }
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < B.columns; ++j) B(i, j) /= A(i, i);
  return B;
}

/// Central difference of f at 0; exact up to rounding where f is a quadratic polynomial.
template <class Function>
Host central_difference(const Function& f, double h) {
  return combination(0.5 / h, f(h), -0.5 / h, f(-h));
}

}  // namespace neuspec::test

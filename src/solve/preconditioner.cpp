#include "solve/preconditioner.hpp"

#include <algorithm>
#include <cmath>

#include "device/lapack.hpp"
#include "neuspec/error.hpp"
#include "solve/monitor.hpp"

namespace neuspec {

namespace {
constexpr Index most_unknowns = 8192;        // 512 MiB in double
constexpr double part_of_free_memory = 0.3;  // that P may take, which a solve does not depend on
constexpr double samples_an_unknown = 0.5;   // that the Gauss–Newton part is made of
constexpr double passes = 3;                 // a product's time over that of its flops in GEMM
constexpr double flattest = 0.3;             // eigenvalue of a neuron's own part, relative to β, below which rounding and missing neurons rule
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Π₊ of 2 (sign (M + (t + qᵀw₁/(2s)) I) + β I), the Hessian of sign ΣzᵀΓz + β‖W‖² in each column of a block but for three products of vectors that
/// ‖W‖_F brings: what is positive semidefinite where no neuron is missing.
void own_curvature(const QuadraticForm& form, Index d, const double* z, double sign, double beta, std::vector<double>& block) {
  double along = form.t;
  for (Index i = 0; i < d && z[d] > 0; ++i) along += form.q[at(i)] * z[i] / (2 * z[d]);
  block = form.M;
  for (Index i = 0; i < d * d; ++i) block[at(i)] = 2 * sign * block[at(i)];
  for (Index i = 0; i < d; ++i) block[at(i * d + i)] += 2 * (sign * along + beta);
  std::vector<double> values(at(d)), work, vectors = block;
  std::vector<int> iwork;
  if (lapack::syevd(true, d, vectors.data(), d, values.data(), work, iwork) != 0)
    throw EnvironmentError("the symmetric eigensolver did not converge");
  const double least = flattest * beta;
  for (Index k = 0; k < d && values[at(k)] < least; ++k) {
    const double* u = vectors.data() + k * d;
    for (Index j = 0; j < d; ++j) {
      for (Index i = 0; i < d; ++i) block[at(j * d + i)] += (least - values[at(k)]) * u[i] * u[j];
    }
  }
}
}  // namespace

template <class Real>
Preconditioner<Real>::Preconditioner(DataOperator<Real>& data, const FactorColumns& columns, double beta)
    : data_(data), columns_(columns), beta_(beta) {
  const auto m = static_cast<Index>(columns.sign.size()), unknowns = m * (data.N() - 1), n = data.samples();
  samples_ = std::min(n, static_cast<Index>(samples_an_unknown * static_cast<double>(unknowns)));
  const double size = static_cast<double>(unknowns), square = size * size;
  const double memory = (square + 2 * static_cast<double>(std::min(n, gauss_newton_samples)) * size) * sizeof(Real);
  if (!data.has_gauss_newton() || unknowns > most_unknowns || memory > part_of_free_memory * data.device().free_memory()) return;
  const double parts = data.problems() > 1 && data.pools() == 1 ? static_cast<double>(data.outputs()) : 1;
  const double flops = static_cast<double>(samples_) * square / parts + square * size;
  const double product = 8 * static_cast<double>(n) * size * static_cast<double>(data.patches().per_pool) * passes;
  cost_ = std::max<Index>(1, static_cast<Index>(flops / product));
}

template <class Real>
bool Preconditioner<Real>::learn(ConstView<Real> Z) {
  Device<Real>& device = data_.device();
  const Index N = data_.N(), d = N - 1, m = Z.columns, p = data_.p();
  if (inverse_.rows() == 0) inverse_ = device.allocate(d * m, d * m);
  device.axpby(Real(0), inverse_, Real(0), inverse_);
  const DualCandidate candidate = data_.dual_of(columns_, Z);
  std::vector<double> points(at(N * m)), block;
  device.download(Z, points.data());
  for (Index j = 0; j < m; ++j) {
    const Index pool = columns_.pool.empty() ? 0 : columns_.pool[at(j)], place = columns_.output[at(j)] * data_.pools() + pool;
    if (columns_.lead[at(j)] == j)
      own_curvature(quadratic_form(candidate.gamma.data() + place * p, N), d, points.data() + j * N, columns_.sign[at(j)], beta_, block);
    device.upload(block.data(), inverse_.view().row_range(j * d, d).column_range(j * d, d));
  }
  data_.gauss_newton(columns_, Z, samples_, inverse_);
  return device.invert_shifted(inverse_, 0, inverse_);
}

template class Preconditioner<float>;
template class Preconditioner<double>;

}  // namespace neuspec

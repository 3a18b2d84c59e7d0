#include "solve/preconditioner.hpp"

#include <algorithm>
#include <cmath>

#include "numeric/packed.hpp"
#include "numeric/quadratic_form.hpp"

namespace neuspec {

namespace {
constexpr Index most_unknowns = 8192;        // 512 MiB in double
constexpr double part_of_free_memory = 0.3;  // that P may take, which a solve does not depend on
constexpr double passes = 3;                 // a product's time over that of its flops in GEMM
constexpr double flattest = 0.3;             // eigenvalue of a neuron's own part, relative to β, below which rounding and missing neurons rule
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// 2 (sign (M + (t + qᵀw₁/(2s)) I) + β I), packed, the Hessian of sign ΣzᵀΓz + β‖W‖² in each column of a block but for three products of vectors that
/// ‖W‖_F brings; less `least` on its diagonal.
void own_curvature(const QuadraticForm& form, Index d, const double* z, double sign, double beta, double least, double* to) {
  double along = form.t;
  for (Index i = 0; i < d && z[d] > 0; ++i) along += form.q[at(i)] * z[i] / (2 * z[d]);
  for (Index j = 0; j < d; ++j) {
    *to++ = 2 * (sign * (form.M[at(j * d + j)] + along) + beta) - least;
    for (Index i = j + 1; i < d; ++i) *to++ = packed::root_two * 2 * sign * form.M[at(j * d + i)];
  }
}
}  // namespace

template <class Real>
Preconditioner<Real>::Preconditioner(DataOperator<Real>& data, const FactorColumns& columns, double beta)
    : data_(data), columns_(columns), beta_(beta) {
  split();
  const Index d = data.N() - 1, n = data.samples();
  const auto unknowns = static_cast<double>(d * static_cast<Index>(columns.sign.size()));
  samples_ = std::min(n, static_cast<Index>(data.gauss_newton_samples_an_unknown() * unknowns));
  double squares = 0, cubes = 0, largest = 0;
  for (const Part& part : parts_) {
    const auto size = static_cast<double>(d * part.size());
    squares += size * size;
    cubes += size * size * size;
    largest = std::max(largest, size);
  }
  const double memory = (squares + data.gauss_newton_memory(largest)) * sizeof(Real);
  if (!data.has_gauss_newton() || largest > most_unknowns || memory > part_of_free_memory * data.device().free_memory()) return;
  cost_ = std::max<Index>(
      1, static_cast<Index>((data.gauss_newton_flops(unknowns, squares, samples_) + cubes) / (data.product_flops(unknowns) * passes)));
}

template <class Real>
void Preconditioner<Real>::split() {
  const bool separate = data_.problems() > 1;
  parts_.resize(static_cast<std::size_t>(data_.problems()));
  std::vector<Index> own(columns_.sign.size());
  for (std::size_t j = 0; j < own.size(); ++j) {
    Part& part = parts_[separate ? at(columns_.output[j]) : 0];
    own[j] = part.size();
    const auto global = static_cast<Index>(j);
    if (part.stretches.empty() || part.stretches.back().first + part.stretches.back().count != global) part.stretches.push_back({global, own[j], 0});
    ++part.stretches.back().count;
    part.columns.sign.push_back(columns_.sign[j]);
    part.columns.output.push_back(columns_.output[j]);
    part.columns.lead.push_back(own[at(columns_.lead[j])]);
    if (!columns_.pool.empty()) part.columns.pool.push_back(columns_.pool[j]);
  }
  std::erase_if(parts_, [](const Part& part) { return part.columns.sign.empty(); });
}

template <class Real>
bool Preconditioner<Real>::learn(ConstView<Real> Z) {
  for (Part& part : parts_) add_gauss_newton(Z, part);
  add_own_curvature(Z);
  bool definite = true;
  for (Part& part : parts_) definite = definite && data_.device().invert_shifted(part.inverse, flattest * beta_, part.inverse);
  return definite;
}

// Alone, a problem's columns are a factored point that the others' predictions do not matter to.
template <class Real>
void Preconditioner<Real>::add_gauss_newton(ConstView<Real> Z, Part& part) {
  Device<Real>& device = data_.device();
  const Index N = data_.N(), size = (N - 1) * part.size();
  if (part.inverse.rows() == 0) {
    part.inverse = device.allocate(size, size);
    part.residual = device.allocate(size, 1);
    part.result = device.allocate(size, 1);
  }
  const DeviceMatrix<Real> own = device.allocate(N, part.size());
  for (const Stretch& from : part.stretches) device.copy(Z.column_range(from.first, from.count), own.view().column_range(from.own_first, from.count));
  device.axpby(Real(0), part.inverse, Real(0), part.inverse);
  data_.gauss_newton(part.columns, own, samples_, part.inverse);
}

// Where no neuron is missing it is positive semidefinite; elsewhere its eigenvalues below `least` become that: least I + Π₊(. − least I), whose first
// part `learn` adds to all of P.
template <class Real>
void Preconditioner<Real>::add_own_curvature(ConstView<Real> Z) {
  Device<Real>& device = data_.device();
  const Index N = data_.N(), d = N - 1, p = data_.p();
  const ConstView<Real> Gamma = data_.dual_of(columns_, Z).gamma;
  std::vector<double> gamma(at(Gamma.size())), points(at(N * Z.columns)), blocks;
  device.download(Gamma, gamma.data());
  device.download(Z, points.data());
  std::vector<Index> block_of(columns_.lead.size());
  Index count = 0;
  for (std::size_t j = 0; j < block_of.size(); ++j) {
    const auto lead = static_cast<std::size_t>(columns_.lead[j]);
    block_of[j] = lead == j ? count++ : block_of[lead];
    if (lead != j) continue;
    const Index pool = columns_.pool.empty() ? 0 : columns_.pool[j], place = columns_.output[j] * data_.pools() + pool;
    blocks.resize(at(count * packed::size(d)));
    own_curvature(quadratic_form(gamma.data() + place * p, N), d, points.data() + j * at(N), columns_.sign[j], beta_, flattest * beta_,
                  blocks.data() + (count - 1) * packed::size(d));
  }
  const Index even = count + count % 2;
  blocks.resize(at(even * packed::size(d)));
  const DeviceMatrix<Real> V = device.allocate(packed::size(d), even), W = device.allocate(packed::size(d), even), own = device.allocate(d, d);
  device.upload(blocks.data(), V);
  device.project_psd(d, V, W, device.allocate(d, d * even));
  for (const Part& part : parts_) {
    for (const Stretch& from : part.stretches) {
      for (Index j = from.first; j < from.first + from.count; ++j) {
        const Index at_own = (from.own_first + j - from.first) * d;
        device.unpack(W.view().column_range(block_of[at(j)], 1), own);
        device.axpby(Real(1), own, Real(1), part.inverse.view().row_range(at_own, d).column_range(at_own, d));
      }
    }
  }
}

template <class Real>
void Preconditioner<Real>::apply(ConstView<Real> residual, View<Real> result) {
  Device<Real>& device = data_.device();
  if (parts_.size() == 1) return device.symm(Real(1), parts_.front().inverse, residual, Real(0), result);
  const Index d = data_.N() - 1;
  std::vector<SymmetricProduct<Real>> products;
  for (Part& part : parts_) {
    for (const Stretch& from : part.stretches)
      device.copy(residual.row_range(from.first * d, from.count * d), part.residual.view().row_range(from.own_first * d, from.count * d));
    products.push_back({part.inverse, part.residual, part.result});
  }
  device.symm_each(products);
  for (Part& part : parts_) {
    for (const Stretch& to : part.stretches)
      device.copy(part.result.view().row_range(to.own_first * d, to.count * d), result.row_range(to.first * d, to.count * d));
  }
}

template class Preconditioner<float>;
template class Preconditioner<double>;

}  // namespace neuspec

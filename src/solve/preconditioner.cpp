#include "solve/preconditioner.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "numeric/packed.hpp"
#include "numeric/quadratic_form.hpp"

namespace neuspec {

namespace {
constexpr Index most_unknowns = 8192;        // 512 MiB in double
constexpr double part_of_free_memory = 0.3;  // that P may take, which a solve does not depend on
constexpr double early = 1.0 / 3;            // of its cost in products, after which P of all unknowns has been worth it
constexpr double flattest = 0.3;             // eigenvalue of a neuron's own part, relative to β, below which rounding and missing neurons rule
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// 2 (sign (M + (t + qᵀw₁/(2s)) I) + β I), packed, the Hessian of sign ΣzᵀΓz + β‖W‖² in each column of a block but for three products of vectors that
/// ‖W‖_F brings; less `least` on its diagonal.
void curvature_of(const QuadraticForm& form, Index d, const double* z, double sign, double beta, double least, double* to) {
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
  estimate();
}

// The cheaper one of two: whose flops are (d m)³ or n³.
template <class Real>
void Preconditioner<Real>::estimate() {
  const Index d = data_.N() - 1, n = data_.samples();
  const auto neurons = static_cast<double>(columns_.sign.size()), unknowns = static_cast<double>(d) * neurons;
  samples_ = std::min(n, static_cast<Index>(data_.gauss_newton_samples_an_unknown() * unknowns));
  double squares = 0, cubes = 0, largest = 0, through = 0, held = 0;
  for (const Part& part : parts_) {
    const auto size = static_cast<double>(d * part.size()), own = static_cast<double>(part.size());
    squares += size * size;
    cubes += size * size * size;
    largest = std::max(largest, size);
    through += Woodbury<Real>::flops(static_cast<double>(n), static_cast<double>(d), own, part.blocks());
    held += Woodbury<Real>::memory(static_cast<double>(n), static_cast<double>(d), own);
  }
  const double room = part_of_free_memory * data_.device().free_memory() / sizeof(Real), product = data_.product_flops(unknowns);
  const double all = data_.gauss_newton_flops(unknowns, squares, samples_) + cubes;
  const bool all_fits = data_.has_gauss_newton() && largest <= most_unknowns && squares + data_.gauss_newton_memory(largest) <= room;
  const bool samples_fit = data_.has_linearisation() && held <= room;
  through_samples_ = samples_fit && (!all_fits || through < early * all);
  if (!through_samples_ && !all_fits) return;
  const double products = (through_samples_ ? through : all) / product;
  cost_ = std::max<Index>(1, static_cast<Index>(products));
  worth_after_ = std::max<Index>(1, static_cast<Index>(through_samples_ ? products : early * products));
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

// The curvature comes last: it leaves Z evaluated.
template <class Real>
bool Preconditioner<Real>::learn(ConstView<Real> Z) {
  std::vector<Linearisation<Real>> linear;
  for (Part& part : parts_) {
    if (through_samples_)
      linear.push_back(data_.linearised(part.columns, own_point(Z, part)));
    else
      form_gauss_newton(Z, part);
  }
  const OwnCurvature curvature = own_curvature(Z);
  bool definite = true;
  for (std::size_t k = 0; k < parts_.size() && definite; ++k)
    definite = through_samples_ ? invert_through_samples(parts_[k], std::move(linear[k]), curvature) : invert_all(parts_[k], curvature);
  return definite;
}

// Alone, a problem's columns are a factored point that the others' predictions do not matter to.
template <class Real>
DeviceMatrix<Real> Preconditioner<Real>::own_point(ConstView<Real> Z, const Part& part) {
  Device<Real>& device = data_.device();
  DeviceMatrix<Real> own = device.allocate(data_.N(), part.size());
  for (const Stretch& from : part.stretches) device.copy(Z.column_range(from.first, from.count), own.view().column_range(from.own_first, from.count));
  return own;
}

template <class Real>
void Preconditioner<Real>::form_gauss_newton(ConstView<Real> Z, Part& part) {
  const Index size = (data_.N() - 1) * part.size();
  if (part.inverse.rows() == 0) part.inverse = data_.device().allocate(size, size);
  data_.device().axpby(Real(0), part.inverse, Real(0), part.inverse);
  data_.gauss_newton(part.columns, own_point(Z, part), samples_, part.inverse);
}

template <class Real>
bool Preconditioner<Real>::invert_all(Part& part, const OwnCurvature& curvature) {
  Device<Real>& device = data_.device();
  const Index d = data_.N() - 1;
  const DeviceMatrix<Real> own = device.allocate(d, d);
  for (const Stretch& from : part.stretches) {
    for (Index j = from.first; j < from.first + from.count; ++j) {
      const Index at_own = (from.own_first + j - from.first) * d;
      device.unpack(curvature.of_block.view().column_range(curvature.block_of[at(j)], 1), own);
      device.axpby(Real(1), own, Real(1), part.inverse.view().row_range(at_own, d).column_range(at_own, d));
    }
  }
  return device.invert_shifted(part.inverse, flattest * beta_, part.inverse);
}

template <class Real>
bool Preconditioner<Real>::invert_through_samples(Part& part, Linearisation<Real> linear, const OwnCurvature& curvature) {
  Device<Real>& device = data_.device();
  const Index d = data_.N() - 1;
  std::vector<DeviceMatrix<Real>> own;
  for (const Stretch& from : part.stretches) {
    for (Index j = from.first; j < from.first + from.count; ++j) {
      if (columns_.lead[at(j)] != j) continue;
      own.push_back(device.allocate(d, d));
      device.unpack(curvature.of_block.view().column_range(curvature.block_of[at(j)], 1), own.back());
    }
  }
  if (part.through_samples == nullptr) part.through_samples = std::make_unique<Woodbury<Real>>(device);
  return part.through_samples->learn(std::move(linear), part.columns, std::move(own), flattest * beta_);
}

// Where no neuron is missing it is positive semidefinite; elsewhere its eigenvalues below `least` become that: least I + Π₊(. − least I), whose first
// part is left to be added.
template <class Real>
typename Preconditioner<Real>::OwnCurvature Preconditioner<Real>::own_curvature(ConstView<Real> Z) {
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
    curvature_of(quadratic_form(gamma.data() + place * p, N), d, points.data() + j * at(N), columns_.sign[j], beta_, flattest * beta_,
                 blocks.data() + (count - 1) * packed::size(d));
  }
  const Index even = count + count % 2;
  blocks.resize(at(even * packed::size(d)));
  const DeviceMatrix<Real> V = device.allocate(packed::size(d), even);
  DeviceMatrix<Real> W = device.allocate(packed::size(d), even);
  device.upload(blocks.data(), V);
  device.project_psd(d, V, W, device.allocate(d, d * even));
  return {std::move(W), std::move(block_of)};
}

template <class Real>
void Preconditioner<Real>::apply(ConstView<Real> residual, View<Real> result) {
  Device<Real>& device = data_.device();
  const Index d = data_.N() - 1;
  const auto solve = [&](Part& part, ConstView<Real> from, View<Real> to) {
    if (through_samples_) return part.through_samples->apply(from.reshaped(d, part.size()), to.reshaped(d, part.size()));
    device.symm(Real(1), part.inverse, from, Real(0), to);
  };
  if (parts_.size() == 1) return solve(parts_.front(), residual, result);
  std::vector<SymmetricProduct<Real>> products;
  for (Part& part : parts_) {
    if (part.residual.rows() == 0) {
      part.residual = device.allocate(d * part.size(), 1);
      part.result = device.allocate(d * part.size(), 1);
    }
    for (const Stretch& from : part.stretches)
      device.copy(residual.row_range(from.first * d, from.count * d), part.residual.view().row_range(from.own_first * d, from.count * d));
    if (through_samples_)
      solve(part, part.residual, part.result);
    else
      products.push_back({part.inverse, part.residual, part.result});
  }
  if (!through_samples_) device.symm_each(products);
  for (Part& part : parts_) {
    for (const Stretch& to : part.stretches)
      device.copy(part.result.view().row_range(to.own_first * d, to.count * d), result.row_range(to.first * d, to.count * d));
  }
}

template class Preconditioner<float>;
template class Preconditioner<double>;

}  // namespace neuspec

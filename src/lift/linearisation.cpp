#include "lift/linearisation.hpp"

#include <algorithm>

namespace neuspec {

namespace {
constexpr Index strip = 512;  // rows of a kernel at a time
}  // namespace

template <class Real>
Linearisation<Real>::Linearisation(Device<Real>& device, const Activation& activation, ConstView<Real> x, ConstView<Real> s,
                                   const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> H, ConstView<Real> root)
    : device_(device),
      activation_(activation),
      x_(x),
      s_(s),
      columns_(columns),
      Z_(device.allocate(Z.rows, Z.columns)),
      H_(device.allocate(H.rows, H.columns)),
      root_(device.allocate(root.rows, 1)),
      Z_dot_(device.allocate(Z.rows, Z.columns)),
      Q_(device.allocate(H.rows, H.columns)),
      G_(device.allocate(Z.rows, Z.columns)),
      f_(device.allocate(root.rows, 1)) {
  columns_.output.assign(columns.output.size(), 0);
  device.copy(Z, Z_);
  device.copy(H, H_);
  device.copy(root, root_);
}

template <class Real>
std::vector<Index> Linearisation<Real>::starts_of_blocks(const FactorColumns& columns) {
  std::vector<Index> starts;
  const auto m = static_cast<Index>(columns.sign.size());
  for (Index j = 0; j < m; ++j)
    if (columns.lead.empty() || columns.lead[static_cast<std::size_t>(j)] == j) starts.push_back(j);
  starts.push_back(m);
  return starts;
}

template <class Real>
void Linearisation<Real>::times(ConstView<Real> V, View<Real> f) {
  device_.lift_derivative(columns_, Z_, V, Z_dot_);
  device_.factored_forward_derivative(activation_, x_, s_, columns_, Z_, Z_dot_, H_, Q_, f_);
  device_.multiply(f_, root_, Real(0), f);
}

template <class Real>
void Linearisation<Real>::transposed_times(ConstView<Real> f, View<Real> V) {
  device_.multiply(f, root_, Real(0), f_);
  device_.factored_adjoint(activation_, x_, s_, columns_, Z_, f_, H_, Q_, G_);
  device_.neuron_gradient(columns_, 0, Z_, G_, V);
}

// u_ij = r_i (2a h_ij + b s_j) is twice what `factored_adjoint` multiplies the samples by; g_ib = r_i (b h_i/s + 2c) with h and s those of the
// block's first neuron; r the root of ℓ'' times s_i. A block's sign squares away.
template <class Real>
void Linearisation<Real>::kernel(const std::vector<DeviceMatrix<Real>>& B, View<Real> K) {
  const Index n = samples(), d = x_.rows, m = Z_.columns();
  device_.factored_adjoint(activation_, x_, s_, columns_, Z_, root_, H_, Q_, G_);
  const DeviceMatrix<Real> U = device_.allocate(n, m), g = device_.allocate(n, 1), weight = device_.allocate(n, 1);
  device_.axpby(Real(2), Q_, Real(0), U);
  if (s_.data == nullptr) {
    device_.copy(root_, weight);
  } else {
    device_.multiply(s_, root_, Real(0), weight);
  }
  std::vector<double> Z(static_cast<std::size_t>(Z_.view().size()));
  device_.download(Z_, Z.data());
  const std::vector<Index> starts = starts_of_blocks(columns_);
  for (std::size_t block = 0; block + 1 < starts.size(); ++block) {
    const Index first = starts[block], count = starts[block + 1] - first;
    const ConstView<Real> own = U.view().column_range(first, count);
    add_samples(own, B[block], block == 0 ? Real(0) : Real(1), K);
    const double norm = Z[static_cast<std::size_t>(first * (d + 1) + d)];
    if (!(norm > 0)) continue;
    device_.multiply(H_.view().column_range(first, 1), weight, Real(0), g);
    device_.axpby(static_cast<Real>(2 * activation_.c), weight, static_cast<Real>(activation_.b / norm), g);
    add_norm(Z_.view().row_range(0, d).column_range(first, count), own, g, B[block], K);
  }
}

template <class Real>
void Linearisation<Real>::add_samples(ConstView<Real> U, ConstView<Real> B, Real beta, View<Real> K) {
  const Index n = samples(), most = std::min(strip, n);
  const DeviceMatrix<Real> Bx = device_.allocate(x_.rows, n), inner = device_.allocate(most, n), outer = device_.allocate(most, n);
  device_.gemm(Transpose::no, Transpose::no, Real(1), B, x_, Real(0), Bx);
  for (Index first = 0; first < n; first += most) {
    const Index rows = std::min(most, n - first), columns = first + rows;
    const View<Real> xBx = inner.view().row_range(0, rows).column_range(0, columns), UU = outer.view().row_range(0, rows).column_range(0, columns);
    device_.gemm(Transpose::yes, Transpose::no, Real(1), Bx.view().column_range(first, rows), x_.column_range(0, columns), Real(0), xBx);
    device_.gemm(Transpose::no, Transpose::yes, Real(1), U.row_range(first, rows), U.row_range(0, columns), Real(0), UU);
    device_.multiply(UU, xBx, beta, K.row_range(first, rows).column_range(0, columns));
  }
}

// p gᵀ + g pᵀ + κ g gᵀ with p_i = Σ_j u_ij x_iᵀB w_j and κ = Σ_j w_jᵀB w_j.
template <class Real>
void Linearisation<Real>::add_norm(ConstView<Real> W, ConstView<Real> U, ConstView<Real> g, ConstView<Real> B, View<Real> K) {
  const Index n = samples();
  const DeviceMatrix<Real> BW = device_.allocate(W.rows, W.columns), along = device_.allocate(n, W.columns), p = device_.allocate(n, 1),
                           ones = device_.allocate(W.columns, 1);
  device_.gemm(Transpose::no, Transpose::no, Real(1), B, W, Real(0), BW);
  device_.gemm(Transpose::yes, Transpose::no, Real(1), x_, BW, Real(0), along);
  device_.multiply(along, U, Real(0), along);
  const std::vector<double> one(static_cast<std::size_t>(W.columns), 1.0);
  device_.upload(one.data(), ones);
  device_.gemm(Transpose::no, Transpose::no, Real(1), along, ones, Real(0), p);
  device_.axpby(static_cast<Real>(device_.dot(W, BW) / 2), g, Real(1), p);
  device_.gemm(Transpose::no, Transpose::yes, Real(1), p, g, Real(1), K);
  device_.gemm(Transpose::no, Transpose::yes, Real(1), g, p, Real(1), K);
}

template class Linearisation<float>;
template class Linearisation<double>;

}  // namespace neuspec

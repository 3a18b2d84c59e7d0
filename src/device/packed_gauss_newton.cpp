// The curvature that moments have in a factored point, by dense products.
#include <algorithm>
#include <vector>

#include "device/device.hpp"
#include "device/runs.hpp"

namespace neuspec {
namespace {

// Entry (j, i) moves D by sign_j (z_j e_iᵀ + e_i z_jᵀ) and, as ‖W‖_F is the last entry of the block's first column z_1, by
// sign_j w_ji/‖W‖_F (z_1 e_Nᵀ + e_N z_1ᵀ): two pairs of factors, every entry as an output of its own.
template <class Real>
DeviceMatrix<Real> lifted_jacobian(Device<Real>& device, const FactorColumns& columns, const std::vector<double>& Z, Index N, const Run& run) {
  const Index f = N - 1, count = run.count * f;
  const auto point = [&](Index j) { return Z.data() + j * N; };
  std::vector<double> left(static_cast<std::size_t>(2 * count * N)), right(left.size());
  FactorColumns pairs;
  for (Index e = 0; e < count; ++e) {
    const Index j = run.first + e / f, i = e % f, lead = columns.lead.empty() ? j : columns.lead[static_cast<std::size_t>(j)];
    double *y = left.data() + 2 * e * N, *z = right.data() + 2 * e * N;
    const double norm = point(lead)[f];
    y[i] = 2;
    y[N + f] = norm > 0 ? 2 * point(j)[i] / norm : 0;
    std::copy_n(point(j), N, z);
    std::copy_n(point(lead), N, z + N);
    for (int pair = 0; pair < 2; ++pair) {
      pairs.sign.push_back(columns.sign[static_cast<std::size_t>(j)]);
      pairs.output.push_back(e);
    }
  }
  const DeviceMatrix<Real> Y = device.allocate(N, 2 * count), X = device.allocate(N, 2 * count);
  device.upload(left.data(), Y);
  device.upload(right.data(), X);
  DeviceMatrix<Real> L = device.allocate(packed::size(N), count);
  device.pack_factors(pairs, Y, X, L);
  return L;
}

}  // namespace

// A run of columns after the other: 2 p² B f m flops for S L and 2 p (f m)² for the rest, in GEMM.
template <class Real>
void Device<Real>::packed_gauss_newton(ConstView<Real> S, const FactorColumns& columns, ConstView<Real> Z, View<Real> B) {
  const Index N = Z.rows, f = N - 1, p = packed::size(N);
  std::vector<double> points(static_cast<std::size_t>(Z.size()));
  download(Z, points.data());
  const std::vector<Run> runs = runs_of(columns);
  std::vector<DeviceMatrix<Real>> L;
  L.reserve(runs.size());
  for (const Run& run : runs) L.push_back(lifted_jacobian(*this, columns, points, N, run));
  for (std::size_t b = 0; b < runs.size(); ++b) {
    const Index width = f * runs[b].count;
    const DeviceMatrix<Real> SL = allocate(S.rows, width);
    gemm(Transpose::no, Transpose::no, Real(1), S.column_range(runs[b].pool * p, p), L[b], Real(0), SL);
    for (std::size_t a = b; a < runs.size(); ++a) {
      if (runs[a].output != runs[b].output) continue;
      gemm(Transpose::yes, Transpose::no, Real(1), L[a], SL.view().row_range(runs[a].pool * p, p), Real(1),
           B.row_range(f * runs[a].first, f * runs[a].count).column_range(f * runs[b].first, width));
    }
  }
}

template void Device<float>::packed_gauss_newton(ConstView<float>, const FactorColumns&, ConstView<float>, View<float>);
template void Device<double>::packed_gauss_newton(ConstView<double>, const FactorColumns&, ConstView<double>, View<double>);

}  // namespace neuspec

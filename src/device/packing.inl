// Between packed symmetric matrices (numeric/packed.hpp) and full ones. Functors as in device/elementwise.inl; 3 words an entry.
#include "device/matrix.hpp"
#include "numeric/packed.hpp"

namespace neuspec {
namespace {

/// full (N × N a column of M, side by side; both triangles) ← packed.
template <class Real>
struct Unpack {
  ConstView<Real> M;
  View<Real> full;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index N = full.rows, i = e % N, j = e / N % N, k = e / (N * N);
    const Real value = M.data[k * M.stride + (i >= j ? packed::position(N, i, j) : packed::position(N, j, i))];
    full.data[e / N * full.stride + i] = i == j ? value : value * static_cast<Real>(1 / packed::root_two);
  }
};

/// packed ← the symmetric parts (F + Fᵀ)/2 of full.
template <class Real>
struct Pack {
  ConstView<Real> full;
  View<Real> M;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index N = full.rows, i = e % N, j = e / N % N, k = e / (N * N);
    const Real *below = full.data + e / N * full.stride + i, *above = full.data + (k * N + i) * full.stride + j;
    if (i >= j) M.data[k * M.stride + packed::position(N, i, j)] = i == j ? *below : (*below + *above) * static_cast<Real>(1 / packed::root_two);
  }
};

}  // namespace
}  // namespace neuspec

// Memory, dense algebra and projections on the GPU.
#include <algorithm>
#include <vector>

#include "blas.hpp"
#include "cuda_device.hpp"
#include "device/elementwise.inl"
#include "device/spectral_basis.inl"
#include "kernels.inl"
#include "stored_form.hpp"

namespace neuspec {

namespace {

constexpr Index piece = 1 << 20;        // doubles sent or received at a time: 8 MiB, 200 µs of a bus against 10 µs to start
constexpr Index most_strip_rows = 512;  // of a product in place: enough for GEMM to run at its rate
constexpr Index triangle = 2048;        // columns of a triangle that are inverted at a time

cublasOperation_t operation(Transpose t) { return t == Transpose::no ? CUBLAS_OP_N : CUBLAS_OP_T; }

/// Calls body(first column, columns) for pieces of a matrix small enough to travel at once, `doubles` a column.
template <class Body>
void in_pieces(Index doubles, Index columns, const Body& body) {
  const Index step = std::max<Index>(1, piece / std::max<Index>(doubles, 1));
  for (Index first = 0; first < columns; first += step) body(first, std::min(step, columns - first));
}

}  // namespace

template <class Real>
DeviceMatrix<Real> CudaDevice<Real>::allocate(Index rows, Index columns) {
  Index bytes = 0;
  if (__builtin_mul_overflow(rows, columns, &bytes) || __builtin_mul_overflow(bytes, static_cast<Index>(sizeof(Real)), &bytes)) {
    throw EnvironmentError("not enough GPU memory for a " + std::to_string(rows) + " x " + std::to_string(columns) + " matrix");
  }
  auto* data = static_cast<Real*>(context_.allocate(static_cast<std::size_t>(bytes)));
  DeviceMatrix<Real> matrix(data, rows, columns, [this](Real* p) { context_.free(p); });
  if (bytes > 0) NEUSPEC_CHECK(cudaMemsetAsync(data, 0, static_cast<std::size_t>(bytes), context_.stream()));
  return matrix;
}

template <class Real>
void CudaDevice<Real>::upload(const double* host, View<Real> to) {
  if (to.size() == 0) return;
  in_pieces(to.rows, to.columns, [&](Index first, Index columns) {
    const double* sent = context_.send(host + first * to.rows, to.rows * columns);
    context_.each(to.rows * columns, Convert<double, Real>{{sent, to.rows, columns, to.rows}, to.column_range(first, columns)});
  });
}

template <class Real>
void CudaDevice<Real>::upload(const StoredForm& form, Index first, View<Real> to) {
  if (to.size() == 0) return;
  in_pieces(cuda::StoredSamples(form, to.rows, first, 1).of_numbers(), to.columns, [&](Index begin, Index columns) {
    const cuda::StoredSamples samples(form, to.rows, first + begin, columns);
    const double* sent = nullptr;
    if (samples.size() > 0) {
      samples.write(context_.fill(samples.size()));
      sent = context_.send_filled(samples.size());
    }
    context_.each(to.rows * columns, samples.features(sent, to.column_range(begin, columns)));
  });
}

template <class Real>
void CudaDevice<Real>::download(ConstView<Real> from, double* host) {
  if (from.size() == 0) return;
  in_pieces(from.rows, from.columns, [&](Index first, Index columns) {
    double* packed = scalars_.reserve(from.rows * columns);
    context_.each(from.rows * columns, Convert<Real, double>{from.column_range(first, columns), {packed, from.rows, columns, from.rows}});
    context_.receive(packed, from.rows * columns, host + first * from.rows);
  });
}

template <class Real>
void CudaDevice<Real>::copy(ConstView<Real> from, View<Real> to) {
  context_.each(from.size(), Convert<Real, Real>{from, to});
}

template <class Real>
void CudaDevice<Real>::gemm(Transpose ta, Transpose tb, Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) {
  const Index depth = ta == Transpose::no ? A.columns : A.rows;
  cuda::gemm(context_, operation(ta), operation(tb), C.rows, C.columns, depth, alpha, A.data, A.stride, B.data, B.stride, beta, C.data, C.stride);
}

// 2 n² m flops over n² words of S; with both triangles filled GEMM reads them once, which SYMM does not do for few columns.
template <class Real>
void CudaDevice<Real>::symm(Real alpha, ConstView<Real> S, ConstView<Real> B, Real beta, View<Real> C) {
  gemm(Transpose::no, Transpose::no, alpha, S, B, beta, C);
}

// n³ flops: SYRKX does half of GEMM's where the product is known to be symmetric.
template <class Real>
void CudaDevice<Real>::symmetric_product(Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) {
  cuda::syrkx(context_, C.rows, C.rows, alpha, A.data, A.stride, B.data, B.stride, beta, C.data, C.stride);
  mirror(C);
}

template <class Real>
void CudaDevice<Real>::unpack(ConstView<Real> packed, View<Real> full) {
  context_.each(full.size(), Unpack<Real>{packed, full});
}

template <class Real>
void CudaDevice<Real>::pack(ConstView<Real> full, View<Real> packed) {
  context_.each(full.size(), Pack<Real>{full, packed});
}

template <class Real>
void CudaDevice<Real>::axpby(Real alpha, ConstView<Real> X, Real beta, View<Real> Y) {
  context_.each(X.size(), Axpby<Real>{X, Y, alpha, beta});
}

template <class Real>
void CudaDevice<Real>::multiply(ConstView<Real> X, ConstView<Real> Y, Real beta, View<Real> Z) {
  context_.each(X.size(), Multiply<Real>{X, Y, Z, beta});
}

template <class Real>
std::vector<double> CudaDevice<Real>::column_dots(const std::vector<ColumnProducts<Real>>& pairs) {
  constexpr Index tile = TileProducts<Real>::tile;
  const auto tiles_of = [](const ColumnProducts<Real>& pair) { return (pair.X.rows + tile - 1) / tile; };
  Index columns = 0, partials = 0;
  for (const ColumnProducts<Real>& pair : pairs) {
    columns += pair.X.columns;
    partials += tiles_of(pair) * pair.X.columns;
  }
  std::vector<double> all(static_cast<std::size_t>(columns));
  if (partials == 0) return all;
  double *result = scalars_.reserve(columns + partials), *partial = result + columns, *to = result;
  for (const ColumnProducts<Real>& pair : pairs) {
    const Index tiles = tiles_of(pair), count = tiles * pair.X.columns;
    context_.sums(count, std::min(tile, pair.X.rows), TileProducts<Real>{pair.X, pair.Y, partial, tiles});
    context_.sums(pair.X.columns, tiles, AddTiles<double>{partial, tiles, to, 1});
    partial += count;
    to += pair.X.columns;
  }
  context_.receive(result, columns, all.data());
  return all;
}

template <class Real>
void CudaDevice<Real>::column_squares(ConstView<Real> f, View<Real> squares) {
  constexpr Index tile = TileProducts<Real>::tile;
  const Index tiles = (f.rows + tile - 1) / tile, count = tiles * f.columns;
  double* partial = scalars_.reserve(count);
  context_.sums(count, std::min(tile, f.rows), TileProducts<Real>{f, f, partial, tiles});
  context_.sums(f.columns, tiles, AddTiles<Real>{partial, tiles, squares.data, squares.stride});
}

template <class Real>
void CudaDevice<Real>::mirror(View<Real> S) {
  context_.each(S.size(), Mirror<Real>{S});
}

// n³/3 flops each for the factor L, for L⁻¹ and for L⁻ᵀL⁻¹, in place.
template <class Real>
bool CudaDevice<Real>::invert_shifted(ConstView<Real> S, double shift, View<Real> M) {
  const Index n = M.rows, infos = 1 + (n + triangle - 1) / triangle;
  const auto type = cuda::data_type<Real>;
  std::size_t device_bytes = 0, host_bytes = 0;
  NEUSPEC_CHECK(cusolverDnXpotrf_bufferSize(context_.solver(), context_.params(), CUBLAS_FILL_MODE_LOWER, n, type, M.data, M.stride, type,
                                            &device_bytes, &host_bytes));
  void* work = work_.reserve(static_cast<Index>(device_bytes));
  host_work_.resize(std::max(host_bytes, host_work_.size()));
  int* info = info_.reserve(infos);
  context_.each(S.size(), Shifted<Real>{S, M, static_cast<Real>(shift)});
  NEUSPEC_CHECK(cusolverDnXpotrf(context_.solver(), context_.params(), CUBLAS_FILL_MODE_LOWER, n, type, M.data, M.stride, type, work, device_bytes,
                                 host_work_.data(), host_bytes, info));
  invert_triangle(M, info + 1);
  double* on_device = scalars_.reserve(infos);
  std::vector<double> seen(static_cast<std::size_t>(infos));
  context_.each(infos, Convert<int, double>{{info, infos, 1, infos}, {on_device, infos, 1, infos}});
  context_.receive(on_device, infos, seen.data());
  if (std::any_of(seen.begin(), seen.end(), [](double value) { return value != 0; })) return false;
  square(M);
  return true;
}

// Blocks of columns from the last on, as LAPACK's TRTRI, with products in double for all sizes that memory holds: cuSOLVER's own routine fails at
// n = 60,000.
template <class Real>
void CudaDevice<Real>::invert_triangle(View<Real> L, int* infos) {
  const auto type = cuda::data_type<Real>;
  for (Index block = (L.rows + triangle - 1) / triangle - 1; block >= 0; --block) {
    const Index first = block * triangle, width = std::min(triangle, L.rows - first), below = L.rows - first - width;
    const View<Real> corner = L.row_range(first, width).column_range(first, width),
                     panel = L.row_range(first + width, below).column_range(first, width);
    std::size_t device_bytes = 0, host_bytes = 0;
    NEUSPEC_CHECK(cusolverDnXtrtri_bufferSize(context_.solver(), CUBLAS_FILL_MODE_LOWER, CUBLAS_DIAG_NON_UNIT, width, type, corner.data, L.stride,
                                              &device_bytes, &host_bytes));
    void* work = work_.reserve(static_cast<Index>(device_bytes));
    host_work_.resize(std::max(host_bytes, host_work_.size()));
    NEUSPEC_CHECK(cusolverDnXtrtri(context_.solver(), CUBLAS_FILL_MODE_LOWER, CUBLAS_DIAG_NON_UNIT, width, type, corner.data, L.stride, work,
                                   device_bytes, host_work_.data(), host_bytes, infos + block));
    const ConstView<Real> inverted = L.row_range(first + width, below).column_range(first + width, below);
    cuda::trmm(context_, CUBLAS_SIDE_LEFT, below, width, Real(-1), inverted.data, L.stride, panel.data, L.stride);
    cuda::trmm(context_, CUBLAS_SIDE_RIGHT, below, width, Real(1), corner.data, L.stride, panel.data, L.stride);
  }
}

// Rows of the product need rows of L from their own on, so that each strip of them may replace what it was made of.
template <class Real>
void CudaDevice<Real>::square(View<Real> L) {
  const Index n = L.rows, most = std::clamp<Index>(n / 8, 16, most_strip_rows);
  Real* strip = full_.reserve(most * n);
  for (Index first = 0; first < n; first += most) {
    const Index rows = std::min(most, n - first), columns = first + rows;
    const ConstView<Real> below = L.row_range(first, n - first);
    const View<Real> result{strip, rows, columns, rows};
    gemm(Transpose::yes, Transpose::no, Real(1), below.column_range(first, rows), below.column_range(0, columns), Real(0), result);
    copy(result, L.row_range(first, rows).column_range(0, columns));
  }
  mirror(L);
}

// W = F Fᵀ with F the factor: 9 N³ flops of eigendecomposition and 2 N³ of GEMM a block. The rank stays on the device: the host would have to wait
// for it before it could queue a product with as many columns, and a bound from an earlier step cannot be trusted before the same wait. Products are
// made with W instead (src/lift/gram_operator.cpp; bench/README.md, "Floors on a GPU").
template <class Real>
Index CudaDevice<Real>::project_psd(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) {
  const Index count = V.columns, entries = N * N * count;
  Real* full = full_.reserve(entries);
  context_.each(entries, Unpack<Real>{V, {full, N, N * count, N}});
  const Real* values = eigensolver_.solve(N, count, full);
  context_.each(entries, Factor<Real>{full, values, factors, N});
  cuda::gemm_batched(context_, CUBLAS_OP_N, CUBLAS_OP_T, N, N, N, Real(1), factors.data, factors.stride, N * factors.stride, factors.data,
                     factors.stride, N * factors.stride, Real(0), full, N, N * N, count);
  context_.each(entries, Pack<Real>{{full, N, N * count, N}, W});
  return N;
}

template <class Real>
void CudaDevice<Real>::start_basis(Index N, ConstView<Real> factors, Index width, SpectralBasis<Real>& basis) {
  const Index blocks = factors.columns / N;
  basis.width = width;
  basis.vectors = allocate(N, width * blocks);
  basis.positive = allocate(1, blocks);
  context_.each(N * width * blocks, FirstColumns<Real>{factors, basis.vectors, width});
  spectral_steps_.orthonormalise(N, width, blocks, basis.vectors.view().data);
}

template <class Real>
void CudaDevice<Real>::project_psd_near(Index N, ConstView<Real> V, SpectralBasis<Real>& basis, View<Real> W, View<Real> factors) {
  const Index count = V.columns, entries = N * N * count;
  Real* full = full_.reserve(entries);
  context_.each(entries, Unpack<Real>{V, {full, N, N * count, N}});
  spectral_steps_.project(N, count, full, basis, factors);
  context_.each(entries, Pack<Real>{{full, N, N * count, N}, W});
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec

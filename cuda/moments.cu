// Moments on the GPU (docs/mathematics.md section 5), through the sorted fourth moments of lift/moment_plan.hpp, always in double.
//
// n N⁴/12 flops in GEMM; each tile of samples writes and reads 2p lifted features a sample, 32 p bytes, against N⁴/12 flops: at N = 50 that is 41 kB
// and 0.52 Mflop a sample, 12 ns and 7.8 ns on an H100 (3.35 TB/s, 67 TF/s in FP64), at N = 100 49 ns and 124 ns. So the traffic of the lifted tile
// matters below N ≈ 70 unless it stays in the 50 MB of second-level cache, which is what the tile's size is chosen for.
#include <algorithm>
#include <functional>
#include <utility>

#include "blas.hpp"
#include "cuda_device.hpp"
#include "kernels.inl"
#include "lift/moment_plan.hpp"
#include "stored_form.hpp"

namespace neuspec {

namespace {

constexpr Index tile_bytes = 32 << 20;  // of lifted features: they stay in the second-level cache
constexpr Index smallest_tile = 256;    // samples, for GEMM to be worth its launch
constexpr Index lot_samples = 65536;    // beside which receiving the sums costs little
constexpr double part_for_tiles = 0.5;  // of the memory that is left, where that is less

/// Pair features x̃_i x̃_j of a tile, x̃ = [x; 1]: samples contiguous, pairs (i ≤ j) ordered by j; or with `weights` and `reverse`, the pairs (k, l ≥ k)
/// from packed position `first` on, weighted. Each entry reads two features through the caches and is written once.
struct Pairs {
  const double *x, *weights;  // d × n, n or null
  double* out;
  Index n, N, first;
  bool reverse;
  NEUSPEC_HOST_DEVICE double feature(Index sample, Index j) const { return j + 1 < N ? x[sample * (N - 1) + j] : 1.0; }
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index sample = e % n, c = e / n;
    Index i = 0, j = 0;
    if (reverse) {
      const Entry entry = entry_of(N, first + c);
      i = entry.column;
      j = entry.row;
    } else {
      j = triangle_root(c);
      i = c - j * (j + 1) / 2;
    }
    const double product = feature(sample, i) * feature(sample, j);
    out[e] = weights == nullptr ? product : product * weights[sample];
  }
};

/// y_ik w_i, a column an output, from row-major targets.
struct WeightedTargets {
  const double *y, *weights;
  double* out;
  Index n, C;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % n, k = e / n;
    out[e] = y[i * C + k] * (weights == nullptr ? 1.0 : weights[i]);
  }
};

/// Coefficients of A_i in packed form: a, b/2 or c, off-diagonal times √2.
struct Coefficients {
  double a, b, c;
  Index N;
  NEUSPEC_HOST_DEVICE double operator()(Index row, Index column) const {
    const double value = row + 1 < N ? a : (column + 1 < N ? b / 2 : c);
    return row == column ? value : value * packed::root_two;
  }
};

/// S = Σ w a aᵀ from the sorted moments: 2 words an entry.
template <class Real>
struct AssembleMoments {
  const double *moments, *block_of, *column_of, *offset, *prefix;
  Coefficients coefficient;
  View<Real> S;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index N = coefficient.N;
    const Entry first = entry_of(N, e % S.rows), second = entry_of(N, e / S.rows);
    Index s[4] = {first.row, first.column, second.row, second.column};
    for (int last = 3; last > 0; --last) {
      for (int i = 0; i < last; ++i) {
        if (s[i] > s[i + 1]) {
          const Index swapped = s[i];
          s[i] = s[i + 1];
          s[i + 1] = swapped;
        }
      }
    }
    const auto block = static_cast<Index>(block_of[s[2]]);
    const Index column = static_cast<Index>(column_of[s[2]]) + s[3] - s[2];
    const Index at = static_cast<Index>(offset[block]) + column * static_cast<Index>(prefix[block]) + MomentPlan::pair(s[0], s[1]);
    S.data[e / S.rows * S.stride + e % S.rows] =
        static_cast<Real>(coefficient(first.row, first.column) * coefficient(second.row, second.column) * moments[at]);
  }
};

/// r_k = Σ w y_k a, still with its part along G.
template <class Real>
struct AssembleTargets {
  const double* sums;  // pairs × C
  Coefficients coefficient;
  View<Real> r;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index position = e % r.rows, k = e / r.rows;
    const Entry entry = entry_of(coefficient.N, position);
    r.data[k * r.stride + position] =
        static_cast<Real>(coefficient(entry.row, entry.column) * sums[k * r.rows + MomentPlan::pair(entry.column, entry.row)]);
  }
};

/// u = S g/N, a row of S a column of the sum; g is G packed.
template <class Real>
struct AlongTrace {
  ConstView<Real> S;
  double* u;
  Index N;
  NEUSPEC_HOST_DEVICE double term(Index row, Index j) const {
    const double value = S.data[packed::position(N, j, j) * S.stride + row];
    return j + 1 < N ? value : -value;
  }
  NEUSPEC_HOST_DEVICE void store(Index row, double sum) const { u[row] = sum / static_cast<double>(N); }
};
/// gᵀu, into the entry after u.
struct TraceOfTrace {
  double* u;
  Index N, p;
  NEUSPEC_HOST_DEVICE double term(Index /*column*/, Index j) const {
    const double value = u[packed::position(N, j, j)];
    return j + 1 < N ? value : -value;
  }
  NEUSPEC_HOST_DEVICE void store(Index /*column*/, double sum) const { u[p] = sum; }
};
/// S ← P_G S P_G = S − g uᵀ − u gᵀ + g gᵀ (gᵀu)/N.
template <class Real>
struct RemoveTrace {
  View<Real> S;
  const double* u;
  Index N;
  NEUSPEC_HOST_DEVICE double g(Index position) const {
    const Entry entry = entry_of(N, position);
    return entry.row != entry.column ? 0.0 : (entry.row + 1 < N ? 1.0 : -1.0);
  }
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index row = e % S.rows, column = e / S.rows;
    const double gr = g(row), gc = g(column);
    if (gr == 0 && gc == 0) return;
    Real& s = S.data[column * S.stride + row];
    s = static_cast<Real>(static_cast<double>(s) - gr * u[column] - u[row] * gc + gr * gc * u[S.rows] / static_cast<double>(N));
  }
};

template <class Real>
class CudaMoments final : public MomentAccumulator<Real> {
 public:
  CudaMoments(Device<Real>& device, cuda::Context& context, Index features, Index outputs)
      : device_(device),
        context_(context),
        plan_(features + 1),
        outputs_(outputs),
        moments_(context),
        targets_(context),
        pairs_(context),
        right_(context),
        y_(context),
        x_(context),
        tables_(context) {
    for (const auto& block : plan_.blocks) widest_ = std::max(widest_, block.columns);
    clear(moments_.reserve(plan_.buffer_size), plan_.buffer_size);
    clear(targets_.reserve(plan_.pairs * outputs_), plan_.pairs * outputs_);
    tables_.reserve(plan_.pairs + 1);
    // A sample's lifted features, its features, and three times what travels of it.
    const Index lifted = plan_.pairs + widest_ + outputs_, sample = lifted + plan_.N + 3 * (plan_.N + outputs_), word = sizeof(double);
    const auto affordable = static_cast<Index>(part_for_tiles * static_cast<double>(context_.free_memory()));
    tile_ = std::min(std::max(smallest_tile, tile_bytes / (word * lifted)), std::max<Index>(1, affordable / (word * sample)));
  }

  // A tile travels while the one before is worked on.
  void add(const Chunk& chunk, const StoredForm& form) override {
    const Index d = plan_.N - 1, most = std::min(tile_, chunk.samples);
    samples_ += chunk.samples;
    pairs_.reserve(plan_.pairs * most);
    right_.reserve(widest_ * most);
    y_.reserve(outputs_ * most);
    if (form.stored != nullptr) x_.reserve(d * most);
    const Index tiles = (chunk.samples + tile_ - 1) / tile_;  // of one size
    for (Index tile = 0; tile < tiles; ++tile) {
      const Index first = chunk.samples * tile / tiles, n = chunk.samples * (tile + 1) / tiles - first, others = n * (outputs_ + 1);
      const cuda::StoredSamples stored(form, d, chunk.first + first, n);
      const Index count = others + (form.stored == nullptr ? n * d : stored.size());
      double* to = context_.fill(count);
      std::copy_n(chunk.y + first * outputs_, n * outputs_, to);
      if (chunk.weights != nullptr) std::copy_n(chunk.weights + first, n, to + n * outputs_);
      if (form.stored == nullptr)
        cuda::copy(chunk.x + first * d, n * d, to + others);
      else
        stored.write(to + others);
      const double *y = context_.send_filled(count), *x = y + others;
      if (form.stored != nullptr) {
        context_.each(n * d, stored.features(x, View<double>{x_.data(), d, n, d}));
        x = x_.data();
      }
      add_tile(n, x, y, chunk.weights == nullptr ? nullptr : y + n * outputs_);
    }
  }

  Index lot() const override { return lot_samples; }

  Index drain(std::vector<double>& moments, std::vector<double>& targets) override {
    std::vector<double> part(static_cast<std::size_t>(plan_.buffer_size)), of_targets(static_cast<std::size_t>(plan_.pairs * outputs_));
    context_.receive(moments_.data(), plan_.buffer_size, part.data());
    context_.receive(targets_.data(), plan_.pairs * outputs_, of_targets.data());
    clear(moments_.data(), plan_.buffer_size);
    clear(targets_.data(), plan_.pairs * outputs_);
    std::transform(part.begin(), part.end(), moments.begin(), moments.begin(), std::plus<>());
    std::transform(of_targets.begin(), of_targets.end(), targets.begin(), targets.begin(), std::plus<>());
    return std::exchange(samples_, 0) + 1;
  }

  void finish(const Activation& activation, View<Real> S, View<Real> r) override {
    const Index N = plan_.N, p = plan_.pairs, blocks = static_cast<Index>(plan_.blocks.size());
    std::vector<double> table;
    for (Index k = 0; k < N; ++k) table.push_back(static_cast<double>(plan_.block_of(k)));
    for (Index k = 0; k < N; ++k) table.push_back(static_cast<double>(plan_.column_of(k)));
    for (const auto& block : plan_.blocks) table.push_back(static_cast<double>(block.offset));
    for (const auto& block : plan_.blocks) table.push_back(static_cast<double>(block.prefix));
    const double* on_device = context_.send(table.data(), static_cast<Index>(table.size()));
    const Coefficients coefficient{activation.a, activation.b, activation.c, N};
    context_.each(p * p,
                  AssembleMoments<Real>{moments_.data(), on_device, on_device + N, on_device + 2 * N, on_device + 2 * N + blocks, coefficient, S});
    context_.each(p * outputs_, AssembleTargets<Real>{targets_.data(), coefficient, r});
    double* u = tables_.reserve(p + 1);
    context_.sums(p, N, AlongTrace<Real>{S, u, N});
    context_.sums(1, N, TraceOfTrace{u, N, p});
    context_.each(p * p, RemoveTrace<Real>{S, u, N});
    device_.project_trace(N, r);
  }

 private:
  void clear(double* data, Index count) {
    NEUSPEC_CHECK(cudaMemsetAsync(data, 0, static_cast<std::size_t>(count) * sizeof(double), context_.stream()));
  }

  void add_tile(Index n, const double* x, const double* y, const double* weights) {
    const Index N = plan_.N, p = plan_.pairs;
    context_.each(n * p, Pairs{x, nullptr, pairs_.data(), n, N, 0, false});
    context_.each(n * outputs_, WeightedTargets{y, weights, y_.data(), n, outputs_});
    cuda::gemm(context_, CUBLAS_OP_T, CUBLAS_OP_N, p, outputs_, n, 1.0, pairs_.data(), n, y_.data(), n, 1.0, targets_.data(), p);
    for (const auto& block : plan_.blocks) {
      context_.each(n * block.columns, Pairs{x, weights, right_.data(), n, N, packed::position(N, block.k0, block.k0), true});
      cuda::gemm(context_, CUBLAS_OP_T, CUBLAS_OP_N, block.prefix, block.columns, n, 1.0, pairs_.data(), n, right_.data(), n, 1.0,
                 moments_.data() + block.offset, block.prefix);
    }
  }

  Device<Real>& device_;
  cuda::Context& context_;
  MomentPlan plan_;
  Index outputs_, widest_ = 0, tile_ = 0;
  Index samples_ = 0;  // since the last drain
  cuda::Buffer<double> moments_, targets_, pairs_, right_, y_, x_, tables_;
};

}  // namespace

template <class Real>
std::unique_ptr<MomentAccumulator<Real>> CudaDevice<Real>::moment_accumulator(Index features, Index outputs) {
  return std::make_unique<CudaMoments<Real>>(*this, context_, features, outputs);
}

template class CudaDevice<float>;
template class CudaDevice<double>;

template <class Real>
std::unique_ptr<Device<Real>> make_cuda_device(Arithmetic arithmetic) {
  return std::make_unique<CudaDevice<Real>>(arithmetic);
}
template std::unique_ptr<Device<float>> make_cuda_device<float>(Arithmetic);
template std::unique_ptr<Device<double>> make_cuda_device<double>(Arithmetic);

}  // namespace neuspec

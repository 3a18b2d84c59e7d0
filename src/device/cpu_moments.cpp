// Moments on the CPU (docs/mathematics.md section 5), through the sorted fourth moments of lift/moment_plan.hpp.
#include <algorithm>
#include <memory>
#include <type_traits>
#include <vector>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/lapack.hpp"
#include "device/stored_form.hpp"
#include "lift/moment_plan.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

namespace {

constexpr Index lot_of_a_thread = 4096;
constexpr Index largest_tile = 512;  // samples lifted at a time by a thread: pairs × 512 doubles stay near the caches

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

/// One thread's tile of pair features (samples contiguous) and its part of the sums.
class Worker {
 public:
  /// Lifts `tile` samples at a time.
  Worker(const MomentPlan& plan, Index outputs, Index tile)
      : moments(size(plan.buffer_size)),
        targets(size(plan.pairs * outputs)),
        plan_(plan),
        outputs_(outputs),
        tile_(tile),
        x_(size(plan.N * tile_)),
        y_(size(outputs * tile_)),
        pairs_(size(plan.pairs * tile_)),
        right_(size(widest(plan) * tile_)) {}

  /// x: n × d row-major, y: n × C row-major, n ≤ tile.
  void add(Index n, const double* x, const double* y, const double* weights) {
    samples_ += n;
    ++tiles_;
    const Index N = plan_.N, d = N - 1;
    for (Index j = 0; j < d; ++j) {
      for (Index i = 0; i < n; ++i) column(j)[i] = x[i * d + j];
    }
    std::fill_n(column(d), n, 1.0);
    for (Index k = 0; k < outputs_; ++k) {
      for (Index i = 0; i < n; ++i) y_[size(k * tile_ + i)] = y[i * outputs_ + k] * (weights == nullptr ? 1.0 : weights[i]);
    }
    for (Index j = 0; j < N; ++j) {
      for (Index i = 0; i <= j; ++i) multiply(column(i), column(j), n, pairs_.data() + MomentPlan::pair(i, j) * tile_);
    }
    lapack::gemm('T', 'N', plan_.pairs, outputs_, n, 1.0, pairs_.data(), tile_, y_.data(), tile_, 1.0, targets.data(), plan_.pairs);
    for (const MomentPlan::Block& block : plan_.blocks) {
      double* out = right_.data();
      for (Index k = block.k0; k < block.k1; ++k) {
        for (Index l = k; l < N; ++l, out += tile_) {
          multiply(column(k), column(l), n, out);
          if (weights != nullptr) multiply(out, weights, n, out);
        }
      }
      lapack::gemm('T', 'N', block.prefix, block.columns, n, 1.0, pairs_.data(), tile_, right_.data(), tile_, 1.0, moments.data() + block.offset,
                   block.prefix);
    }
  }

  /// Features of n samples, n ≤ tile, until it is next asked for some.
  const double* features_of(const StoredForm& form, Index first, Index n) {
    rows_.resize(size((plan_.N - 1) * tile_));
    make_features(form, plan_.N - 1, first, n, rows_.data());
    return rows_.data();
  }

  Index tile() const { return tile_; }
  void clear() {
    std::fill(moments.begin(), moments.end(), 0.0);
    std::fill(targets.begin(), targets.end(), 0.0);
    samples_ = tiles_ = 0;
  }
  /// Additions that a term has passed: with m blocks a tile tile/m in its own and m for each of the tiles, most of all where m is 1 or largest.
  Index longest_chain() const {
    constexpr Index shortest_block = 8;
    return std::min(samples_, std::max(tile_ + tiles_, shortest_block + tile_ / shortest_block * tiles_));
  }

  std::vector<double> moments, targets;

 private:
  static Index widest(const MomentPlan& plan) {
    Index columns = 0;
    for (const auto& block : plan.blocks) columns = std::max(columns, block.columns);
    return columns;
  }
  static void multiply(const double* a, const double* b, Index n, double* out) {
#pragma omp simd
    for (Index i = 0; i < n; ++i) out[i] = a[i] * b[i];
  }
  double* column(Index j) { return x_.data() + j * tile_; }

  const MomentPlan& plan_;
  Index outputs_, tile_;
  Index samples_ = 0, tiles_ = 0;  // since `clear`
  std::vector<double> x_, y_, pairs_, right_, rows_;
};

void add_to(const std::vector<double>& part, std::vector<double>& total) {
  each(static_cast<Index>(part.size()), [from = part.data(), to = total.data()](Index e) { to[e] += from[e]; });
}

/// n N⁴/12 flops in GEMM and about 2·p stores of lifted features a sample. Threads take fixed slices of each chunk and their sums are
/// added in order, so that the result depends on the number of threads alone.
template <class Real>
class CpuMoments final : public MomentAccumulator<Real> {
 public:
  CpuMoments(Index features, Index outputs) : plan_(features + 1), outputs_(outputs) {}

  void add(const Chunk& chunk, const StoredForm& form) override {
    const Index tiles = (chunk.samples + largest_tile - 1) / largest_tile, d = plan_.N - 1;
    if (workers_.empty()) workers_.resize(size(std::min<Index>(threads(), std::max<Index>(tiles, 1))));
    const auto team = static_cast<Index>(workers_.size());
    parallel_pieces(team, [&](Index thread) {
      const Index begin = chunk.samples * thread / team, end = chunk.samples * (thread + 1) / team;
      auto& worker = workers_[size(thread)];
      if (worker == nullptr) worker = std::make_unique<Worker>(plan_, outputs_, std::clamp<Index>(end - begin, 1, largest_tile));
      for (Index first = begin; first < end; first += worker->tile()) {
        const Index n = std::min(worker->tile(), end - first);
        const double* const x = form.stored == nullptr ? chunk.x + first * d : worker->features_of(form, chunk.first + first, n);
        worker->add(n, x, chunk.y + first * outputs_, chunk.weights == nullptr ? nullptr : chunk.weights + first);
      }
    });
  }

  Index lot() const override { return lot_of_a_thread * threads(); }

  Index drain(std::vector<double>& moments, std::vector<double>& targets) override {
    Index longest = 0;
    for (const auto& worker : workers_) {
      if (worker == nullptr) continue;
      add_to(worker->moments, moments);
      add_to(worker->targets, targets);
      longest = std::max(longest, worker->longest_chain());
      worker->clear();
    }
    return longest + static_cast<Index>(workers_.size());
  }

  void finish(const Activation& activation, View<Real> S, View<Real> r) override {
    std::vector<double> moments(size(plan_.buffer_size)), targets(size(plan_.pairs * outputs_));
    drain(moments, targets);
    workers_.clear();
    const Index N = plan_.N;
    const auto coefficient = [&](Index row, Index column) { return coefficient_of(activation, row, column); };
    for (Index k = 0; k < outputs_; ++k) {
      const double* sums = targets.data() + k * plan_.pairs;
      double trace = -coefficient(N - 1, N - 1) * sums[MomentPlan::pair(N - 1, N - 1)];
      for (Index j = 0; j + 1 < N; ++j) trace += coefficient(j, j) * sums[MomentPlan::pair(j, j)];
      for (Index j = 0; j < N; ++j) {
        for (Index i = j; i < N; ++i) {
          const double along = i == j ? (j + 1 < N ? trace : -trace) / static_cast<double>(N) : 0.0;
          r.data[k * r.stride + packed::position(N, i, j)] = static_cast<Real>(coefficient(i, j) * sums[MomentPlan::pair(j, i)] - along);
        }
      }
    }
    if constexpr (std::is_same_v<Real, double>) {
      fill(activation, moments, S);
    } else {
      const Index p = plan_.pairs;
      const auto full = std::make_unique_for_overwrite<double[]>(size(p * p));
      fill(activation, moments, {full.get(), p, p, p});
      each(
          p,
          [&](Index c) {
            std::transform(full.get() + c * p + c, full.get() + (c + 1) * p, S.data + c * S.stride + c,
                           [](double value) { return static_cast<Real>(value); });
          },
          p / 2);
    }
    CpuDevice<Real>::mirror(S);
  }

 private:
  /// What the activation makes of x̃_row x̃_column in the packed form, row ≥ column.
  double coefficient_of(const Activation& activation, Index row, Index column) const {
    const double value = row + 1 < plan_.N ? activation.a : (column + 1 < plan_.N ? activation.b / 2 : activation.c);
    return row == column ? value : value * packed::root_two;
  }

  /// The lower triangle of S from the fourth moments, without its trace.
  void fill(const Activation& activation, const std::vector<double>& moments, View<double> S) const {
    const Index N = plan_.N;
    each(
        N,
        [&](Index l) {
          for (Index k = l; k < N; ++k) {
            double* const column = S.data + packed::position(N, k, l) * S.stride;
            const double own = coefficient_of(activation, k, l);
            for (Index j = l; j < N; ++j) {
              const Index low = std::min(j, k), high = std::max(j, k);
              double* const rows = column + packed::position(N, j, j) - j;
              for (Index i = j; i < high; ++i)
                rows[i] = own * coefficient_of(activation, i, j) * moments[size(plan_.sorted_position(l, low, i, high))];
              for (Index i = high; i < N; ++i)
                rows[i] = own * coefficient_of(activation, i, j) * moments[size(plan_.sorted_position(l, low, high, i))];
            }
          }
        },
        N * N * N / 6);
    remove_trace(S);
  }

  /// S ← P_G S P_G = S − g uᵀ − u gᵀ, u = S g/N − g (gᵀS g)/(2N²), on the lower triangle. g has N entries: 2 N p flops.
  void remove_trace(View<double> S) const {
    const Index N = plan_.N, p = plan_.pairs;
    const auto at = [S](Index row, Index column) -> double& { return S.data[column * S.stride + row]; };
    const auto g = [N](Index j) { return j + 1 < N ? 1.0 : -1.0; };
    std::vector<double> u(size(p));
    for (Index row = 0; row < p; ++row) {
      double sum = 0;
      for (Index j = 0; j < N; ++j) {
        const Index c = packed::position(N, j, j);
        sum += g(j) * (row >= c ? at(row, c) : at(c, row));
      }
      u[size(row)] = sum / static_cast<double>(N);
    }
    double quadratic = 0;
    for (Index j = 0; j < N; ++j) quadratic += g(j) * u[size(packed::position(N, j, j))];
    for (Index j = 0; j < N; ++j) u[size(packed::position(N, j, j))] -= g(j) * quadratic / (2 * static_cast<double>(N));
    for (Index j = 0; j < N; ++j) {
      const Index c = packed::position(N, j, j);
      for (Index row = c; row < p; ++row) at(row, c) -= u[size(row)] * g(j);
      for (Index column = 0; column <= c; ++column) at(c, column) -= g(j) * u[size(column)];
    }
  }

  MomentPlan plan_;
  Index outputs_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

template <class Real>
std::unique_ptr<MomentAccumulator<Real>> CpuDevice<Real>::moment_accumulator(Index features, Index outputs) {
  return std::make_unique<CpuMoments<Real>>(features, outputs);
}

template std::unique_ptr<MomentAccumulator<float>> CpuDevice<float>::moment_accumulator(Index, Index);
template std::unique_ptr<MomentAccumulator<double>> CpuDevice<double>::moment_accumulator(Index, Index);

}  // namespace neuspec

// Products of many samples with a few vectors. GEMM packs both factors first, which here takes longer than the product: instead a block of samples is
// multiplied from where it lies, with sums in registers. What a block computes is compiled for each instruction set that matters, and the processor
// is asked at run time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "device/matrix.hpp"

namespace neuspec::thin {

constexpr Index block = 32;  // samples: what lies between stays in the first cache

template <class Real, int Bytes>
constexpr int lanes_in = Bytes / static_cast<int>(sizeof(Real));
template <class Real, int Bytes>
using Vector [[gnu::vector_size(Bytes)]] = Real;
/// From and to memory, where it is aligned as its numbers are.
template <class V, class Real>
[[gnu::always_inline]] inline void load(const Real* from, V& to) {
  __builtin_memcpy(&to, from, sizeof(V));
}
template <class V, class Real>
[[gnu::always_inline]] inline void store(const V& from, Real* to) {
  __builtin_memcpy(to, &from, sizeof(V));
}
/// Bits of its lanes.
template <class Real, int Bytes>
using Lanes [[gnu::vector_size(Bytes)]] = std::conditional_t<sizeof(Real) == 8, std::int64_t, std::int32_t>;

/// Columns, each filled up with zeros to whole vectors, and columns of zeros up to a multiple of `group`.
template <class Real>
struct Padded {
  static constexpr Index widest = 64 / static_cast<Index>(sizeof(Real));
  Index rows, stride, columns;
  std::vector<Real> values;

  Padded(Index of_rows, Index count, Index group)
      : rows(of_rows),
        stride((rows + widest - 1) / widest * widest),
        columns((count + group - 1) / group * group),
        values(static_cast<std::size_t>(stride * columns)) {}
  Real* column(Index j) { return values.data() + j * stride; }
  const Real* column(Index j) const { return values.data() + j * stride; }
};

/// Samples first … first + count − 1 as the kernels read them, by whole vectors: where the last one's would end beyond the matrix, from a copy.
template <class Real>
struct Samples {
  const Real* x;
  Index stride, count;
  std::vector<Real> copy = {};

  Samples(ConstView<Real> X, Index first, Index of_count) : x(X.data + first * X.stride), stride(X.stride), count(of_count) {
    const Index read = Padded<Real>(X.rows, 0, 1).stride;
    if ((X.columns - first - count) * X.stride >= read - X.rows) return;
    copy.resize(static_cast<std::size_t>(read * count));
    for (Index i = 0; i < count; ++i) std::copy_n(x + i * stride, X.rows, copy.data() + i * read);
    x = copy.data();
    stride = read;
  }
};

/// Of each of as many vectors as the result has lanes, the sum.
template <class Real, int Bytes>
struct Sums {
  Vector<Real, Bytes> values;
};
template <class Real, int Bytes, int S>
[[gnu::always_inline]] inline auto sums_of_lanes(const Vector<Real, Bytes> (&v)[S]) {
  if constexpr (lanes_in<Real, Bytes> == 16) {
    Vector<Real, Bytes / 2> half[S];
#pragma GCC unroll 8
    for (int i = 0; i < S; ++i)
      half[i] = __builtin_shufflevector(v[i], v[i], 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v[i], v[i], 8, 9, 10, 11, 12, 13, 14, 15);
    return sums_of_lanes<Real, Bytes / 2>(half);
  } else if constexpr (lanes_in<Real, Bytes> == 8) {
    Vector<Real, Bytes> two[4], four[2];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      two[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i)
      four[i] = __builtin_shufflevector(two[2 * i], two[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
                __builtin_shufflevector(two[2 * i], two[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    return Sums<Real, Bytes>{__builtin_shufflevector(four[0], four[1], 0, 1, 2, 3, 8, 9, 10, 11) +
                             __builtin_shufflevector(four[0], four[1], 4, 5, 6, 7, 12, 13, 14, 15)};
  } else if constexpr (lanes_in<Real, Bytes> == 4) {
    const Vector<Real, Bytes> low = __builtin_shufflevector(v[0], v[1], 0, 4, 2, 6) + __builtin_shufflevector(v[0], v[1], 1, 5, 3, 7),
                              high = __builtin_shufflevector(v[2], v[3], 0, 4, 2, 6) + __builtin_shufflevector(v[2], v[3], 1, 5, 3, 7);
    return Sums<Real, Bytes>{__builtin_shufflevector(low, high, 0, 1, 4, 5) + __builtin_shufflevector(low, high, 2, 3, 6, 7)};
  } else {
    return Sums<Real, Bytes>{__builtin_shufflevector(v[0], v[1], 0, 2) + __builtin_shufflevector(v[0], v[1], 1, 3)};
  }
}

/// Of `dots` at a time: samples, whose sums end up in one vector, and columns, as many sums as there are registers for.
template <class Real, int Bytes>
struct DotTile {
  static constexpr int samples = std::min(lanes_in<Real, Bytes>, 8), columns = Bytes == 64 || samples < 8 ? 3 : 1;
};
constexpr Index dot_columns = 3;  // of `Padded` for `dots`

/// Calls the next block's part of a column into the cache: a column is too short a stretch for the processor to foresee it.
template <class Real>
[[gnu::always_inline]] inline void fetch_next(const Real* column) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(Real));
#pragma GCC unroll 8
  for (Index i = 0; i < block; i += line) __builtin_prefetch(column + block + i);
}

/// In a register: GCC would rather load a factor anew for each product, and samples lie across the cache's lines.
template <class V>
[[gnu::always_inline]] inline void keep([[maybe_unused]] V& vector) {
#if defined(__x86_64__) && !defined(__clang__)
  asm("" : "+v"(vector));
#endif
}

/// sum_ms += x_s w_m over one vector; where `Masked`, of x the lanes of `mask` alone, whatever stands in the others.
template <class Real, int Bytes, bool Masked, int S, int M>
[[gnu::always_inline]] inline void add_dots(const Real* const (&x)[S], const Real* w, Index stride, Index at, const Lanes<Real, Bytes>& mask,
                                            Vector<Real, Bytes> (&sum)[M][S]) {
  Vector<Real, Bytes> of_w[M];
#pragma GCC unroll 3
  for (int m = 0; m < M; ++m) load(w + m * stride + at, of_w[m]);
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) {
    Vector<Real, Bytes> of_x;
    load(x[s] + at, of_x);
    if constexpr (Masked) of_x = reinterpret_cast<Vector<Real, Bytes>>(reinterpret_cast<Lanes<Real, Bytes>>(of_x) & mask);
    keep(of_x);
#pragma GCC unroll 3
    for (int m = 0; m < M; ++m) sum[m][s] += of_x * of_w[m];
  }
}

/// H_ij = x_iᵀ w_j for a block and the columns of H, whose first row is the block's first sample.
template <class Real, int Bytes>
[[gnu::always_inline]] inline void dots(const Samples<Real>& samples, const Padded<Real>& W, View<Real> H) {
  constexpr int lanes = lanes_in<Real, Bytes>, S = DotTile<Real, Bytes>::samples, M = DotTile<Real, Bytes>::columns;
  const Index whole = W.rows / lanes * lanes;
  Lanes<Real, Bytes> mask = {};
  for (int lane = 0; lane < lanes; ++lane) mask[lane] = whole + lane < W.rows ? -1 : 0;
  for (Index first = 0; first < samples.count; first += S) {
    const Real* x[S];
    for (int s = 0; s < S; ++s) x[s] = samples.x + std::min<Index>(first + s, samples.count - 1) * samples.stride;
    for (Index j = 0; j < H.columns; j += M) {
      Vector<Real, Bytes> sum[M][S];
#pragma GCC unroll 3
      for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
        for (int s = 0; s < S; ++s) sum[m][s] = Vector<Real, Bytes>{};
      }
      for (Index at = 0; at < whole; at += lanes) add_dots<Real, Bytes, false>(x, W.column(j), W.stride, at, mask, sum);
      if (whole < W.rows) add_dots<Real, Bytes, true>(x, W.column(j), W.stride, whole, mask, sum);
#pragma GCC unroll 3
      for (int m = 0; m < M; ++m) {
        const auto sums = sums_of_lanes<Real, Bytes>(sum[m]);
        if (j + m >= H.columns) continue;
        Real* const to = H.data + (j + m) * H.stride + first;
        if (first + S <= samples.count)
          store(sums.values, to);
        else
          for (Index s = 0; s < samples.count - first; ++s) to[s] = sums.values[s];
      }
    }
  }
}

constexpr Index outer_columns = 4;  // of `Padded` for `add_outer`, and at a time

/// F vectors' rows of `outer_columns` columns of G += Σ_i x_i q_iᵀ.
template <class Real, int Bytes, int F>
[[gnu::always_inline]] inline void add_outer_tile(const Samples<Real>& samples, const Real* x, const Real* Q, Real* G, Index stride) {
  constexpr int lanes = lanes_in<Real, Bytes>, J = outer_columns;
  Vector<Real, Bytes> sum[J][F];
#pragma GCC unroll 4
  for (int j = 0; j < J; ++j) {
#pragma GCC unroll 6
    for (int f = 0; f < F; ++f) sum[j][f] = Vector<Real, Bytes>{};
  }
  for (Index i = 0; i < samples.count; ++i, x += samples.stride) {
    Vector<Real, Bytes> v[F];
#pragma GCC unroll 6
    for (int f = 0; f < F; ++f) {
      Vector<Real, Bytes> of_x;
      load(x + f * lanes, of_x);
      keep(of_x);
      v[f] = of_x;
    }
#pragma GCC unroll 4
    for (int j = 0; j < J; ++j) {
#pragma GCC unroll 6
      for (int f = 0; f < F; ++f) sum[j][f] += v[f] * Q[j * block + i];
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < J; ++j) {
#pragma GCC unroll 6
    for (int f = 0; f < F; ++f) {
      Vector<Real, Bytes> before;
      load(G + j * stride + f * lanes, before);
      before += sum[j][f];
      store(before, G + j * stride + f * lanes);
    }
  }
}

/// G += Σ_i x_i q_iᵀ over a block, Q block × columns of G; what comes to stand in the rows that fill G's columns up means nothing.
template <class Real, int Bytes>
[[gnu::always_inline]] inline void add_outer(const Samples<Real>& samples, const Real* Q, Padded<Real>& G) {
  constexpr int lanes = lanes_in<Real, Bytes>;
  constexpr Index most = Bytes == 64 ? 6 : 3;
  const Index vectors = G.stride / lanes, strips = (vectors + most - 1) / most;
  for (Index strip = 0; strip < strips; ++strip) {
    const Index from = vectors * strip / strips, width = vectors * (strip + 1) / strips - from;
    for (Index j = 0; j < G.columns; j += outer_columns) {
      const Real* const x = samples.x + from * lanes;
      Real* const to = G.column(j) + from * lanes;
      switch (width) {
        case 1:
          add_outer_tile<Real, Bytes, 1>(samples, x, Q + j * block, to, G.stride);
          break;
        case 2:
          add_outer_tile<Real, Bytes, 2>(samples, x, Q + j * block, to, G.stride);
          break;
        case 3:
          add_outer_tile<Real, Bytes, 3>(samples, x, Q + j * block, to, G.stride);
          break;
        case 4:
          add_outer_tile<Real, Bytes, 4>(samples, x, Q + j * block, to, G.stride);
          break;
        case 5:
          add_outer_tile<Real, Bytes, 5>(samples, x, Q + j * block, to, G.stride);
          break;
        default:
          add_outer_tile<Real, Bytes, 6>(samples, x, Q + j * block, to, G.stride);
      }
    }
  }
}

/// work.template run<Bytes>(first, last), compiled for an instruction set whose vectors have so many bytes.
template <class Work>
void run_portable(Work& work, Index first, Index last) {
  work.template run<16>(first, last);
}
#if defined(__x86_64__)
template <class Work>
[[gnu::target("avx2,fma")]] void run_avx2(Work& work, Index first, Index last) {
  work.template run<32>(first, last);
}
template <class Work>
[[gnu::target("avx512f,avx512dq,avx512vl,avx2,fma")]] void run_avx512(Work& work, Index first, Index last) {
  work.template run<64>(first, last);
}
template <class Work>
void run(Work& work, Index first, Index last) {
  static const int level = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") ? 2
                           : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")                                             ? 1
                                                                                                                                         : 0;
  (level == 2 ? run_avx512<Work> : level == 1 ? run_avx2<Work> : run_portable<Work>)(work, first, last);
}
#else
template <class Work>
void run(Work& work, Index first, Index last) {
  run_portable(work, first, last);
}
#endif

}  // namespace neuspec::thin

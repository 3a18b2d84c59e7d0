// The layers in plain C++: what cuDNN's are compared with, and a machine on which all else can be run.
#pragma once

#include <vector>

#include "backprop/shape.hpp"

namespace neuspec::bench {

/// What a network asks of the machine it runs on; CudnnMachine has the same members.
class HostMachine {
 public:
  static constexpr const char* name = "host";

  template <class T>
  class Array {
   public:
    Array(HostMachine& /*machine*/, Index count) : values_(static_cast<std::size_t>(count)) {}
    T* data() { return values_.data(); }
    const T* data() const { return values_.data(); }
    Index size() const { return static_cast<Index>(values_.size()); }
    void upload(const std::vector<T>& values) { values_ = values; }
    std::vector<T> download() const { return values_; }
    void clear() { values_.assign(values_.size(), T()); }

   private:
    std::vector<T> values_;
  };

  void synchronize() {}

  /// functor(e) for every e in [0, count).
  template <class Functor>
  void each(Index count, const Functor& functor) {
#pragma omp parallel for
    for (Index e = 0; e < count; ++e) functor(e);
  }

  /// functor.store(column, Σ_row functor.term(column, row)) for every column.
  template <class Functor>
  void sums(Index columns, Index rows, const Functor& functor) {
#pragma omp parallel for
    for (Index column = 0; column < columns; ++column) {
      double sum = 0;
      for (Index row = 0; row < rows; ++row) sum += functor.term(column, row);
      functor.store(column, sum);
    }
  }

  template <class Real>
  class Convolution {
   public:
    Convolution(HostMachine& /*machine*/, const ConvolutionShape& shape) : shape_(shape) {}

    void forward(const Real* x, const Real* w, Real* y) const {
#pragma omp parallel for
      for (Index n = 0; n < shape_.batch; ++n) {
        visit(n, [&](Index in, Index filter, Index out, bool first) { y[out] = (first ? Real(0) : y[out]) + x[in] * w[filter]; });
      }
    }
    void backward_data(const Real* w, const Real* dy, Real* dx) const {
#pragma omp parallel for
      for (Index n = 0; n < shape_.batch; ++n) {
        for (Index e = 0; e < shape_.sample_size(); ++e) dx[n * shape_.sample_size() + e] = 0;
        visit(n, [&](Index in, Index filter, Index out, bool) { dx[in] += dy[out] * w[filter]; });
      }
    }
    void backward_filter(const Real* x, const Real* dy, Real* dw) const {
      for (Index e = 0; e < shape_.weight_size(); ++e) dw[e] = 0;
      for (Index n = 0; n < shape_.batch; ++n) {
        visit(n, [&](Index in, Index filter, Index out, bool) { dw[filter] += dy[out] * x[in]; });
      }
    }

   private:
    /// Every product of sample n once: positions in x, w and y, and whether it is the first of its output.
    template <class Visitor>
    void visit(Index n, const Visitor& visitor) const {
      const ConvolutionShape& s = shape_;
      for (Index k = 0; k < s.filters; ++k)
        for (Index row = 0; row < s.out_height(); ++row)
          for (Index column = 0; column < s.out_width(); ++column) {
            const Index out = ((n * s.filters + k) * s.out_height() + row) * s.out_width() + column;
            for (Index c = 0; c < s.channels; ++c)
              for (Index i = 0; i < s.filter_height; ++i)
                for (Index j = 0; j < s.filter_width; ++j) {
                  const Index in = ((n * s.channels + c) * s.height + row * s.stride_height + i) * s.width + column * s.stride_width + j;
                  visitor(in, ((k * s.channels + c) * s.filter_height + i) * s.filter_width + j, out, c == 0 && i == 0 && j == 0);
                }
          }
    }
    ConvolutionShape shape_;
  };

  template <class Real>
  class AveragePool {
   public:
    AveragePool(HostMachine& /*machine*/, const PoolShape& shape) : shape_(shape) {}

    void forward(const Real* x, Real* y) const {
      for (Index e = 0; e < shape_.output_size(); ++e) y[e] = 0;
      visit([&](Index in, Index out, Real share) { y[out] += share * x[in]; });
    }
    void backward(const Real* /*x*/, const Real* /*y*/, const Real* dy, Real* dx) const {
      visit([&](Index in, Index out, Real share) { dx[in] = share * dy[out]; });
    }

   private:
    template <class Visitor>
    void visit(const Visitor& visitor) const {
      const PoolShape& s = shape_;
      const Real share = Real(1) / static_cast<Real>(s.window_height * s.window_width);
      for (Index map = 0; map < s.batch * s.channels; ++map)
        for (Index row = 0; row < s.height; ++row)
          for (Index column = 0; column < s.width; ++column)
            visitor((map * s.height + row) * s.width + column,
                    (map * s.out_height() + row / s.window_height) * s.out_width() + column / s.window_width, share);
    }
    PoolShape shape_;
  };
};

}  // namespace neuspec::bench

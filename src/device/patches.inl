// The element-wise steps of patches and losses, as in elementwise.inl: written once for both machines, visible nowhere else.
#include <type_traits>

#include "device/device.hpp"
#include "loss/table.hpp"

namespace neuspec {
namespace {

/// patch_i = x_source(i), 0 in the padding: 2 words an entry.
template <class Real>
struct Gather {
  Window window;
  ConstView<Real> x;
  View<Real> patch;
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % patch.rows, sample = e / patch.rows, source = window.source(i);
    patch.data[sample * patch.stride + i] = source < 0 ? Real(0) : x.data[sample * x.stride + source];
  }
};

/// Column c of every packed s_i A_i: N − c entries a sample.
template <class Real>
struct LiftSamples {
  ConstView<Real> x, s;
  View<Real> L;
  Real a, b, c, beta;
  NEUSPEC_HOST_DEVICE Real coordinate(Index sample, Index i) const { return i < x.rows ? x.data[sample * x.stride + i] : Real(1); }
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index N = x.rows + 1, column = e % N, sample = e / N;
    const Real scale = (s.data == nullptr ? Real(1) : s.data[sample]) * coordinate(sample, column);
    const auto root_two = static_cast<Real>(packed::root_two);
    Real* to = L.data + sample * L.stride + packed::position(N, column, column);
    for (Index row = column; row < N; ++row) {
      const Real coefficient = row < x.rows ? a : (column < x.rows ? b / 2 : c);
      const Real value = scale * coordinate(sample, row) * (row == column ? coefficient : coefficient * root_two);
      Real& entry = to[row - column];
      entry = beta == Real(0) ? value : beta * entry + value;
    }
  }
};

/// One step of a loss for a row of outputs, in double. Each step is a functor of its own: in one, the GPU's registers would have to hold the needs
/// of the most demanding.
template <class Real, class L, LossStep step>
struct LossRow {
  L loss;
  LossArguments<Real> arguments;
  View<Real> out;
  Index columns;  ///< of a row: all outputs when the loss couples them, else 1

  template <class T>
  NEUSPEC_HOST_DEVICE loss::Row<T> row(View<T> view, Index i, Index k) const {
    return {view.data == nullptr ? nullptr : view.data + k * view.stride + i, view.stride, columns};
  }
  NEUSPEC_HOST_DEVICE static void scale(double factor, loss::Row<Real> out) {
    for (Index k = 0; k < out.size; ++k) out[k] = static_cast<Real>(factor * static_cast<double>(out[k]));
  }
  /// A sample of weight 0 has a = 0 and adds nothing.
  NEUSPEC_HOST_DEVICE void operator()(Index e) const {
    const Index i = e % out.rows, k = e / out.rows;
    const double w = arguments.weights.data == nullptr ? 1.0 : static_cast<double>(arguments.weights.data[i]);
    const loss::Row<const Real> a = row(arguments.a, i, k), y = row(arguments.y, i, k);
    const loss::Row<Real> to = row(out, i, k);
    if (w == 0) {
      for (Index j = 0; j < columns; ++j) to[j] = step == LossStep::prox ? a[j] : Real(0);
      return;
    }
    if constexpr (step == LossStep::value) {
      to[0] = static_cast<Real>(w * loss.value(a, y));
    } else if constexpr (step == LossStep::gradient) {
      loss.gradient(a, y, to);
      scale(w, to);
    } else if constexpr (step == LossStep::curvature) {
      loss.curvature(a, y, row(arguments.direction, i, k), to);
      scale(w, to);
    } else if constexpr (step == LossStep::prox) {
      loss.prox(a, y, w * arguments.t, to);
    } else if constexpr (step == LossStep::project) {
      for (Index j = 0; j < columns; ++j) to[j] = static_cast<Real>(static_cast<double>(a[j]) / w);
      loss.project(to, y, to);
      scale(w, to);
    } else {
      static_assert(step == LossStep::conjugate);
      for (Index j = 0; j < columns; ++j) to[j] = static_cast<Real>(static_cast<double>(a[j]) * (arguments.t / w));
      to[0] = static_cast<Real>(w * loss.conjugate(to, y));
    }
  }
};

/// f(constant) with the step as a type.
template <class F>
void with_step(LossStep step, const F& f) {
  switch (step) {
    case LossStep::value:
      return f(std::integral_constant<LossStep, LossStep::value>{});
    case LossStep::gradient:
      return f(std::integral_constant<LossStep, LossStep::gradient>{});
    case LossStep::curvature:
      return f(std::integral_constant<LossStep, LossStep::curvature>{});
    case LossStep::prox:
      return f(std::integral_constant<LossStep, LossStep::prox>{});
    case LossStep::project:
      return f(std::integral_constant<LossStep, LossStep::project>{});
    case LossStep::conjugate:
      return f(std::integral_constant<LossStep, LossStep::conjugate>{});
  }
}

/// Calls run(count, functor) for the step.
template <class Real, class Run>
void run_loss(const Loss& loss, LossStep step, const LossArguments<Real>& arguments, View<Real> out, const Run& run) {
  const Index columns = loss.coupled() ? arguments.a.columns : 1, rows_of_outputs = loss.coupled() ? 1 : arguments.a.columns;
  with_loss(loss, [&](const auto& kind) {
    with_step(step, [&](auto one) {
      run(out.rows * rows_of_outputs, LossRow<Real, std::decay_t<decltype(kind)>, one.value>{kind, arguments, out, columns});
    });
  });
}

}  // namespace
}  // namespace neuspec

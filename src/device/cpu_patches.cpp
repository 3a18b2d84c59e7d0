// Patches, lifted samples and losses on the CPU.
#include <algorithm>

#include "device/cpu_device.hpp"
#include "device/cpu_launch.hpp"
#include "device/lapack.hpp"
#include "device/patches.inl"

namespace neuspec {

namespace {

/// n P² flops in SYRK and 2 n P C in GEMM.
template <class Real>
class CpuLifted final : public LiftedAccumulator<Real> {
 public:
  CpuLifted(Index lifted, Index outputs)
      : lifted_(lifted), S_(static_cast<std::size_t>(lifted * lifted)), r_(static_cast<std::size_t>(lifted * outputs)) {}

  void add(ConstView<Real> L, ConstView<Real> y) override {
    const Index n = L.columns, C = y.columns;
    const ConstView<double> L_ = in_double(L, wide_L_), y_ = in_double(y, wide_y_);
    lapack::syrk('N', lifted_, n, 1.0, L_.data, L_.stride, 1.0, S_.data(), lifted_);
    lapack::gemm('N', 'N', lifted_, C, n, 1.0, L_.data, L_.stride, y_.data, y_.stride, 1.0, r_.data(), lifted_);
  }

  void finish(View<Real> S, View<Real> r) override {
    each(
        lifted_,
        [from = S_.data(), S, P = lifted_](Index j) {
          for (Index i = j; i < P; ++i) S.data[j * S.stride + i] = static_cast<Real>(from[j * P + i]);
        },
        lifted_ / 2);
    CpuDevice<Real>::mirror(S);
    for (Index k = 0; k < r.columns; ++k) {
      for (Index i = 0; i < lifted_; ++i) r.data[k * r.stride + i] = static_cast<Real>(r_[static_cast<std::size_t>(k * lifted_ + i)]);
    }
  }

 private:
  static ConstView<double> in_double(ConstView<double> view, std::vector<double>& /*wide*/) { return view; }
  static ConstView<double> in_double(ConstView<float> view, std::vector<double>& wide) {
    wide.resize(static_cast<std::size_t>(view.size()));
    for (Index j = 0; j < view.columns; ++j) std::copy_n(view.data + j * view.stride, view.rows, wide.data() + j * view.rows);
    return {wide.data(), view.rows, view.columns, view.rows};
  }

  Index lifted_;
  std::vector<double> S_, r_, wide_L_, wide_y_;
};

}  // namespace

template <class Real>
std::unique_ptr<LiftedAccumulator<Real>> CpuDevice<Real>::lifted_accumulator(Index lifted, Index outputs) {
  return std::make_unique<CpuLifted<Real>>(lifted, outputs);
}

template <class Real>
void CpuDevice<Real>::gather(const Window& window, ConstView<Real> x, View<Real> patch) {
  each(patch.size(), Gather<Real>{window, x, patch});
}

template <class Real>
void CpuDevice<Real>::lift_samples(const Activation& activation, ConstView<Real> x, ConstView<Real> s, Real beta, View<Real> L) {
  each((x.rows + 1) * x.columns,
       LiftSamples<Real>{x, s, L, static_cast<Real>(activation.a), static_cast<Real>(activation.b), static_cast<Real>(activation.c), beta});
}

template <class Real>
void CpuDevice<Real>::apply_loss(const Loss& loss, LossStep step, const LossArguments<Real>& arguments, View<Real> out) {
  const Index cost = 16 * (loss.coupled() ? arguments.a.columns : 1);  // logarithms and roots
  run_loss(loss, step, arguments, out, [cost](Index count, const auto& functor) { each(count, functor, cost); });
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec

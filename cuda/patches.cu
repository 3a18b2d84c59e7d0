// Patches, lifted samples and losses on the GPU.
#include "blas.hpp"
#include "cuda_device.hpp"
#include "device/patches.inl"
#include "kernels.inl"

namespace neuspec {

namespace {

/// n P² flops in SYRK and 2 n P C in GEMM, in double.
template <class Real>
class CudaLifted final : public LiftedAccumulator<Real> {
 public:
  CudaLifted(cuda::Context& context, Index lifted, Index outputs)
      : context_(context), lifted_(lifted), outputs_(outputs), S_(context), r_(context), wide_L_(context), wide_y_(context) {
    clear(S_.reserve(lifted * lifted), lifted * lifted);
    clear(r_.reserve(lifted * outputs), lifted * outputs);
  }

  void add(ConstView<Real> L, ConstView<Real> y) override {
    const Index n = L.columns;
    const ConstView<double> L_ = in_double(L, wide_L_), y_ = in_double(y, wide_y_);
    cuda::syrk(context_, CUBLAS_OP_N, lifted_, n, 1.0, L_.data, L_.stride, 1.0, S_.data(), lifted_);
    cuda::gemm(context_, CUBLAS_OP_N, CUBLAS_OP_N, lifted_, outputs_, n, 1.0, L_.data, L_.stride, y_.data, y_.stride, 1.0, r_.data(), lifted_);
  }

  void finish(View<Real> S, View<Real> r) override {
    context_.each(S.size(), Convert<double, Real>{{S_.data(), lifted_, lifted_, lifted_}, S});
    context_.each(S.size(), Mirror<Real>{S});
    context_.each(r.size(), Convert<double, Real>{{r_.data(), lifted_, outputs_, lifted_}, r});
  }

 private:
  void clear(double* data, Index count) {
    NEUSPEC_CHECK(cudaMemsetAsync(data, 0, static_cast<std::size_t>(count) * sizeof(double), context_.stream()));
  }
  ConstView<double> in_double(ConstView<double> view, cuda::Buffer<double>& /*wide*/) { return view; }
  ConstView<double> in_double(ConstView<float> view, cuda::Buffer<double>& wide) {
    const View<double> to{wide.reserve(view.size()), view.rows, view.columns, view.rows};
    context_.each(view.size(), Convert<float, double>{view, to});
    return to;
  }

  cuda::Context& context_;
  Index lifted_, outputs_;
  cuda::Buffer<double> S_, r_, wide_L_, wide_y_;
};

}  // namespace

template <class Real>
std::unique_ptr<LiftedAccumulator<Real>> CudaDevice<Real>::lifted_accumulator(Index lifted, Index outputs) {
  return std::make_unique<CudaLifted<Real>>(context_, lifted, outputs);
}

template <class Real>
void CudaDevice<Real>::gather(const Window& window, ConstView<Real> x, View<Real> patch) {
  context_.each(patch.size(), Gather<Real>{window, x, patch});
}

template <class Real>
void CudaDevice<Real>::lift_samples(const Activation& activation, ConstView<Real> x, ConstView<Real> s, Real beta, View<Real> L) {
  context_.each((x.rows + 1) * x.columns,
                LiftSamples<Real>{x, s, L, static_cast<Real>(activation.a), static_cast<Real>(activation.b), static_cast<Real>(activation.c), beta});
}

template <class Real>
void CudaDevice<Real>::apply_loss(const Loss& loss, LossStep step, const LossArguments<Real>& arguments, View<Real> out) {
  run_loss(loss, step, arguments, out, [this](Index count, const auto& functor) { context_.each(count, functor); });
}

template class CudaDevice<float>;
template class CudaDevice<double>;

}  // namespace neuspec

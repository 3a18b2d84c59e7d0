// A product with the Hessian by the operations it is made of, for devices that do not fuse them.
#include "device/device.hpp"

namespace neuspec {

template <class Real>
void Device<Real>::factored_product(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                    ConstView<Real> Z, ConstView<Real> Z_dot, const Loss& loss, const LossArguments<Real>& at, ConstView<Real> v,
                                    ConstView<Real> H, const FactoredScratch<Real>& scratch, View<Real> G_dot) {
  factored_forward_derivative(activation, x, s, columns, Z, Z_dot, H, scratch.H_dot, scratch.f_dot);
  if (loss.kind == LossKind::squared)
    copy(scratch.f_dot, scratch.v_dot);
  else
    apply_loss(loss, LossStep::curvature, {at.a, at.y, at.weights, scratch.f_dot, 1}, scratch.v_dot);
  factored_adjoint_derivative(activation, x, s, columns, Z, Z_dot, v, scratch.v_dot, H, scratch.H_dot, G_dot);
}

template void Device<float>::factored_product(const Activation&, ConstView<float>, ConstView<float>, const FactorColumns&, ConstView<float>,
                                              ConstView<float>, const Loss&, const LossArguments<float>&, ConstView<float>, ConstView<float>,
                                              const FactoredScratch<float>&, View<float>);
template void Device<double>::factored_product(const Activation&, ConstView<double>, ConstView<double>, const FactorColumns&, ConstView<double>,
                                               ConstView<double>, const Loss&, const LossArguments<double>&, ConstView<double>, ConstView<double>,
                                               const FactoredScratch<double>&, View<double>);

}  // namespace neuspec

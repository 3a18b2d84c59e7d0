#include "solve/woodbury.hpp"

#include <utility>

namespace neuspec {

template <class Real>
bool Woodbury<Real>::learn(Linearisation<Real> A, const FactorColumns& columns, std::vector<DeviceMatrix<Real>> D, double shift) {
  const Index n = A.samples(), d = D.front().rows(), m = static_cast<Index>(columns.sign.size());
  A_.emplace(std::move(A));
  starts_ = Linearisation<Real>::starts_of_blocks(columns);
  inverse_ = std::move(D);
  for (DeviceMatrix<Real>& block : inverse_)
    if (!device_.invert_shifted(block, shift, block)) return false;
  if (inner_.rows() == 0) {
    inner_ = device_.allocate(n, n);
    f_ = device_.allocate(n, 1);
    solved_ = device_.allocate(n, 1);
    through_ = device_.allocate(d, m);
    divided_ = device_.allocate(d, m);
  }
  A_->kernel(inverse_, inner_);
  return device_.invert_shifted(inner_, 1, inner_);
}

template <class Real>
void Woodbury<Real>::divide(ConstView<Real> from, View<Real> to) {
  for (std::size_t block = 0; block < inverse_.size(); ++block) {
    const Index first = starts_[block], count = starts_[block + 1] - first;
    device_.gemm(Transpose::no, Transpose::no, Real(1), inverse_[block], from.column_range(first, count), Real(0), to.column_range(first, count));
  }
}

template <class Real>
void Woodbury<Real>::apply(ConstView<Real> residual, View<Real> result) {
  divide(residual, result);
  A_->times(result, f_);
  device_.symm(Real(1), inner_, f_, Real(0), solved_);
  A_->transposed_times(solved_, through_);
  divide(through_, divided_);
  device_.axpby(Real(-1), divided_, Real(1), result);
}

template class Woodbury<float>;
template class Woodbury<double>;

}  // namespace neuspec

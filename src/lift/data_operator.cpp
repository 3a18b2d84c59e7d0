#include "lift/data_operator.hpp"

#include <cmath>
#include <utility>

#include "lift/centred_source.hpp"
#include "lift/gram_operator.hpp"
#include "lift/moments_operator.hpp"
#include "lift/ranked_operator.hpp"
#include "lift/streamed_operator.hpp"
#include "neuspec/error.hpp"

namespace neuspec {

template <class Real>
DeviceMatrix<Real> conjugate_gradients(Device<Real>& device, ConstView<Real> M, double shift, ConstView<Real> B, int steps) {
  DeviceMatrix<Real> X = device.allocate(B.rows, B.columns), R = device.allocate(B.rows, B.columns), P = device.allocate(B.rows, B.columns),
                     Q = device.allocate(B.rows, B.columns);
  device.copy(B, R);
  device.copy(B, P);
  double squares = device.dot(R, R);
  for (int step = 0; step < steps && squares > 0; ++step) {
    device.copy(P, Q);
    device.symm(Real(1), M, P, static_cast<Real>(shift), Q);
    const double curvature = device.dot(P, Q);
    if (!(curvature > 0)) break;
    const double alpha = squares / curvature;
    device.axpby(static_cast<Real>(alpha), P, Real(1), X);
    device.axpby(static_cast<Real>(-alpha), Q, Real(1), R);
    const double next = device.dot(R, R);
    device.axpby(Real(1), R, static_cast<Real>(next / squares), P);
    squares = next;
  }
  return X;
}

template DeviceMatrix<float> conjugate_gradients(Device<float>&, ConstView<float>, double, ConstView<float>, int);
template DeviceMatrix<double> conjugate_gradients(Device<double>&, ConstView<double>, double, ConstView<double>, int);

template <class Real>
double DataOperator<Real>::ridge_norm_of(ConstView<Real> S, ConstView<Real> r) const {
  const DeviceMatrix<Real> D = conjugate_gradients<Real>(device_, S, ridge_shift(), r, ridge_steps);
  return std::sqrt(device_.dot(D, D));
}

namespace {
void require_definite(bool definite) {
  if (!definite) throw EnvironmentError("the shifted matrix of the linear step is not positive definite");
}
}  // namespace

template <class Real>
void DataOperator<Real>::factor(ConstView<Real> M, double rho, DeviceMatrix<Real>& factor) const {
  if (factor.rows() == 0) factor = device_.allocate(M.rows, M.columns);
  require_definite(device_.factor_shifted(M, rho / 2, factor));
}

template <class Real>
void DataOperator<Real>::invert(ConstView<Real> M, double rho, DeviceMatrix<Real>& inverse) const {
  if (inverse.rows() == 0) inverse = device_.allocate(M.rows, M.columns);
  require_definite(device_.invert_shifted(M, rho / 2, inverse));
}

template <class Real>
void DataOperator<Real>::invert_moments(ConstView<Real> S, double rho, DeviceMatrix<Real>& inverse) {
  if (traces_.rows() == 0) {
    std::vector<double> G(static_cast<std::size_t>(S.rows * pools()));
    for (Index pool = 0; pool < pools(); ++pool) {
      double* const own = G.data() + pool * (S.rows + p());
      for (Index j = 0; j < N(); ++j) own[packed::position(N(), j, j)] = (j + 1 < N() ? 1 : -1) / std::sqrt(static_cast<double>(N()));
    }
    traces_ = device_.allocate(S.rows, pools());
    device_.upload(G.data(), traces_);
  }
  if (inverse.rows() == 0) inverse = device_.allocate(S.rows, S.columns);
  device_.copy(S, inverse);
  device_.gemm(Transpose::no, Transpose::yes, static_cast<Real>(mean_eigenvalue_), traces_, traces_, Real(1), inverse);
  invert(inverse, rho, inverse);
}

template class DataOperator<float>;
template class DataOperator<double>;

namespace {
template <class Real>
std::unique_ptr<DataOperator<Real>> make(OperatorKind kind, Device<Real>& device, const Problem& problem, const Source& data, SolverKind solver) {
  switch (kind) {
    case OperatorKind::moments:
      if (problem.loss.kind != LossKind::squared) return std::make_unique<SampledMomentsOperator<Real>>(device, problem, data);
      return std::make_unique<MomentsOperator<Real>>(device, problem, data);
    case OperatorKind::gram:
      return std::make_unique<GramOperator<Real>>(device, problem, data);
    case OperatorKind::matrix_free:
      return std::make_unique<SampleOperator<Real>>(device, problem, data);
    case OperatorKind::streamed:
      if (!problem.loss.smooth() || solver == SolverKind::admm)
        return std::make_unique<SampledMomentsOperator<Real>>(device, problem, data, Features::streamed);
      return std::make_unique<StreamedOperator<Real>>(device, problem, data);
    case OperatorKind::automatic:
      break;
  }
  throw UsageError("the data operator has to be chosen before it is made");
}
}  // namespace

template <class Real>
std::unique_ptr<DataOperator<Real>> make_operator(OperatorKind kind, Device<Real>& device, const Problem& problem, const Source& data,
                                                  SolverKind solver) {
  const bool centred = problem.bias && problem.loss.kind == LossKind::squared && kind != OperatorKind::moments && kind != OperatorKind::streamed;
  auto own = centred ? make<Real>(kind, device, problem, CentredSource(data, true, false), solver) : make<Real>(kind, device, problem, data, solver);
  if (data.ranks() == nullptr || kind == OperatorKind::moments) return own;
  return std::make_unique<RankedOperator<Real>>(device, problem, data, std::move(own));
}

template <class Real>
std::unique_ptr<DataOperator<Real>> make_operator(Device<Real>& device, const Problem& problem, const ScaledMoments& data) {
  return std::make_unique<MomentsOperator<Real>>(device, problem, data);
}

template std::unique_ptr<DataOperator<float>> make_operator(Device<float>&, const Problem&, const ScaledMoments&);
template std::unique_ptr<DataOperator<double>> make_operator(Device<double>&, const Problem&, const ScaledMoments&);
template std::unique_ptr<DataOperator<float>> make_operator(OperatorKind, Device<float>&, const Problem&, const Source&, SolverKind);
template std::unique_ptr<DataOperator<double>> make_operator(OperatorKind, Device<double>&, const Problem&, const Source&, SolverKind);

}  // namespace neuspec

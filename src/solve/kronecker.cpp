#include "solve/kronecker.hpp"

#include <algorithm>
#include <cmath>

#include "device/lapack.hpp"
#include "device/runs.hpp"
#include "neuspec/error.hpp"
#include "solve/choose.hpp"

namespace neuspec {

namespace {

constexpr double products_saved = 30;  // with the Hessian, at least
constexpr double part_of_free_memory = 0.1;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Eigenvalues of a symmetric matrix, lower triangle, which becomes its eigenvectors; negative ones are rounding.
std::vector<double> decompose(Index n, std::vector<double>& M) {
  std::vector<double> values(at(n)), work;
  std::vector<int> iwork;
  if (lapack::syevd(true, n, M.data(), n, values.data(), work, iwork) != 0) throw EnvironmentError("the symmetric eigensolver did not converge");
  for (double& value : values) value = std::max(value, 0.0);
  return values;
}

}  // namespace

template <class Real>
bool Kronecker<Real>::is_worth_while(Index neurons) {
  const auto d = static_cast<double>(data_.N() - 1), m = static_cast<double>(neurons),
             patches = static_cast<double>(data_.samples() * data_.patches().per_pool);
  const double product = 8 * patches * d * m;  // of all ranks, whose number is to make no difference
  if (4 * d * m * (d + m) > product || (4 * m * m + 4 * d * m) * sizeof(Real) > part_of_free_memory * device_.free_memory()) return false;
  return !spectrum_.empty() || (9 * slow_flop * d * d * d <= products_saved * product && decompose_samples());
}

template <class Real>
bool Kronecker<Real>::decompose_samples() {
  const Index N = data_.N(), d = N - 1;
  const DeviceMatrix<Real> packed = device_.allocate(data_.p(), 1);
  if (!data_.second_moments(packed)) return false;
  moments_ = device_.allocate(N, N);
  device_.unpack(packed, moments_);
  std::vector<double> C(at(d * d));
  device_.download(moments_.view().row_range(0, d).column_range(0, d), C.data());
  device_.download(moments_.view().row_range(d, 1).column_range(d, 1), &samples_);
  if (!(samples_ > 0)) return false;
  spectrum_ = decompose(d, C);
  Q_ = device_.allocate(d, d);
  device_.upload(C.data(), Q_);
  return true;
}

// u_ij = ζ_jᵀx̃_i with ζ_j = [2a w_j; b s_j].
template <class Real>
std::vector<double> Kronecker<Real>::slopes(const FactorColumns& columns, ConstView<Real> Z) {
  const Index N = Z.rows, m = Z.columns;
  const DeviceMatrix<Real> zeta = device_.allocate(N, m), product = device_.allocate(N, m), S = device_.allocate(m, m);
  const auto part = [&](View<Real> view, Index first, Index rows, double factor) {
    device_.axpby(static_cast<Real>(factor), Z.row_range(first, rows), Real(0), view.row_range(first, rows));
  };
  part(zeta, 0, N - 1, 2 * data_.activation().a);
  part(zeta, N - 1, 1, data_.activation().b);
  device_.gemm(Transpose::no, Transpose::no, static_cast<Real>(1 / samples_), moments_, zeta, Real(0), product);
  device_.gemm(Transpose::yes, Transpose::no, Real(1), zeta, product, Real(0), S);
  std::vector<double> result(at(m * m));
  device_.download(S, result.data());
  for (Index k = 0; k < m; ++k)
    for (Index j = 0; j < m; ++j) result[at(k * m + j)] *= columns.sign[at(j)] * columns.sign[at(k)];
  return result;
}

template <class Real>
Index Kronecker<Real>::learn(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> gradient, const Product& curvature) {
  const Index d = Z.rows - 1, m = Z.columns;
  const std::vector<double> S = slopes(columns, Z);
  std::vector<double> vectors(at(m * m)), values(at(m));
  for (const Run& run : runs_of(columns)) {
    std::vector<double> own(at(run.count * run.count));
    for (Index k = 0; k < run.count; ++k) std::copy_n(S.begin() + (run.first + k) * m + run.first, run.count, own.begin() + k * run.count);
    const std::vector<double> of_own = decompose(run.count, own);
    std::copy(of_own.begin(), of_own.end(), values.begin() + run.first);
    for (Index k = 0; k < run.count; ++k) std::copy_n(own.begin() + k * run.count, run.count, vectors.begin() + (run.first + k) * m + run.first);
  }
  if (E_.columns() != m) {
    E_ = device_.allocate(m, m);
    for (DeviceMatrix<Real>* matrix : {&inverse_, &half_, &turned_}) *matrix = device_.allocate(d, m);
  }
  device_.upload(vectors.data(), E_);
  const bool is_known = data_.loss_function().kind == LossKind::squared && data_.patches().whole();
  divide_by(is_known ? 1 : scale(gradient, curvature, values), values);
  return is_known ? 0 : 1;
}

template <class Real>
double Kronecker<Real>::scale(ConstView<Real> gradient, const Product& curvature, const std::vector<double>& values) {
  const Index d = Q_.rows(), m = E_.columns();
  const DeviceMatrix<Real> product = device_.allocate(gradient.rows, 1);
  curvature(gradient, product);
  turn(gradient.reshaped(d, m), turned_);
  std::vector<double> Y(at(d * m));
  device_.download(turned_, Y.data());
  double found = 0;
  for (Index j = 0; j < m; ++j)
    for (Index i = 0; i < d; ++i) found += Y[at(j * d + i)] * Y[at(j * d + i)] * spectrum_[at(i)] * values[at(j)];
  const double own = device_.dot(gradient, product) - 2 * beta_ * device_.dot(gradient, gradient), h = own / found;  // less the penalty's
  return found > 0 && h > 0 && std::isfinite(h) ? h : 1;
}

template <class Real>
void Kronecker<Real>::divide_by(double h, const std::vector<double>& values) {
  std::vector<double> inverse;
  for (const double slope : values)
    for (const double moment : spectrum_) inverse.push_back(1 / (beta_ + h * slope * moment));
  device_.upload(inverse.data(), inverse_);
}

template <class Real>
void Kronecker<Real>::turn(ConstView<Real> from, View<Real> to) {
  device_.gemm(Transpose::yes, Transpose::no, Real(1), Q_, from, Real(0), half_);
  device_.gemm(Transpose::no, Transpose::no, Real(1), half_, E_, Real(0), to);
}

template <class Real>
void Kronecker<Real>::turn_back(ConstView<Real> from, View<Real> to) {
  device_.gemm(Transpose::no, Transpose::yes, Real(1), from, E_, Real(0), half_);
  device_.gemm(Transpose::no, Transpose::no, Real(1), Q_, half_, Real(0), to);
}

template <class Real>
void Kronecker<Real>::apply(ConstView<Real> residual, View<Real> result) {
  const Index d = Q_.rows(), m = E_.columns();
  turn(residual.reshaped(d, m), turned_);
  device_.multiply(turned_, inverse_, Real(0), turned_);
  turn_back(turned_, result.reshaped(d, m));
}

template class Kronecker<float>;
template class Kronecker<double>;

}  // namespace neuspec

#include "solve/descent.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace neuspec {

namespace {
constexpr Index foresight = 20;         // products after which what is left is foreseen
constexpr double few_products = 30;     // how far above its last norm a gradient may be for a few products without a preconditioner to do
constexpr double patience = 0.3;        // of its products, which a descent that starts far from a minimum has before more are foreseen
constexpr double cheap_to_learn = 150;  // products that learning may take to be worth while before any of them
}  // namespace

template <class Real>
Descent<Real>::Descent(DataOperator<Real>& data, Kronecker<Real>& cheap, double beta, const Blocks& start, const Effort& effort)
    : data_(data),
      device_(data.device()),
      cheap_(cheap),
      beta_(beta),
      columns_(start.table),
      effort_(effort),
      preconditioner_(data, start.table, beta),
      is_cheap_(cheap.is_worth_while(static_cast<Index>(start.table.sign.size()))) {
  const auto m = static_cast<Index>(columns_.sign.size());
  W_ = device_.allocate(data.N() - 1, m);
  for (DeviceMatrix<Real>* matrix : {&Z_, &G_, &Z_dot_, &G_dot_}) *matrix = device_.allocate(data.N(), m);
  device_.upload(start.W.data(), W_);
}

template <class Real>
double Descent<Real>::evaluate(ConstView<Real> x, View<Real> gradient) {
  const ConstView<Real> w = x.reshaped(W_.rows(), W_.columns());
  device_.lift_neurons(columns_, w, Z_);
  const double loss = data_.evaluate(columns_, Z_, G_);
  device_.neuron_gradient(columns_, beta_, Z_, G_, gradient.reshaped(W_.rows(), W_.columns()));
  return loss + beta_ * device_.dot(w, w);
}

template <class Real>
void Descent<Real>::multiply(ConstView<Real> direction, View<Real> product) {
  ++spent_;
  device_.lift_derivative(columns_, Z_, direction.reshaped(W_.rows(), W_.columns()), Z_dot_);
  data_.differentiate(columns_, Z_, Z_dot_, G_dot_);
  device_.gradient_derivative(columns_, beta_, Z_, G_, Z_dot_, G_dot_, product.reshaped(W_.rows(), W_.columns()));
}

// The gradient of neuron j is 2(±Γz_j + βw_j): relative to 2β‖w‖ it is how far κ may still be from β, which is what the gap is made of.
template <class Real>
double Descent<Real>::last_norm() const {
  return effort_.precision * 2 * beta_ * std::sqrt(device_.dot(W_, W_));
}

template <class Real>
double Descent<Real>::foreseen(Index products, double norm) const {
  const double last = last_norm();
  if (products < foresight || norm <= last) return 0;
  if (norm >= first_norm_) return std::numeric_limits<double>::infinity();
  return static_cast<double>(products) * std::log(norm / last) / std::log(first_norm_ / norm);
}

template <class Real>
bool Descent<Real>::can_afford_to_learn(Index products) const {
  const Index cost = preconditioner_.cost();
  return cost > 0 && static_cast<double>(products + cost) + products_with_it <= static_cast<double>(effort_.most_products);
}

template <class Real>
bool Descent<Real>::is_due(Index products, Index since, double norm) const {
  const auto cost = static_cast<double>(preconditioner_.cost());
  const bool at_once = !is_cheap_ && products <= 1 && effort_.near && cost <= cheap_to_learn && norm > few_products * last_norm();
  const bool soon = is_cheap_ && effort_.near && !tried_ && can_afford_to_learn(products) && foreseen(products, norm) > cost + products_with_it;
  return at_once || soon || since >= learning();
}

template <class Real>
bool Descent<Real>::is_done(Index products, double norm) {
  first_norm_ = std::max(first_norm_, norm);
  if (norm <= last_norm()) return true;
  const bool may_learn = !tried_ && can_afford_to_learn(products);
  const double all = static_cast<double>(products) + foreseen(products, norm), most = static_cast<double>(effort_.most_products);
  const bool foresees = effort_.foresees && (effort_.near || static_cast<double>(products) > patience * most);
  gave_up_ = foresees && !learnt_ && !may_learn && all > most;
  return gave_up_ || products >= effort_.most_products;
}

template <class Real>
Index Descent<Real>::run(std::function<bool()> abandon, const std::function<void(Index products)>& after_step) {
  Function function;
  function.last_norm = [this] { return last_norm(); };
  function.abandon = [this, abandon] { return spent_ >= effort_.most_products || abandon(); };
  function.value = [this](ConstView<Real> x, View<Real> gradient) { return evaluate(x, gradient); };
  function.curvature = [this](ConstView<Real> direction, View<Real> product) { multiply(direction, product); };
  if (preconditioner_.cost() > 0) {
    function.learning = learning();
    function.learn = [this] {
      tried_ = true;
      return learnt_ = preconditioner_.learn(Z_);
    };
    function.due = [this](Index products, Index since, double norm) { return is_due(products, since, norm); };
  }
  if (is_cheap_) function.prepare = [&](ConstView<Real> gradient) { return cheap_.learn(columns_, Z_, gradient, function.curvature); };
  function.precondition = [this](ConstView<Real> residual, View<Real> result) {
    learnt_ ? preconditioner_.apply(residual, result) : cheap_.apply(residual, result);
  };
  const auto stop = [&](Index products, double norm) {
    after_step(products);
    return is_done(products, norm) || abandon();
  };
  return Newton<Real>(device_, W_.view().size()).minimise(W_.view().reshaped(W_.view().size(), 1), function, stop);
}

template class Descent<float>;
template class Descent<double>;

}  // namespace neuspec

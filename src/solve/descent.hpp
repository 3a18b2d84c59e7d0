// One round of Burer–Monteiro: Newton over the neurons that are there.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>

#include "solve/factored_blocks.hpp"
#include "solve/kronecker.hpp"
#include "solve/newton.hpp"
#include "solve/preconditioner.hpp"

namespace neuspec {

/// Products with the Hessian that a round near a minimum takes once P is learnt.
inline constexpr double products_with_it = 60;

/// Minimises the objective over the factors W of given blocks. Products with the Hessian are preconditioned by what is cheap (Kronecker) and, once
/// more of them have been spent than it takes, or near a minimum are foreseen, by what is not (Preconditioner).
template <class Real>
class Descent {
 public:
  /// How far it goes.
  struct Effort {
    double precision;     ///< of the gradient of each column, relative to that of the penalty there
    Index most_products;  ///< with the Hessian
    bool near;            ///< the start is near a minimum
    bool foresees;        ///< gives up as soon as more products are foreseen
  };

  Descent(DataOperator<Real>& data, Kronecker<Real>& cheap, double beta, const Blocks& start, const Effort& effort);

  /// `abandon` is asked before each product, `after_step` told of the products so far. \returns gradients and products that it took
  Index run(std::function<bool()> abandon, const std::function<void(Index products)>& after_step);
  ConstView<Real> W() const { return W_; }  ///< d × m
  bool gave_up() const { return gave_up_; }

 private:
  using Function = typename Newton<Real>::Function;
  double evaluate(ConstView<Real> x, View<Real> gradient);
  void multiply(ConstView<Real> direction, View<Real> product);
  /// Products after which P has been worth learning.
  Index learning() const { return is_cheap_ ? std::max(preconditioner_.worth_after(), preconditioner_.cost()) : preconditioner_.worth_after(); }
  /// Whether P is to be learnt now.
  bool is_due(Index products, Index since, double norm) const;
  bool is_done(Index products, double norm);
  bool can_afford_to_learn(Index products) const;
  double last_norm() const;  ///< of the gradient where it ends
  /// Products until there, at the rate so far.
  double foreseen(Index products, double norm) const;

  DataOperator<Real>& data_;
  Device<Real>& device_;
  Kronecker<Real>& cheap_;
  double beta_;
  const FactorColumns& columns_;
  Effort effort_;
  DeviceMatrix<Real> W_, Z_, G_, Z_dot_, G_dot_;
  Preconditioner<Real> preconditioner_;
  bool is_cheap_, tried_ = false, learnt_ = false, gave_up_ = false;  // the Kronecker product; P's learning, with success; all
  Index spent_ = 0;                                                   // products in this run
  double first_norm_ = 0;
};

}  // namespace neuspec

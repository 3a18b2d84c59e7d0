// The losses by name: with its own header and the enumeration of neuspec/problem.hpp the only place to add one.
#pragma once

#include <utility>

#include "loss/absolute.hpp"
#include "loss/hinge.hpp"
#include "loss/huber.hpp"
#include "loss/logistic.hpp"
#include "loss/softmax.hpp"
#include "loss/squared.hpp"
#include "loss/squared_hinge.hpp"
#include "neuspec/error.hpp"
#include "neuspec/problem.hpp"

namespace neuspec {

/// f(ℓ) with the loss as a type of src/loss, see loss/row.hpp. \throws UsageError when it is none of them.
template <class F>
decltype(auto) with_loss(const Loss& chosen, F&& f) {
  switch (chosen.kind) {
    case LossKind::squared:
      return std::forward<F>(f)(loss::Separable<loss::Squared>{});
    case LossKind::huber:
      return std::forward<F>(f)(loss::Separable<loss::Huber>{{chosen.delta}});
    case LossKind::absolute:
      return std::forward<F>(f)(loss::Separable<loss::Absolute>{});
    case LossKind::logistic:
      return std::forward<F>(f)(loss::Separable<loss::Logistic>{});
    case LossKind::squared_hinge:
      return std::forward<F>(f)(loss::Separable<loss::SquaredHinge>{});
    case LossKind::hinge:
      return std::forward<F>(f)(loss::Separable<loss::Hinge>{});
    case LossKind::softmax:
      return std::forward<F>(f)(loss::Softmax{});
  }
  throw UsageError("loss: not one of the enumeration's values");
}

}  // namespace neuspec

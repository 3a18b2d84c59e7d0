// The passes over the samples that a proof takes.
#pragma once

#include <cstdint>
#include <vector>

#include "certify/lifted_gradient.hpp"
#include "certify/loss.hpp"
#include "certify/prediction.hpp"
#include "lift/row_space.hpp"

namespace neuspec {

/// The loss, and Γ at v = ∇ℓ(f) or at a dual vector that was given.
struct Pass {
  std::vector<LiftedGradient> gradients;  // one a pool
  DualSums sums;                          // of the bound, and without an intercept of the loss
  std::vector<double> v;                  // n × C, row-major, where it is kept
  std::uint64_t seal = 0;                 // of v, where it is not
  std::vector<double> changes;            // Σ_i |v_i| RowSpace::change, an output; without a row space 0
  double loss = 0;
};

/// v is kept where it had to be balanced, with an intercept, or has at most `most_kept` entries. `space`: of the samples, or nullptr.
/// \throws DataError where the data have no feature or target, a value is not finite, or the dual vector is not theirs
Pass pass_over(const Prediction& predict, const Problem& problem, const Source& data, const std::vector<double>& dual_vector, const RowSpace* space,
               Index most_kept);

/// Of the pass the loss alone. \throws as `pass_over`
double loss_of(const Prediction& predict, const Problem& problem, const Source& data);

/// −Σ ℓ*(τv) for τ = min(1, limit), by another pass: over targets and weights where v was kept, else over the samples, of which v comes out again to
/// the last bit. \throws DataError where it does not
double conjugate_bound(const Prediction& predict, const Problem& problem, const Source& data, const std::vector<double>& dual_vector,
                       const Pass& pass, std::vector<double> limits);

}  // namespace neuspec

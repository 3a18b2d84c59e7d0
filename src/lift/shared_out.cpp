#include "lift/shared_out.hpp"

#include "distribute/ranks.hpp"
#include "lift/row_space.hpp"

namespace neuspec {

bool proven_by_sums(const Problem& problem, const Source& data) {
  const Index n = all_samples(data);
  return data.ranks()->order() == RankOrder::any && (!problem.bias || problem.loss.smooth()) &&
         !RowSpace::serves(problem.architecture, n, data.features());
}

}  // namespace neuspec

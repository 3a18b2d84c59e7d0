#include "lift/centred_source.hpp"

#include "distribute/ranks.hpp"
#include "lift/data_operator.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {

CentredSource::CentredSource(const Source& data, bool weighted, bool with_constant)
    : data_(data), with_constant_(with_constant), mean_(static_cast<std::size_t>(data.targets())) {
  std::vector<CompensatedSum> sums(mean_.size());
  CompensatedSum all;
  data.visit_targets(chunk_samples, [&](const Chunk& chunk) {
    const double* y = chunk.y;
    for (Index i = 0; i < chunk.samples; ++i) {
      const double w = weighted && chunk.weights != nullptr ? chunk.weights[i] : 1.0;
      all.add(w);
      for (CompensatedSum& sum : sums) sum.add(w * *y++);
    }
  });
  sum_over_ranks(data.ranks(), sums);
  sum_over_ranks(data.ranks(), {&all, 1});
  for (std::size_t k = 0; k < mean_.size() && all.value() > 0; ++k) mean_[k] = sums[k].value() / all.value();
}

std::function<void(const Chunk&)> CentredSource::centred(const std::function<void(const Chunk&)>& visitor) const {
  return [this, &visitor, targets = std::vector<double>()](Chunk chunk) mutable {
    targets.clear();
    const double* y = chunk.y;
    for (Index i = 0; i < chunk.samples; ++i) {
      for (const double mean : mean_) targets.push_back(*y++ - mean);
      if (with_constant_) targets.push_back(1);
    }
    chunk.y = targets.data();
    visitor(chunk);
  };
}

void CentredSource::visit(Index most, const std::function<void(const Chunk&)>& visitor) const { data_.visit(most, centred(visitor)); }

void CentredSource::visit_targets(Index most, const std::function<void(const Chunk&)>& visitor) const { data_.visit_targets(most, centred(visitor)); }

}  // namespace neuspec

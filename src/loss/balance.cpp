#include <algorithm>
#include <cmath>
#include <cstdint>

#include "loss/intercept.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {
namespace {

// Roundings: the compensated sums' 2·(2·2⁻⁵³), the quotient's and the products' 2⁻⁵³ each, and the sums' n²·2⁻¹⁰⁶.
void balance_output(Grid<double> v, Index k) {
  CompensatedSum positive, negative;
  for (Index i = 0; i < v.samples; ++i) {
    if (v(i, k) > 0) positive.add(v(i, k));
    if (v(i, k) < 0) negative.add(-v(i, k));
  }
  const double above = positive.value(), below = negative.value(), shrink = std::min(above, below) / std::max(above, below);
  if (!(std::max(above, below) > 0)) return;
  for (Index i = 0; i < v.samples; ++i) {
    if (above > below ? v(i, k) > 0 : v(i, k) < 0) v(i, k) *= shrink;
  }
}

/// Flows between C outputs as whole numbers, so that what flows in and out can be compared exactly.
class Flows {
 public:
  explicit Flows(Index outputs) : C_(static_cast<std::size_t>(outputs)), flow_(C_ * C_), excess_(C_) {}

  void set(std::size_t from, std::size_t to, std::int64_t amount) {
    flow_[from * C_ + to] = amount;
    excess_[to] += amount;
    excess_[from] -= amount;
  }
  std::int64_t operator()(std::size_t from, std::size_t to) const { return flow_[from * C_ + to]; }

  /// Takes off flows along paths that lead from outputs with more outflow to outputs with more inflow, until there are none.
  void make_circulation() {
    for (std::size_t sink = 0; sink < C_; ++sink) {
      while (excess_[sink] > 0) remove_path(sink);
    }
  }

 private:
  // What flows into `sink` without leaving it has come from somewhere: a search against the flow finds an output with more outflow. Each call ends a
  // flow, a source or the sink.
  void remove_path(std::size_t sink) {
    std::vector<std::size_t> next(C_, C_), queue{sink};  // next output on the way to the sink; C where not seen
    next[sink] = sink;
    std::size_t source = sink;
    for (std::size_t head = 0; source == sink && head < queue.size(); ++head) {
      for (std::size_t from = 0; from < C_; ++from) {
        if (next[from] != C_ || flow_[from * C_ + queue[head]] == 0) continue;
        next[from] = queue[head];
        queue.push_back(from);
        if (excess_[from] < 0) {
          source = from;
          break;
        }
      }
    }
    std::int64_t amount = std::min(excess_[sink], -excess_[source]);
    for (std::size_t at = source; at != sink; at = next[at]) amount = std::min(amount, flow_[at * C_ + next[at]]);
    for (std::size_t at = source; at != sink; at = next[at]) flow_[at * C_ + next[at]] -= amount;
    excess_[sink] -= amount;
    excess_[source] += amount;
  }

  std::size_t C_;
  std::vector<std::int64_t> flow_, excess_;  // of each pair of outputs; inflow less outflow
};

// In the domain, a row's only negative entry is its label's.
Index label_of(Grid<double> v, Index i) {
  Index label = 0;
  for (Index k = 1; k < v.outputs; ++k) label = v(i, k) < v(i, label) ? k : label;
  return label;
}

// The flows are cut down to multiples of about 2⁻⁶⁰ of their total, which costs a bound nothing and makes a circulation of them exact. Those numbers
// are the sums of v'; roundings of an entry: the compensated sum's 2·2⁻⁵³, the conversion's, the quotient's and the product's 2⁻⁵³ each, and the
// sum's n²·2⁻¹⁰⁶.
void balance_coupled(Grid<double> v) {
  const auto C = static_cast<std::size_t>(v.outputs);
  std::vector<CompensatedSum> sums(C * C);
  for (Index i = 0; i < v.samples; ++i) {
    const Index label = label_of(v, i);
    for (Index k = 0; k < v.outputs; ++k) {
      if (k != label) sums[static_cast<std::size_t>(label * v.outputs + k)].add(v(i, k));
    }
  }
  double total = 0;
  for (const CompensatedSum& sum : sums) total += sum.value();
  if (total == 0) return;
  const bool overflows = !std::isfinite(total);  // nothing to scale by: v becomes 0, which claims nothing
  const int shift = overflows ? 0 : 60 - std::ilogb(total);
  Flows flows(v.outputs);
  std::vector<double> share(C * C);  // a sum's, in the unit of the flows, then what remains of it
  for (std::size_t at = 0; at < C * C; ++at) {
    share[at] = overflows ? 0 : std::ldexp(sums[at].value(), shift);
    if (at / C != at % C) flows.set(at / C, at % C, static_cast<std::int64_t>(share[at]));
  }
  flows.make_circulation();
  for (std::size_t at = 0; at < C * C; ++at) share[at] = share[at] > 0 ? static_cast<double>(flows(at / C, at % C)) / share[at] : 0;
  for (Index i = 0; i < v.samples; ++i) {
    const Index label = label_of(v, i);
    double others = 0;
    for (Index k = 0; k < v.outputs; ++k) {
      if (k == label) continue;
      v(i, k) *= share[static_cast<std::size_t>(label * v.outputs + k)];
      others += v(i, k);
    }
    v(i, label) = -others;
  }
}

}  // namespace

void balance(const Loss& loss, Grid<double> v) {
  if (loss.coupled()) return balance_coupled(v);
  for (Index k = 0; k < v.outputs; ++k) balance_output(v, k);
}

}  // namespace neuspec

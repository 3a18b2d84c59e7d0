#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "distribute/ranks.hpp"
#include "loss/intercept.hpp"
#include "numeric/compensated_sum.hpp"
#include "numeric/rounding.hpp"

namespace neuspec {
namespace {

// Of sums that must agree: what remains of twice `balance_rounding` when their own rounding is taken off.
constexpr double agreement = (2 * balance_rounding - 4) * rounding::u;

void claim_nothing(Grid<double> v) {
  for (Index i = 0; i < v.samples; ++i) {
    for (Index k = 0; k < v.outputs; ++k) v(i, k) = 0;
  }
}

/// The sums of an output's positive and of its negative entries, both without sign.
struct Sides {
  double above, below;
};
std::vector<Sides> sides_of(Grid<double> v, const Ranks* ranks) {
  std::vector<CompensatedSum> sums(2 * static_cast<std::size_t>(v.outputs));
  for (Index i = 0; i < v.samples; ++i) {
    for (Index k = 0; k < v.outputs; ++k) {
      if (v(i, k) > 0) sums[static_cast<std::size_t>(2 * k)].add(v(i, k));
      if (v(i, k) < 0) sums[static_cast<std::size_t>(2 * k + 1)].add(-v(i, k));
    }
  }
  sum_over_ranks(ranks, sums);
  std::vector<Sides> sides;
  for (std::size_t at = 0; at < sums.size(); at += 2) sides.push_back({sums[at].value(), sums[at + 1].value()});
  return sides;
}

// The quotients of neither side overflow, nor is their sum lost where the ratio of the sides is below all numbers; an entry may be.
void balance_output(Grid<double> v, const Sides& sides) {
  const double more = std::max(sides.above, sides.below), less = std::min(sides.above, sides.below);
  if (more == 0) return;
  if (!std::isfinite(more)) return claim_nothing(v);
  for (Index i = 0; i < v.samples; ++i) {
    if (sides.above > sides.below ? v(i, 0) > 0 : v(i, 0) < 0) v(i, 0) = v(i, 0) / more * less;
  }
}

// What remains is summed once more: near the least numbers products keep too few digits to agree.
void balance_outputs(Grid<double> v, const Ranks* ranks) {
  const auto each = [&](const auto& body) {
    const std::vector<Sides> sides = sides_of(v, ranks);
    for (Index k = 0; k < v.outputs; ++k)
      body(Grid<double>{v.data + k * v.next_output, v.samples, 1, v.next_sample, v.next_output}, sides[static_cast<std::size_t>(k)]);
  };
  each(balance_output);
  each([](Grid<double> output, const Sides& sides) {
    if (!(std::abs(sides.above - sides.below) <= agreement * std::max(sides.above, sides.below))) claim_nothing(output);
  });
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

// Σ_i v_ik over the samples of a label, from it to every k; C × C.
std::vector<double> flows_of(Grid<double> v, const Ranks* ranks) {
  const auto C = static_cast<std::size_t>(v.outputs);
  std::vector<CompensatedSum> sums(C * C);
  for (Index i = 0; i < v.samples; ++i) {
    const Index label = label_of(v, i);
    for (Index k = 0; k < v.outputs; ++k) {
      if (k != label) sums[static_cast<std::size_t>(label * v.outputs + k)].add(v(i, k));
    }
  }
  sum_over_ranks(ranks, sums);
  std::vector<double> values;
  for (const CompensatedSum& sum : sums) values.push_back(sum.value());
  return values;
}

void scale_flows(Grid<double> v, const std::vector<double>& share) {
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

// The flows are cut down to multiples of about 2⁻⁶⁰ of their total, which costs a bound nothing and makes a circulation of them exact. Those numbers
// are the sums of v', as the sums of v are found to be once more.
void balance_coupled(Grid<double> v, const Ranks* ranks) {
  const auto C = static_cast<std::size_t>(v.outputs);
  std::vector<double> share = flows_of(v, ranks);  // a flow, then it in whole numbers, then what remains of it
  const double total = std::accumulate(share.begin(), share.end(), 0.0);
  if (!(total > 0 && std::isfinite(total))) return claim_nothing(v);
  const int shift = 60 - std::ilogb(total);
  Flows flows(v.outputs);
  for (std::size_t at = 0; at < C * C; ++at) {
    share[at] = std::ldexp(share[at], shift);
    if (at / C != at % C) flows.set(at / C, at % C, static_cast<std::int64_t>(share[at]));
  }
  flows.make_circulation();
  const auto remaining = [&](std::size_t at) { return static_cast<double>(flows(at / C, at % C)); };
  for (std::size_t at = 0; at < C * C; ++at) share[at] = share[at] > 0 ? remaining(at) / share[at] : 0;
  scale_flows(v, share);
  const std::vector<double> after = flows_of(v, ranks);
  for (std::size_t at = 0; at < C * C; ++at) {
    const double wanted = remaining(at);
    if (!(std::abs(std::ldexp(after[at], shift) - wanted) <= 0.5 * agreement * wanted)) return claim_nothing(v);
  }
}

}  // namespace

void balance(const Loss& loss, Grid<double> v, const Ranks* ranks) { loss.coupled() ? balance_coupled(v, ranks) : balance_outputs(v, ranks); }

}  // namespace neuspec

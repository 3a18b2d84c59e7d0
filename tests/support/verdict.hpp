// What a certificate claims, held against the exact judge.
#pragma once

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "certify/loss.hpp"
#include "certify/prediction.hpp"
#include "loss/intercept.hpp"
#include "neuspec/certificate.hpp"
#include "neuspec/error.hpp"
#include "support/exact_descent.hpp"
#include "support/extreme_problem.hpp"

namespace neuspec::test {

/// `false_…`: shown to be wrong. `unconfirmed_…`: neither shown to be wrong nor, by the exact bound of the library's own v to what matters to a gap,
/// to be right.
struct Verdict {
  std::optional<std::string> refused;  ///< the message of a DataError or UsageError
  std::string broken;                  ///< another exception, or a number that is none
  bool optimal = false;                ///< claimed: the gap is at most the tolerance
  bool false_primal = false, false_dual = false, false_optimal = false, false_gap = false;
  bool unconfirmed_dual = false, unconfirmed_optimal = false;
  Certificate certificate;
  exact::Real primal, dual, upper;  ///< P(f), what v proves, and the best objective found

  bool wrong() const { return !broken.empty() || false_primal || false_dual || false_optimal || false_gap; }
  bool unconfirmed() const { return unconfirmed_dual || unconfirmed_optimal; }
};

/// The tolerance of `optimal` in these tests.
inline constexpr double claim_tolerance = 1e-6;

class Trial {
 public:
  using Certifier = std::function<Certificate(const Claim&)>;

  explicit Trial(
      const Claim& claim, Certifier certifier = [](const Claim& of) { return certify(of.network, of.problem, of.data, of.dual_vector); })
      : claim_(claim), certifier_(std::move(certifier)), judge_(claim.problem, claim.data) {}

  Verdict run() {
    if (!claim_.fit_broken.empty()) verdict_.broken = "fit: " + claim_.fit_broken;
    try {
      verdict_.certificate = certifier_(claim_);
    } catch (const DataError& error) {
      verdict_.refused = error.what();
    } catch (const UsageError& error) {
      verdict_.refused = error.what();
    } catch (const std::exception& error) {
      verdict_.broken = error.what();
    }
    if (verdict_.refused || !verdict_.broken.empty()) return std::move(verdict_);
    const Certificate& certificate = verdict_.certificate;
    if (!std::isfinite(certificate.primal) || !std::isfinite(certificate.dual) || !std::isfinite(certificate.relative_gap) ||
        std::isnan(certificate.kappa))
      verdict_.broken = "not a number";
    else
      judge();
    return std::move(verdict_);
  }

 private:
  void judge() {
    const Certificate& claimed = verdict_.certificate;
    const exact::Network network = exact::normalised(claim_.network);
    const exact::Network constant = exact::best_constant(judge_);
    const exact::Real without_neurons = exact::loss_without_neurons(judge_);
    verdict_.primal = judge_.objective(network);
    verdict_.upper = std::min(verdict_.primal, judge_.objective(constant));
    verdict_.dual = best_dual(network);
    verdict_.optimal = claimed.relative_gap <= claim_tolerance;
    const exact::Real scale = std::max(exact::Real(abs(verdict_.primal)), std::min(exact::Real(1), without_neurons));
    const auto gap_to = [&](const exact::Real& bound) {
      return verdict_.primal > bound ? exact::Real((verdict_.primal - bound) / scale) : exact::Real(0);
    };
    const auto more = [](const exact::Real& claim, const exact::Real& truth) { return claim > truth + abs(truth) * slack; };

    verdict_.false_primal = more(verdict_.primal, claimed.primal);
    // The numbers that are printed must agree with one another, whatever they are.
    const double unit = std::max(std::abs(claimed.primal), std::min(1.0, static_cast<double>(without_neurons)));
    verdict_.false_gap = !(claimed.relative_gap >= 0) || (unit > 0 && claimed.relative_gap < (claimed.primal - claimed.dual) / unit * (1 - 1e-6));
    const bool dual_proven = !more(claimed.dual, verdict_.dual),
               optimal_proven = !verdict_.optimal || gap_to(verdict_.dual) <= claim_tolerance + matters;
    if (dual_proven && optimal_proven) return;
    exact::Descent descent(judge_, network), from_nothing(judge_, constant);
    verdict_.upper = std::min({verdict_.upper, descent.run(4, 6), from_nothing.run(8, 6)});
    verdict_.false_dual = claimed.dual > verdict_.upper;
    verdict_.unconfirmed_dual = !verdict_.false_dual && claimed.dual > verdict_.dual + scale * claim_tolerance / 10;
    verdict_.false_optimal = verdict_.optimal && gap_to(verdict_.upper) > claim_tolerance + matters;
    verdict_.unconfirmed_optimal = !optimal_proven && !verdict_.false_optimal;
  }

  /// Of the gradients of f as it is and as the library rounds it, and of the vector that was given. Each proves what it proves.
  exact::Real best_dual(const exact::Network& network) const {
    exact::Real best = std::max(exact::Real(0), judge_.dual(judge_.gradient(judge_.predict(network))));
    if (!claim_.dual_vector.empty()) best = std::max(best, judge_.dual(exact::reals(claim_.dual_vector)));
    // The library's own v: the last digits of f decide on which side of a kink it lies.
    const Prediction predict(claim_.network);
    std::vector<double> f(claim_.data.y().size()), rounding(f.size());
    predict(claim_.data.x().data(), claim_.data.samples(), 0, f.data(), rounding.data());
    DualSums sums(claim_.problem.loss, claim_.data.targets());
    std::vector<double> v(f.size());
    const auto& weights = claim_.data.weights();
    sums.add(claim_.data.samples(), {f.data(), rounding.data(), predict.bias()}, claim_.data.y().data(), weights.empty() ? nullptr : weights.data(),
             v.data());
    best = std::max(best, judge_.dual(exact::reals(v)));
    if (claim_.problem.bias) {  // of the ways to bring it to sum zero, the library's
      balance(claim_.problem.loss, by_samples(v.data(), claim_.data.samples(), claim_.data.targets()));
      best = std::max(best, judge_.dual(exact::reals(v)));
    }
    return best;
  }

  static constexpr double matters = 1e-10;  // of a gap: v is the library's to rounding only
  static constexpr double slack = 1e-30;    // of 60 digits, what sums of some dozens of terms may lose

  const Claim& claim_;
  Certifier certifier_;
  exact::Judge judge_;
  Verdict verdict_;
};

inline std::ostream& operator<<(std::ostream& stream, const Verdict& verdict) {
  const auto old = stream.precision(17);
  if (verdict.refused) stream << "refused: " << *verdict.refused << '\n';
  if (!verdict.broken.empty()) stream << "broken: " << verdict.broken << '\n';
  for (const auto& [flag, name] :
       {std::pair(verdict.false_primal, "primal below the truth"), std::pair(verdict.false_dual, "dual above the optimum"),
        std::pair(verdict.false_optimal, "false optimal"), std::pair(verdict.false_gap, "gap below that of its own bounds"),
        std::pair(verdict.unconfirmed_dual, "dual not confirmed"), std::pair(verdict.unconfirmed_optimal, "optimal not confirmed")})
    if (flag) stream << name << '\n';
  stream << "claimed primal " << verdict.certificate.primal << " dual " << verdict.certificate.dual << " gap " << verdict.certificate.relative_gap
         << " kappa " << verdict.certificate.kappa << "\nexact   primal " << verdict.primal << " dual " << verdict.dual << " best network found "
         << verdict.upper << '\n';
  stream.precision(old);
  return stream;
}

}  // namespace neuspec::test

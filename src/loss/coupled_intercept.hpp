// The intercepts of softmax's outputs, which share one minimum.
#pragma once

#include "loss/intercept.hpp"
#include "numeric/compensated_sum.hpp"

namespace neuspec {

/// argmin over b (C numbers) of Σ_i w_i ℓ(f_i + b, y_i) for softmax, which sees differences alone: Σ b = 0 over the classes that have samples. A
/// class that has none (of positive weight) would have its b at −∞; it gets one at which its probability is 0 in double for every sample.
///
/// Newton's method; n C exponentials and n C² flops a step, of which about six are needed where nothing is known. The samples may be one rank's part:
/// then a step costs a sum of C(C + 3)/2 words over the ranks, from which all of them decide alike.
class CoupledIntercept {
 public:
  CoupledIntercept(Grid<const double> f, Grid<const double> y, std::span<const double> weights, const Ranks* ranks);

  /// b; the search begins where `start` says what `levels` did for like predictions.
  std::vector<double> minimise(std::span<const double> start);
  /// Behind `minimise`: b + the mean of f, which is not moved by what the outputs have as constants.
  std::vector<double> levels() const;
  /// Behind `minimise`: w ∇ℓ(f + b), its sums zero to rounding.
  Grid<const double> gradient() const { return by_samples(at_.v.data(), f_.samples, f_.outputs); }
  /// Behind `minimise`: C × C, Σ_i w_i p_ik p_il for k ≠ l, minus the derivative of Σ_i v_ik in b_l (see solve_laplacian).
  const std::vector<double>& coupling() const { return at_.coupling; }

 private:
  using Vector = std::vector<double>;
  struct Slope {
    Vector v, coupling;
    Vector sum;             // Σ_i v_ik
    double size = 0;        // Σ_k |Σ_i v_ik|
    bool vanishes = false;  // all of them beside Σ_i |v_ik|
  };
  /// What some of the samples add to it.
  struct Part {
    std::vector<CompensatedSum> sum;
    Vector magnitude, coupling;  // Σ |v_ik|; the lower triangle
  };
  void see_classes();
  void see_spread();
  Slope slope(const Vector& b) const;
  Part part_of(const Vector& b, Index first, Index last, Vector& gradient) const;
  /// The Newton step at at_, its sum over the classes with samples 0; empty where the coupling has underflowed.
  Vector newton_step() const;
  /// Beside f and b, whose sums round.
  bool is_negligible(const Vector& step) const;
  /// Goes along a step as far as the sums fall, if they do.
  bool advance(const Vector& step);
  /// Brings each class's own sum to zero, one after the other: never a step back, from anywhere.
  void minimise_each();
  void centre(Vector& b) const;
  void place_empty_classes(Vector& b) const;
  double weight(Index i) const { return weights_.empty() ? 1.0 : weights_[static_cast<std::size_t>(i)]; }

  Grid<const double> f_, y_;
  std::span<const double> weights_;
  const Ranks* ranks_;             // that share the samples out, or null
  std::vector<Index> label_;       // of every sample
  std::vector<bool> has_samples_;  // of every class
  Vector mean_;                    // of f, an output
  double largest_ = 0;             // |f|
  double spread_ = 0;              // |f − mean|
  Vector b_;                       // −∞ for classes without samples
  Slope at_;                       // at b_
};

}  // namespace neuspec

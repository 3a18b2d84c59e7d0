// Wide data (n < d): the same problem in coordinates of the samples' row space, docs/mathematics.md section 5.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "neuspec/network.hpp"

namespace neuspec {

/// Samples x_i ∈ R^d as x̂_i ∈ R^{n+1}: with X^T = QR, Q ∈ R^{d×n} with orthonormal columns, x̂_i = (Qᵀx_i, 0).
///
/// A dense neuron's direction u acts on the samples by x_iᵀu = x̂_iᵀû alone, û = (Qᵀu, √(1 − ‖Qᵀu‖²)), and every unit vector û of R^{n+1} is that of
/// the unit vector u = Q û_{1…n} + û_{n+1} q with q ⊥ Q. So (P) on x̂ is (P) on x, β_max and bounds included, with blocks of n + 2 rows in place of d
/// + 1.
///
/// What the computed Q and x̂ lack of that is proven. For the computed Q let δ ≥ ‖QᵀQ − I‖₂ and ε_i ≥ ‖x_i − Q x̂_i‖₂, both rounding included: they
/// are computed from Q and the raw samples once Q is done, whatever made it. Let u be any unit vector and w = Qᵀu, ‖w‖² ≤ ‖QQᵀ‖₂ ≤ 1 + δ. The
/// vector w/√(1 + δ) lies in the unit ball of R^n, completed by a last coordinate it is a unit vector û of R^{n+1}, and
///
///     |x_iᵀu − x̂_iᵀû| ≤ |(x_i − Q x̂_i)ᵀu| + |x̂_iᵀ(w − w/√(1 + δ))| ≤ ε_i + (√(1 + δ) − 1)‖x̂_i‖ ≤ ε_i + (δ/2)‖x̂_i‖ =: η_i.
///
/// That is all a certificate needs: |Σ v_i σ(x_iᵀu)| ≤ max over û of |Σ v_i σ(x̂_iᵀû)| + Σ |v_i| η_i (|a|(2‖x̂_i‖ + η_i) + |b|).
///
/// Rounding (u = 2⁻⁵³, γ_k = k u/(1 − k u)): a product of matrices whose sums are chains of at most k additions is off by at most γ_k times that of
/// the magnitudes, entry by entry. For δ, Q is split into H + L, H of so few bits that HᵀH is exact (Ozaki et al., Numerical Algorithms 59, 2012): δ
/// ≤ ‖fl(HᵀH + (B + Bᵀ)/2) − I‖_F + (γ_k + 4u)‖L‖_F ‖2H + L‖_F, B = Lᵀ(2H + L). With ‖ |Q| |x̂_i| ‖ ≤ √(n(1 + δ))‖x̂_i‖ and ‖x_i‖ ≤ √(1 + δ)‖x̂_i‖ + ε_i
/// one has ε_i ≤ ‖fl(x_i − Q x̂_i)‖ + γ_k((√n + 1)√(1 + δ)‖x̂_i‖ + ε_i).
class RowSpace final : public Source {
 public:
  /// Whether that is less work than the samples as they are: n + 1 is well below d, and a neuron sees whole samples.
  static bool serves(const Architecture& architecture, Index samples, Index features);
  /// Of samples that ranks share out there is none here.
  static bool serves(const Architecture& architecture, const Source& data) {
    return data.ranks() == nullptr && serves(architecture, data.samples(), data.features());
  }

  /// 10 n²d flops, d(n + 1) and n(n + 1) doubles. `data` has more than n features and must outlive the object. Asked between blocks of the work,
  /// `stop` may end it: the space is then empty, x̂_i = 0 ∈ R¹ and η_i = ‖x_i‖.
  /// \throws EnvironmentError when memory does not suffice
  explicit RowSpace(const Source& data, const std::function<bool()>& stop = {});

  /// From any r vectors and a last one (d × (r + 1), column-major) and any coordinates in them (n × (r + 1), row-major, the last of each 0): η_i says
  /// what they are worth. \throws UsageError when sizes disagree
  RowSpace(const Source& data, std::vector<double> basis, std::vector<double> coordinates);

  Index samples() const override { return data_.samples(); }
  Index features() const override { return rank_ + 1; }  ///< of x̂: n + 1
  Index targets() const override { return data_.targets(); }
  /// Chunks of x̂ with the targets and weights of the data.
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;

  const double* sample(Index i) const { return x_.data() + i * features(); }           ///< x̂_i, each following the one before
  bool empty() const { return rank_ == 0; }                                            ///< it was stopped
  double deviation(Index i) const { return deviation_[static_cast<std::size_t>(i)]; }  ///< η_i
  /// Upper bound on |σ(x_iᵀu) − σ(x̂_iᵀû)|: η_i (|a|(2‖x̂_i‖ + η_i) + |b|).
  double change(const Activation& activation, Index i) const;

  /// The network on R^d of one on R^{n+1}; an empty space has none but that without neurons. 2 d n m flops.
  Network lift(const Network& reduced) const;

  /// The network on R^{n+1} that acts on the samples as one on R^d does: û = (Qᵀu, √(1 − ‖Qᵀu‖²)). 2 d n m flops.
  Network reduce(const Network& network) const;

 private:
  bool factor(const std::function<bool()>& stop);
  bool prove(const std::function<bool()>& stop);
  void give_up();

  const Source& data_;
  Index rank_ = 0;                        ///< columns of Q
  std::vector<double> basis_;             ///< Q and q, d × (rank + 1), column-major
  std::vector<double> x_;                 ///< x̂, n × (rank + 1), row-major
  std::vector<double> norm_, deviation_;  ///< upper bounds on ‖x̂_i‖; η_i
};

/// The row space of data that it serves, else nothing.
std::unique_ptr<RowSpace> row_space_of(const Problem& problem, const Source& data, const std::function<bool()>& stop = {});

}  // namespace neuspec

// The device seam (docs/design.md): the coarse operations that cost time, on matrices in a device's memory. Solvers are written once against it.
// Column-major; symmetric matrices are referenced through their lower triangle; "packed" is numeric/packed.hpp. Operations are queued in order
// and need not have finished on return, except those that give values to the host. Failures of a library call throw EnvironmentError.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "device/accumulators.hpp"
#include "device/matrix.hpp"
#include "neuspec/fit.hpp"
#include "numeric/window.hpp"

namespace neuspec {

enum class Transpose : char { no = 'N', yes = 'T' };

/// The scalars of one ADMM step (docs/mathematics.md section 6).
struct AdmmStep {
  Index N = 0;              ///< size of a block, d + 1
  double beta = 0;          ///< β
  double rho = 0;           ///< ρ₂ of the blocks
  double split_rho = 1;     ///< ρ₁ of the split s = A D; 1 for squared loss, which needs none
  double relaxation = 1.6;  ///< ω
};

/// A factored point: column j of Z is z_j = [w_j; s_j] and enters output[j] with the sign of sign[j]. Columns of one output, pool and sign may form a
/// block W, whose Σ zzᵀ then is any point of the spectrahedron: s = ‖W‖_F in the block's first column and 0 in its others.
struct FactorColumns {
  std::vector<double> sign;      ///< ±1
  std::vector<Index> output;     ///< ascending within a pool
  std::vector<Index> pool = {};  ///< ascending; empty where there is one alone
  std::vector<Index> lead = {};  ///< the first column of each column's block; empty where every column is a block, a neuron

  /// One more than the largest output.
  Index outputs() const { return output.empty() ? 1 : *std::max_element(output.begin(), output.end()) + 1; }
};

/// The scalars of conjugate gradients by their positions: ⟨r, y⟩ of the residual r = g + Hz and y = P⁻¹r, inner products in P of the step z and the
/// direction d, what ⟨r, y⟩ has to fall to, the square of the radius, how far along d and how much of the last d is in the next, the strides taken, 0
/// once there is no more to do.
namespace cg {
enum : Index { ry, zz, zd, dd, enough, limit, stride, turn, strides, running, count };
}

/// What to do with a loss ℓ(f, y) (loss/table.hpp), sample by sample. w are sample weights or a null view for 1.
enum class LossStep {
  value,      ///< w ℓ(a, y)
  gradient,   ///< w ∇ℓ(a, y)
  curvature,  ///< w ∇²ℓ(a, y) direction
  prox,       ///< argmin_s w ℓ(s, y) + ‖s − a‖²/(2t)
  project,    ///< w times a point of the domain of ℓ* near a/w
  conjugate,  ///< w ℓ*(t a/w)
};
/// Its arguments, each n × C.
template <class Real>
struct LossArguments {
  ConstView<Real> a, y, weights, direction;
  double t = 1;
};

/// What lies between the two halves of `Device::factored_product`: n × m, n × C and n × C; v̇ is left there.
template <class Real>
struct FactoredScratch {
  View<Real> H_dot, f_dot, v_dot;
};

/// The part of a fixed-point state that counts in Anderson's least squares with some weight: residual and past ones.
template <class Real>
struct AndersonPart {
  ConstView<Real> F;  ///< slots of L × K side by side
  ConstView<Real> f;  ///< L × K
  double weight = 1;
};

/// Orthonormal columns near the eigenvectors of each block's largest eigenvalues, in descending order, kept from one projection to the next.
template <class Real>
struct SpectralBasis {
  Index width = 0;              ///< k, columns a block; 0 where there is none
  DeviceMatrix<Real> vectors;   ///< N × k·blocks
  DeviceMatrix<Real> positive;  ///< 1 × blocks: how many of them had a positive Ritz value in the last projection
};

template <class Real>
struct SymmetricProduct {
  ConstView<Real> S, b;
  View<Real> c;
};

/// ⟨X_k, Y_k⟩ of every column. A view of stride 0 is the same column again and again.
template <class Real>
struct ColumnProducts {
  ConstView<Real> X, Y;
};

template <class Real>
class Device {
 public:
  virtual ~Device() = default;
  virtual std::string name() const = 0;
  /// Bytes that can still be allocated.
  virtual double free_memory() const = 0;
  virtual void synchronize() = 0;
  /// A GPU's queue of operations, in terms of its backend (cudaStream_t).
  virtual void* queue() const { return nullptr; }

  // Memory. Host data are double and contiguous whatever Real is.
  virtual DeviceMatrix<Real> allocate(Index rows, Index columns) = 0;  ///< filled with zeros
  virtual void upload(const double* host, View<Real> to) = 0;
  /// Features of samples from `first` on, a column each.
  virtual void upload(const StoredForm& form, Index first, View<Real> to) = 0;
  /// The stored form of a source, if it has one that the device takes: what a GPU has is for GPUs.
  virtual StoredForm stored_form_of(const Source& data) const {
    const StoredForm form = data.stored_form();
    return form.stored == nullptr || form.stored->on_gpu().values == nullptr ? form : StoredForm{};
  }
  /// Features of a chunk, from their stored form where there is one.
  void upload_features(const Chunk& chunk, const StoredForm& form, View<Real> to) {
    if (form.stored == nullptr)
      upload(chunk.x, to);
    else
      upload(form, chunk.first, to);
  }
  virtual void download(ConstView<Real> from, double* host) = 0;  ///< waits for the device
  virtual void copy(ConstView<Real> from, View<Real> to) = 0;

  // Dense algebra.
  virtual void gemm(Transpose ta, Transpose tb, Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) = 0;
  virtual void symm(Real alpha, ConstView<Real> S, ConstView<Real> B, Real beta,
                    View<Real> C) = 0;  ///< C = alpha S B + beta C, S symmetric with both triangles filled
  /// c = S b for independent symmetric S, both triangles filled, and vectors b.
  virtual void symm_each(const std::vector<SymmetricProduct<Real>>& products) {
    for (const SymmetricProduct<Real>& product : products) symm(Real(1), product.S, product.b, Real(0), product.c);
  }
  /// C = alpha A B + beta C for symmetric A and B (n × n, both triangles filled) that commute, and symmetric C: half the flops of `gemm`.
  virtual void symmetric_product(Real alpha, ConstView<Real> A, ConstView<Real> B, Real beta, View<Real> C) = 0;
  virtual void axpby(Real alpha, ConstView<Real> X, Real beta, View<Real> Y) = 0;            ///< Y = alpha X + beta Y, elementwise
  virtual void multiply(ConstView<Real> X, ConstView<Real> Y, Real beta, View<Real> Z) = 0;  ///< Z = X∘Y + beta Z, elementwise
  /// The products of all columns, one pair of matrices after the other, accumulated in double; waits for the device, once.
  virtual std::vector<double> column_dots(const std::vector<ColumnProducts<Real>>& pairs) = 0;
  std::vector<double> column_dots(ConstView<Real> X, ConstView<Real> Y) { return column_dots({{X, Y}}); }
  /// ⟨X, Y⟩ of each pair, likewise.
  std::vector<double> dots(const std::vector<ColumnProducts<Real>>& pairs) {
    std::vector<double> result;
    const std::vector<double> columns = column_dots(pairs);
    auto next = columns.begin();
    for (const ColumnProducts<Real>& pair : pairs) {
      result.push_back(std::accumulate(next, next + pair.X.columns, 0.0));
      next += pair.X.columns;
    }
    return result;
  }
  double dot(ConstView<Real> X, ConstView<Real> Y) { return dots({{X, Y}}).front(); }
  /// M = S + shift·I, then M ← M⁻¹ (lower triangle of S is read, all of M is filled; M may be S). False when S + shift·I is not positive definite.
  virtual bool invert_shifted(ConstView<Real> S, double shift, View<Real> M) = 0;
  /// Makes of S what `solve_factored` solves with, in whatever form suits the device: M may be S. False as above.
  virtual bool factor_shifted(ConstView<Real> S, double shift, View<Real> M) { return invert_shifted(S, shift, M); }
  /// C = (S + shift·I)⁻¹ B: 2 n² flops a column.
  virtual void solve_factored(ConstView<Real> M, ConstView<Real> B, View<Real> C) { symm(Real(1), M, B, Real(0), C); }

  // Steihaug's conjugate gradients, which minimise gᵀz + zᵀHz/2 over ‖z‖_P ≤ radius until ⟨r, y⟩ has fallen by tolerance². All vectors are n × 1 and
  // contiguous. The scalars stay where the vectors are: nothing waits.
  /// For `cg::count` scalars, in double whatever Real is.
  virtual DeviceMatrix<double> cg_scalars() = 0;
  /// z = 0, d = −y.
  virtual void cg_begin(double radius, double tolerance, ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<Real> step,
                        View<double> scalars) = 0;
  /// From product = H d: z ← z + α d and r ← r + α H d, no farther than to the region's boundary.
  virtual void cg_stride(ConstView<Real> direction, ConstView<Real> product, View<Real> step, View<Real> residual, View<double> scalars) = 0;
  /// d ← −y + β d.
  virtual void cg_turn(ConstView<Real> residual, ConstView<Real> y, View<Real> direction, View<double> scalars) = 0;
  /// Sends scalars to the host, which has them from `answer`, the oldest ones first: it waits for what was queued before their `ask` alone.
  virtual void ask(ConstView<double> scalars) = 0;
  virtual std::vector<double> answer() = 0;
  /// So many steps, none or one, are to be queued beyond the one whose answer is waited for: where they are short, the device would have to wait for
  /// the next. None may be left unanswered.
  virtual Index ahead() const = 0;

  // The lift (docs/mathematics.md sections 2 and 5). x is d × n, one sample a column; s = √w scales samples and may be a null view.
  virtual std::unique_ptr<MomentAccumulator<Real>> moment_accumulator(Index features, Index outputs) = 0;
  virtual std::unique_ptr<LiftedAccumulator<Real>> lifted_accumulator(Index lifted, Index outputs) = 0;
  /// The patches (f × n) in a window of the samples x (d × n).
  virtual void gather(const Window& window, ConstView<Real> x, View<Real> patch) = 0;
  /// L = beta L + packed s_i A_i, one sample a column (p × n).
  virtual void lift_samples(const Activation& activation, ConstView<Real> x, ConstView<Real> s, Real beta, View<Real> L) = 0;
  /// K = Ā Āᵀ, n × n, both triangles: a²(XᵀX)∘(XᵀX) + (b²/2) XᵀX + c² − e eᵀ/N with e_i = a‖x_i‖² − c, rows and columns scaled by s.
  virtual void kernel_gram(const Activation& activation, ConstView<Real> x, ConstView<Real> s, View<Real> K) = 0;
  /// G = packed Σ_i s_i v_ik A_i for each column v_k of v (n × C): p × C.
  virtual void lifted_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> v, View<Real> G) = 0;
  /// f_k = s_i⟨A_i, M_k⟩ for packed symmetric M (p × C): n × C.
  virtual void lifted_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, ConstView<Real> M, View<Real> f) = 0;
  /// f_k = s_i Σ_{j in output k} sign_j z_jᵀA_i z_j for factors Z (N × m): n × C, with H = xᵀw (n × m) left for `factored_adjoint`.
  virtual void factored_forward(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                                View<Real> H, View<Real> f) = 0;
  /// G_j = Γ_{output j} z_j with Γ_k = Σ s_i v_ik A_i, from the H of `factored_forward`; Q (n × m): what x is multiplied by. N × m.
  virtual void factored_adjoint(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                                ConstView<Real> v, ConstView<Real> H, View<Real> Q, View<Real> G) = 0;
  /// Derivatives of the two along Ż: ḟ with Ḣ = xᵀẇ left for the second; Ġ_j = Γ ż_j + Γ̇ z_j with v̇ = ḟ (Ḣ may be overwritten).
  virtual void factored_forward_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                           ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> H, View<Real> H_dot, View<Real> f_dot) = 0;
  virtual void factored_adjoint_derivative(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns,
                                           ConstView<Real> Z, ConstView<Real> Z_dot, ConstView<Real> v, ConstView<Real> v_dot, ConstView<Real> H,
                                           View<Real> H_dot, View<Real> G_dot) = 0;
  /// Ġ with v̇ = ∇²ℓ ḟ, both derivatives at once, so that a device may read the samples once. `at`: a = f, y and weights of ℓ.
  virtual void factored_product(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                                ConstView<Real> Z_dot, const Loss& loss, const LossArguments<Real>& at, ConstView<Real> v, ConstView<Real> H,
                                const FactoredScratch<Real>& scratch, View<Real> G_dot);
  /// J = add·J + derivative of each sample's prediction in the neurons' w, from the H of `factored_forward`: d·m × n, a neuron's d rows one after
  /// another. Row j counts for sample i's output[j] alone.
  virtual void factored_jacobian(const Activation& activation, ConstView<Real> x, ConstView<Real> s, const FactorColumns& columns, ConstView<Real> Z,
                                 ConstView<Real> H, bool add, View<Real> J) = 0;
  /// Rows of J as above, each sample's scaled by its factor (n × C) of the neuron's output.
  virtual void scale_outputs(const FactorColumns& columns, ConstView<Real> J, ConstView<Real> factor, View<Real> scaled) = 0;
  /// D_k = packed Σ_{j in output k} sign_j (y_j z_jᵀ + z_j y_jᵀ)/2: p × C.
  virtual void pack_factors(const FactorColumns& columns, ConstView<Real> Y, ConstView<Real> Z, View<Real> D) = 0;
  /// G_j = Γ_{output j} z_j for packed Γ (p × C): N × m.
  virtual void apply_packed(const FactorColumns& columns, ConstView<Real> Gamma, ConstView<Real> Z, View<Real> G) = 0;
  /// B ← B + LᵀS L between columns of the same output, lower triangle; L is the derivative of the packed Σ sign_j z_j z_jᵀ in the neurons' w, with
  /// rows as those of `factored_jacobian`, and S (p·B × p·B) over all pools.
  virtual void packed_gauss_newton(ConstView<Real> S, const FactorColumns& columns, ConstView<Real> Z, View<Real> B);

  /// z_j = [w_j; s_j] for the columns w_j of W (d × m), s = ‖W_block‖_F in the first of a block and 0 in others: Z is N × m.
  virtual void lift_neurons(const FactorColumns& columns, ConstView<Real> W, View<Real> Z) = 0;
  /// ż_j = [ẇ_j; ṡ_j], ṡ = ⟨W, Ẇ⟩/‖W‖_F in the first column of a block: the derivative of that.
  virtual void lift_derivative(const FactorColumns& columns, ConstView<Real> Z, ConstView<Real> W_dot, View<Real> Z_dot) = 0;
  /// Gradient of Σ_j sign_j z_jᵀΓz_j + β‖w_j‖² in w from G_j = Γ z_j: 2 sign_j (G_1 + g w/s) + 2β w, g the last entry of G and s that of Z in the
  /// first column of the block (d × m).
  virtual void neuron_gradient(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, View<Real> gradient) = 0;
  /// Its derivative: 2 sign_j (Ġ_1 + ġ w/s + g (ẇ/s − w ṡ/s²)) + 2β ẇ (d × m).
  virtual void gradient_derivative(const FactorColumns& columns, double beta, ConstView<Real> Z, ConstView<Real> G, ConstView<Real> Z_dot,
                                   ConstView<Real> G_dot, View<Real> result) = 0;

  // ADMM (docs/mathematics.md section 6). V and W are p × 2K: columns 2k and 2k+1 are Z and Z' of problem k.
  /// W = Π₊(V), block by block. Column j of block b's factor (columns b·N … of `factors`, N × N·blocks) is √λ_j q_j, largest first, zero beyond
  /// the block's rank. Returns the largest rank, or N where finding it would stall the device.
  virtual Index project_psd(Index N, ConstView<Real> V, View<Real> W, View<Real> factors) = 0;
  /// Whether `project_psd` tells the rank, so that few positive eigenvalues make it and what follows cheap.
  virtual bool tells_rank() const = 0;
  /// A basis of `width` columns a block from the factors of a projection, where those are zero of others.
  virtual void start_basis(Index N, ConstView<Real> factors, Index width, SpectralBasis<Real>& basis) = 0;
  /// W ≈ Π₊(V) by one block Krylov step and Rayleigh–Ritz from the basis, which is moved on: W = Σ θ x xᵀ over the positive ones among the k largest
  /// Ritz values θ over span [X, VX], of whose vectors the basis then consists; 2k ≤ N. Where the basis holds more vectors than there are positive
  /// eigenvalues, its error is a fraction of the last projection's distance; where it does not, some are missed. The first k columns of each block's
  /// factor are written. 4 N² k + 30 N k² flops a block, nothing waits.
  virtual void project_psd_near(Index N, ConstView<Real> V, SpectralBasis<Real>& basis, View<Real> W, View<Real> factors) = 0;
  /// full (N × N, both triangles) from packed (p × 1), and packed of the symmetric part (F + Fᵀ)/2 of full.
  virtual void unpack(ConstView<Real> packed, View<Real> full) = 0;
  virtual void pack(ConstView<Real> full, View<Real> packed) = 0;
  /// T_k = P_G(2(W₊ − W₋) − (V₊ − V₋)): p × K.
  virtual void admm_difference(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, View<Real> T) = 0;
  /// F± = ω((P_G(T₊ + T₋) ± D)/2 − W±), T± = 2W± − V± − (β/ρ)E: p × 2K.
  virtual void admm_residual(const AdmmStep& step, ConstView<Real> V, ConstView<Real> W, ConstView<Real> D, View<Real> F) = 0;
  /// Packed M ← P_G M, column by column.
  virtual void project_trace(Index N, View<Real> M) = 0;
  /// result_k = ⟨G, M_k⟩/N of packed columns (1 × K).
  virtual void traces(Index N, ConstView<Real> M, View<Real> result) = 0;
  /// What makes each block W_b ⪰ 0 feasible: ⟨G, W_b⟩ above zero is added to its corner, below zero to its other diagonal entries in equal parts.
  /// moves (2 × 2K): what the corner and each of the others of D_k = W₊ − W₋ gain by it, of even b positive and of odd b negative; corners (1 × 2K):
  /// that of the feasible block.
  virtual void feasibility(Index N, ConstView<Real> W, View<Real> moves, View<Real> corners) = 0;
  /// D_k = W₊ − W₋ with the diagonal so moved: p × K.
  virtual void feasible_difference(Index N, ConstView<Real> W, ConstView<Real> moves, View<Real> D) = 0;
  /// Of the first `width` columns of each block's factor, how many are not zero, and how many squares are above `negligible` times its largest: ranks
  /// is 2 × blocks.
  virtual void factor_ranks(Index N, Index width, ConstView<Real> factors, double negligible, View<Real> ranks) = 0;
  /// max over ‖u‖ = 1 of uᵀMu + qᵀu + t and of its negative for the function of each packed Γ_k (docs/mathematics.md section 3), one after the other:
  /// 2 K numbers, for which the host waits. Where a block is too large for an eigendecomposition to be cheap, from a Krylov space: to what that has
  /// converged to, taken as much too high as its last quarter raised it. No certificate rests on it.
  virtual std::vector<double> sphere_maxima(Index N, ConstView<Real> Gamma) = 0;

  /// One step of a loss; out is n × C. Value and conjugate of a loss that couples outputs are in its first column; the rest is scratch.
  virtual void apply_loss(const Loss& loss, LossStep step, const LossArguments<Real>& arguments, View<Real> out) = 0;

  // Anderson acceleration (type II) of K independent fixed-point maps; column k of every matrix belongs to problem k.
  /// coefficients (m × K): γ_k = argmin Σ_parts weight ‖f_k − Σ_i γ_ik (f_k − F_ik)‖² + tiny ridge, m = slots.
  virtual void anderson_coefficients(const std::vector<AndersonPart<Real>>& parts, Index slots, View<Real> coefficients) = 0;
  /// v_k = (1 − Σγ_ik)(v_k + f_k) + Σ_i γ_ik Y_ik, Y = m slots of past v + f.
  virtual void anderson_combine(ConstView<Real> Y, Index slots, ConstView<Real> coefficients, ConstView<Real> f, View<Real> v) = 0;
  /// squares_k = ‖f_k‖² (1 × K).
  virtual void column_squares(ConstView<Real> f, View<Real> squares) = 0;
  /// v_k = v_k + f_k where squares_k ≤ before_k, else fallback_k.
  virtual void advance_or_fall_back(ConstView<Real> f, ConstView<Real> fallback, ConstView<Real> squares, ConstView<Real> before, View<Real> v) = 0;
};

/// How a GPU multiplies matrices in single precision: as declared, or with factors rounded to the eleven bits of TF32.
enum class Arithmetic { full, tf32 };

/// The device of Settings, for the precision Real; a GPU is the calling thread's (device/gpus.hpp), which works with it. \throws NotCompiled,
/// NoDevice, UsageError for TF32 where there is none
template <class Real>
std::unique_ptr<Device<Real>> make_device(DeviceKind kind, Arithmetic arithmetic = Arithmetic::full);

/// The same, which goes back to where it is kept when the last copy of the pointer is gone; `kept` may be null.
template <class Real>
std::shared_ptr<Device<Real>> lend_device(const std::shared_ptr<KeptDevice>& kept, DeviceKind kind, Arithmetic arithmetic);

}  // namespace neuspec

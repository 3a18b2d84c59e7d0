// Anderson acceleration on the CPU.
#include <algorithm>
#include <limits>

#include "device/cpu_device.hpp"
#include "device/lapack.hpp"
#include "threads/parallel.hpp"

namespace neuspec {

// R_ij = Σ weight ⟨f − F_i, f − F_j⟩ from inner products alone: the slots of problem k are every K-th column.
template <class Real>
void CpuDevice<Real>::anderson_coefficients(const std::vector<AndersonPart<Real>>& parts, Index slots, View<Real> coefficients) {
  const Index K = coefficients.columns, m = slots;
  const auto count = static_cast<std::size_t>(m);
  parallel_pieces(K, [&](Index k) {
    std::vector<Real> gram(count * count), cross(count);
    double ff = 0;
    Real before = 0;  // of the sums so far: none
    for (const AndersonPart<Real>& part : parts) {
      const Index L = part.f.rows;
      const auto weight = static_cast<Real>(part.weight);
      const Real *slot = part.F.data + k * part.F.stride, *fk = part.f.data + k * part.f.stride;
      lapack::syrk('T', m, L, weight, slot, part.F.stride * K, before, gram.data(), m);
      lapack::gemv('T', L, m, weight, slot, part.F.stride * K, fk, before, cross.data());
      for (Index i = 0; i < L; ++i) ff += part.weight * static_cast<double>(fk[i]) * static_cast<double>(fk[i]);
      before = 1;
    }
    std::vector<double> R(count * count), gamma(count);
    double trace = 0;
    for (std::size_t j = 0; j < count; ++j) {
      gamma[j] = ff - static_cast<double>(cross[j]);
      for (std::size_t i = j; i < count; ++i)
        R[j * count + i] = ff - static_cast<double>(cross[i]) - static_cast<double>(cross[j]) + static_cast<double>(gram[j * count + i]);
      trace += R[j * count + j];
    }
    for (std::size_t j = 0; j < count; ++j) R[j * count + j] += 1e-10 * trace;
    // Residuals that do not differ beyond rounding, or a Gram matrix that it has made indefinite, give no acceleration: γ = 0 is the plain step.
    const bool solved = trace > std::numeric_limits<double>::epsilon() * std::numeric_limits<double>::epsilon() * ff && trace > 1e-280 &&
                        lapack::potrf(m, R.data(), m) == 0 && lapack::potrs(m, 1, R.data(), m, gamma.data(), m) == 0;
    if (!solved) std::fill(gamma.begin(), gamma.end(), 0.0);
    for (std::size_t j = 0; j < count; ++j) coefficients.data[k * coefficients.stride + static_cast<Index>(j)] = static_cast<Real>(gamma[j]);
  });
}

template <class Real>
void CpuDevice<Real>::anderson_combine(ConstView<Real> Y, Index slots, ConstView<Real> coefficients, ConstView<Real> f, View<Real> v) {
  const Index L = f.rows, K = f.columns;
  parallel_pieces(K, [&](Index k) {
    const Real* gamma = coefficients.data + k * coefficients.stride;
    Real rest = 1;
    for (Index i = 0; i < slots; ++i) rest -= gamma[i];
    for (Index i = 0; i < L; ++i) v.data[k * v.stride + i] = rest * (v.data[k * v.stride + i] + f.data[k * f.stride + i]);
    lapack::gemv('N', L, slots, Real(1), Y.data + k * Y.stride, Y.stride * K, gamma, Real(1), v.data + k * v.stride);
  });
}

template class CpuDevice<float>;
template class CpuDevice<double>;

}  // namespace neuspec

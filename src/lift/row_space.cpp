#include "lift/row_space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <string>
#include <utility>

#include "device/lapack.hpp"
#include "lift/triangularise.hpp"
#include "neuspec/error.hpp"
#include "numeric/compensated_sum.hpp"
#include "numeric/rounding.hpp"

namespace neuspec {
namespace {

constexpr Index kTerms = 256;          // of a sum before it is added to another: short chains, small proven errors
constexpr Index kResiduals = 1 << 21;  // doubles at a time

std::size_t size(Index value) { return static_cast<std::size_t>(value); }

/// γ for sums of so many terms that are taken kTerms at a time.
double gamma_of(Index terms) {
  const Index longest = std::min(terms, kTerms) + (terms + kTerms - 1) / kTerms + 2;
  const double chain = static_cast<double>(longest) * rounding::u;
  return chain / (1 - 2 * chain);
}

/// Above ‖x‖₂.
double norm_above(const double* x, Index n) { return rounding::raised(rounding::length(x, n), static_cast<double>(n + 8)); }

/// A block of rows of Q as sums of two, to both sides of a bit: products of the upper parts, multiples of 2⁻⁴², are added without any rounding.
class SplitRows {
 public:
  SplitRows(const double* Q, Index d, Index r, Index rows)
      : high_(size(rows * r)), low_(high_.size()), twice_(high_.size()), rows_(rows), columns_(r) {
    constexpr double bit = 0x1.8p31;  // numbers of this size are multiples of 2⁻²¹
    std::size_t at = 0;
    for (Index j = 0; j < r; ++j) {
      for (const double* q = Q + j * d; q < Q + j * d + rows; ++q, ++at) {
        high_[at] = (*q + bit) - bit;
        low_[at] = *q - high_[at];
        twice_[at] = *q + high_[at];
      }
    }
  }
  /// S += HᵀH and B += Lᵀ(2H + L), so that QᵀQ = S + (B + Bᵀ)/2, for Q = H + L.
  void add_products(std::vector<double>& S, std::vector<double>& B) const {
    lapack::syrk('T', columns_, rows_, 1.0, high_.data(), rows_, 1.0, S.data(), columns_);
    lapack::gemm('T', 'N', columns_, columns_, rows_, 1.0, low_.data(), rows_, twice_.data(), rows_, 1.0, B.data(), columns_);
  }
  double low_squares() const { return std::inner_product(low_.begin(), low_.end(), low_.begin(), 0.0); }
  double twice_squares() const { return std::inner_product(twice_.begin(), twice_.end(), twice_.begin(), 0.0); }

 private:
  std::vector<double> high_, low_, twice_;
  Index rows_, columns_;
};

/// delta: above ‖QᵀQ − I‖₂, or infinite. False when stopped.
bool departure(Index d, Index r, const double* Q, const std::function<bool()>& stop, double& delta) {
  std::vector<double> S(size(r * r)), B(S.size());
  double low = static_cast<double>(d) * static_cast<double>(r) * std::numeric_limits<double>::min(), twice = low;  // squares below
  for (Index first = 0; first < d; first += kTerms) {
    if (stop && stop()) return false;
    const SplitRows rows(Q + first, d, r, std::min(kTerms, d - first));
    rows.add_products(S, B);
    low += rows.low_squares();
    twice += rows.twice_squares();
  }
  double largest = 0;
  for (Index j = 0; j < r; ++j) {
    largest = std::max(largest, S[size(j * r + j)]);
    S[size(j * r + j)] = (S[size(j * r + j)] - 1) + B[size(j * r + j)];
    for (Index i = j + 1; i < r; ++i) S[size(i * r + j)] = S[size(j * r + i)] += 0.5 * (B[size(j * r + i)] + B[size(i * r + j)]);
  }
  const double of_parts = 1.01 * (gamma_of(d) + 4 * rounding::u) * std::sqrt(low) * std::sqrt(twice);
  // Sums in S are exact while they are that small; products below the normal numbers are lost from B.
  delta = largest < 0x1p10 ? rounding::raised(norm_above(S.data(), r * r) + of_parts + static_cast<double>(d) * std::numeric_limits<double>::min(), 2)
                           : std::numeric_limits<double>::infinity();
  return true;
}

}  // namespace

bool RowSpace::serves(const Architecture& architecture, Index samples, Index features) {
  return architecture.kind == Architecture::Kind::dense && 4 * (samples + 1) <= 3 * features;
}

RowSpace::RowSpace(const Source& data, const std::function<bool()>& stop) : data_(data) {
  try {
    if (!factor(stop) || !prove(stop)) give_up();
  } catch (const std::bad_alloc&) {
    const Index n = data.samples(), bytes = 8 * (n + 1) * (data.features() + n);
    throw EnvironmentError("not enough memory for the row space of the samples, " + std::to_string(bytes >> 20) + " MiB");
  }
}

RowSpace::RowSpace(const Source& data, std::vector<double> basis, std::vector<double> coordinates)
    : data_(data), rank_(static_cast<Index>(basis.size()) / data.features() - 1), basis_(std::move(basis)), x_(std::move(coordinates)) {
  if (rank_ < 0 || static_cast<Index>(basis_.size()) != (rank_ + 1) * data.features() ||
      static_cast<Index>(x_.size()) != (rank_ + 1) * data.samples())
    throw UsageError("a basis and the coordinates in it disagree in size");
  prove({});
}

bool RowSpace::factor(const std::function<bool()>& stop) {
  const Index n = data_.samples(), d = data_.features();
  if (d <= n) throw UsageError("the row space needs more features than samples");
  rank_ = n;
  basis_.resize(size(d * (n + 1)));
  data_.visit(n, [&](const Chunk& chunk) { std::copy_n(chunk.x, chunk.samples * d, basis_.data() + chunk.first * d); });
  std::vector<double> tau(size(n));
  if (!triangularise(d, n, basis_.data(), tau.data(), stop)) return false;
  x_.resize(size(n * (n + 1)));
  for (Index i = 0; i < n; ++i) std::copy_n(basis_.data() + i * d, i + 1, x_.data() + i * (n + 1));
  return orthonormal_columns(d, n, basis_.data(), tau.data(), stop);
}

bool RowSpace::prove(const std::function<bool()>& stop) {
  const Index n = data_.samples(), d = data_.features(), r = rank_;
  double delta = 0;
  if (!departure(d, r, basis_.data(), stop, delta)) return false;
  norm_.resize(size(n));
  deviation_.resize(size(n));
  const double gamma = gamma_of(r + 1), root = std::sqrt(static_cast<double>(r)) + 1, stretch = 1 + delta / 2;
  // What products below the normal numbers can lose, r of them in each of d entries.
  const double underflow = static_cast<double>(d) * static_cast<double>(r + 1) * rounding::least;
  bool stopped = false;
  std::vector<double> residual;
  data_.visit(std::max<Index>(1, kResiduals / d), [&](const Chunk& chunk) {
    stopped = stopped || (stop && stop());
    if (stopped) return;
    residual.assign(chunk.x, chunk.x + chunk.samples * d);
    for (Index first = 0; first < r; first += kTerms)
      lapack::gemm('N', 'N', d, chunk.samples, std::min(kTerms, r - first), -1.0, basis_.data() + first * d, d, sample(chunk.first) + first, r + 1,
                   1.0, residual.data(), d);
    for (Index c = 0; c < chunk.samples; ++c) {
      const std::size_t i = size(chunk.first + c);
      norm_[i] = norm_above(sample(chunk.first + c), r);
      const double epsilon = (norm_above(residual.data() + c * d, d) + gamma * root * stretch * norm_[i]) * (1 + 4 * gamma) + underflow;
      deviation_[i] = rounding::raised(epsilon + 0.5 * delta * norm_[i] + rounding::least, 8);
    }
  });
  return !stopped;
}

void RowSpace::give_up() {
  rank_ = 0;
  basis_.assign(size(data_.features()), 0.0);
  basis_.front() = 1;
  x_.assign(size(data_.samples()), 0.0);
  prove({});
}

void RowSpace::visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const {
  data_.visit_targets(chunk_samples, [&](Chunk chunk) {
    chunk.x = sample(chunk.first);
    visitor(chunk);
  });
}

double RowSpace::change(const Activation& activation, Index i) const {
  const double eta = deviation(i), norm = norm_[size(i)];
  const double slope = rounding::raised(std::abs(activation.a) * (2 * norm + eta) + std::abs(activation.b) + rounding::least, 4);
  return rounding::raised(eta * slope + rounding::least, 2);
}

Network RowSpace::lift(const Network& reduced) const {
  const Index d = data_.features(), m = empty() ? 0 : reduced.neurons();
  Network network = reduced;
  network.features = d;
  network.weights.resize(size(m));
  network.output.resize(size(m));
  network.directions.assign(size(d * m), 0.0);
  lapack::gemm('N', 'N', d, m, features(), 1.0, basis_.data(), d, reduced.directions.data(), features(), 0.0, network.directions.data(), d);
  for (Index j = 0; j < m; ++j) {
    double* u = network.directions.data() + j * d;
    CompensatedSum square;
    for (Index l = 0; l < d; ++l) square.add(u[l] * u[l]);
    const double length = std::sqrt(square.value());
    for (Index l = 0; l < d; ++l) u[l] /= length;
  }
  return network;
}

Network RowSpace::reduce(const Network& network) const {
  const Index d = data_.features(), r = features(), m = network.neurons();
  Network reduced = network;
  reduced.features = r;
  reduced.directions.assign(size(r * m), 0.0);
  lapack::gemm('T', 'N', rank_, m, d, 1.0, basis_.data(), d, network.directions.data(), d, 0.0, reduced.directions.data(), r);
  for (Index j = 0; j < m; ++j) {
    double* u = reduced.directions.data() + j * r;
    const double square = std::inner_product(u, u + rank_, u, 0.0), length = std::max(std::sqrt(square), 1.0);
    for (Index l = 0; l < rank_; ++l) u[l] /= length;
    u[rank_] = std::sqrt(std::max(1 - square, 0.0));
  }
  return reduced;
}

std::unique_ptr<RowSpace> row_space_of(const Problem& problem, const Source& data, const std::function<bool()>& stop) {
  return RowSpace::serves(problem.architecture, data) ? std::make_unique<RowSpace>(data, stop) : nullptr;
}

}  // namespace neuspec

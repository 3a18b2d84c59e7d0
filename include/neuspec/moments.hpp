/// \file moments.hpp
/// Sums over samples that are all squared loss needs of them: they merge, samples can be taken out of them again, and networks are trained and proven
/// optimal on data that never come together.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "neuspec/fit.hpp"
#include "neuspec/preprocessing.hpp"

namespace neuspec NEUSPEC_API {

/// What a file of moments holds (docs/moments.md). z = x − shift, ζ = y − target_shift, z̃ = (1, z_1, …, z_d), N = d + 1. Sums are pairs of doubles,
/// the leading one and the rest. Pairs of indices i ≤ j are at j(j+1)/2 + i, quadruples i ≤ j ≤ k ≤ l at
/// l(l+1)(l+2)(l+3)/24 + k(k+1)(k+2)/6 + j(j+1)/2 + i.
struct MomentSums {
  Index samples = 0, features = 0, targets = 0;
  std::vector<double> shift;         ///< d
  std::vector<double> target_shift;  ///< C
  /// |stored − exact| of a sum over w m, m a product of the z̃ and ζ_k, is at most `rounding` 2⁻⁵³ times the product of envelope[j]^¼ of its z̃_j and
  /// √target_envelope[k] of its ζ_k.
  double rounding = 0;
  std::vector<double> envelope;         ///< N: at least Σ w z̃_j⁴ over all samples that were ever added or subtracted
  std::vector<double> target_envelope;  ///< C: at least Σ w ζ_k² over them
  std::vector<double> plain;            ///< d × 2 pairs: Σ z_j and Σ z_j² without weights
  std::vector<double> fourth;           ///< N(N+1)(N+2)(N+3)/24 pairs: Σ w z̃_i z̃_j z̃_k z̃_l
  std::vector<double> linear;           ///< C × N(N+1)/2 pairs: Σ w ζ_k z̃_i z̃_j
  std::vector<double> squares;          ///< C pairs: Σ w ζ_k²
};

/// The moments of samples, and which columns they came from. Squared loss, dense networks, any activation, with or without intercept.
class Moments {
 public:
  /// Of no samples. `columns` is what a model made from them keeps, for other files to be taken apart alike: names, classes, windows.
  Moments() = default;
  explicit Moments(Preprocessing columns, std::string provenance = {});

  /// Adds the samples of a source: one pass, n N⁴/12 flops in GEMM. The first samples decide the shift: near their mean, with few digits, so that
  /// differences of integers and of numbers in single precision are exact. Of a Shard, the samples of all ranks, which then have the same moments.
  /// \throws DataError when columns disagree or a value is not usable, EnvironmentError when memory does not suffice
  void add(const Source& data, DeviceKind device = DeviceKind::cpu);

  /// Adds all that went into `other`, whose shift may be another; the order of merging matters to 2⁻¹⁰⁰ of the sums alone.
  /// \throws DataError when names, numbers or classes of the columns disagree
  void merge(const Moments& other);

  /// Takes all that went into `other` out. \throws DataError as `merge`, and when `other` cannot have been part of these sums
  void subtract(const Moments& other);

  /// From here on the features are (x − mean)/scale, learnt from the sums as `learn_preprocessing` does from samples; no sum is touched. Such moments
  /// are neither merged nor saved.
  void standardize();
  /// The same by a mean and a scale of each feature that are known. \throws DataError when they are not d, or a scale is not positive
  void standardize(std::vector<double> mean, std::vector<double> scale);

  /// Leaves these features, in the order they have, and lets go of the others. \throws DataError for a name that is none of them or of several,
  /// UsageError for features without names, as those of images are
  void select(const std::vector<std::string>& names);

  Index samples() const { return sums_.samples; }
  Index features() const { return sums_.features; }
  Index targets() const { return sums_.targets; }
  const MomentSums& sums() const { return sums_; }
  const Preprocessing& preprocessing() const { return preprocessing_; }
  const std::string& provenance() const { return provenance_; }

  /// Writes docs/moments.md's format, to a temporary file first and then renamed. \throws EnvironmentError, UsageError
  void save(const std::string& path) const;

  /// \throws DataError when the file is none of moments, is damaged (its checksum, lengths and numbers are checked) or of a later version,
  /// EnvironmentError when memory does not suffice
  static Moments load(const std::string& path);

  /// The same file to and from a binary stream, which `name` stands for in messages. \throws as `save` and `load`; a stream that fails is the
  /// caller's to see
  void write(std::ostream& stream, const std::string& name = "moments") const;
  static Moments read(std::istream& stream, const std::string& name = "moments");

  /// Whether a file begins as one of moments; false for what cannot be read, and for pipes, of which nothing is read.
  static bool is_file(const std::string& path);

 private:
  void add_own(const Source& data, DeviceKind kind);
  void combine(const Moments& other, double sign);

  MomentSums sums_;
  Preprocessing preprocessing_;
  std::string provenance_;
};

/// `fit` from moments alone. \throws as `fit`, and UsageError for a problem that moments do not hold: another loss than squared, a convolution
Result fit(const Moments& data, const Problem& problem, const Settings& settings = {}, const Observer& observer = {});

/// `fit_path` from moments alone.
std::vector<Result> fit_path(const Moments& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings = {},
                             const PathObserver& after_each = {}, const Observer& observer = {});

/// `certify` from moments alone: primal and dual hold for all samples that sums within the stored rounding can belong to, in `Certificate::rounding`
/// stands what that takes. N⁴/4 flops an output. \throws as `certify`
Certificate certify(const Network& network, const Problem& problem, const Moments& data);

/// `beta_max` and `objective_unit` from moments alone; the latter rounded down.
double beta_max(const Problem& problem, const Moments& data);
double objective_unit(const Problem& problem, const Moments& data);

}  // namespace neuspec NEUSPEC_API

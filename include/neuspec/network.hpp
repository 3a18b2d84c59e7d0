/// \file network.hpp
/// The trained network and the model file around it.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "neuspec/preprocessing.hpp"
#include "neuspec/problem.hpp"

namespace neuspec NEUSPEC_API {

/// f_k(x) = b_k + Σ_{j : output_j = k} α_j σ(u_jᵀ x), ‖u_j‖₂ = 1; for convolutions the mean of σ(u_jᵀ p) over the patches p of a pool
/// (architecture.hpp).
struct Network {
  Activation activation;
  Index features = 0;              ///< d
  Index outputs = 1;               ///< C
  std::vector<double> directions;  ///< u_j, f × m column-major: neuron j is directions[j·f … j·f + f); f = d in a dense network
  std::vector<double> weights;     ///< α_j, m
  std::vector<Index> output;       ///< which output neuron j feeds, m
  Architecture architecture = {};
  std::vector<Index> pool = {};   ///< which pool neuron j sees, m; empty in a dense network
  std::vector<double> bias = {};  ///< b_k, C; empty where there is none

  Index neurons() const { return static_cast<Index>(weights.size()); }  ///< m
  Index direction_size() const;                                         ///< f
  Index pool_of(Index neuron) const { return pool.empty() ? 0 : pool[static_cast<std::size_t>(neuron)]; }

  /// Appends one neuron; `u` holds f values.
  void add(const double* u, double alpha, Index output_index, Index pool_index = 0);

  /// f = outputs for `samples` rows of x (row-major, samples × d); f is samples × C, row-major. Batched GEMM, 2·n·f·m flops a patch of a pool.
  void predict(const double* x, Index samples, double* f) const;

  /// What the neurons put out, without their weights: h_j = σ(u_jᵀ x), or the mean over their pool; h is samples × m, row-major.
  void activate(const double* x, Index samples, double* h) const;

  /// Σ_j |α_j|; the intercept is not penalised.
  double penalty() const;
};

/// A layer below the one that predicts: a network trained to its own optimum on its own features, whose neurons' outputs, standardised, are the
/// features of the next layer.
struct HiddenLayer {
  Network network;
  std::vector<double> mean, scale;  ///< of the neurons' outputs on the training data, m each
  Problem problem;
  double primal = 0, dual = 0, relative_gap = 0;  ///< of this layer's own certificate
  std::string status;

  /// Features of the next layer for `samples` rows of x (row-major, samples × d): samples × m, row-major.
  std::vector<double> apply(const double* x, Index samples) const;
};

/// The hidden layer that a trained network makes on the data it was trained on, which it visits once; of ranks on those of all of them, collective. A
/// neuron whose output does not vary beyond its rounding has scale 1.
HiddenLayer hidden_layer(const Network& network, const Problem& problem, const Source& data);

/// The data as the layer above the last of `layers` sees them: `data` themselves where there are none, up to 64 MiB a Dataset, else made anew at
/// every visit.
std::shared_ptr<const Source> through(const std::vector<HiddenLayer>& layers, const std::shared_ptr<const Source>& data);

/// A network with everything needed to use and to check it: what a model file holds.
struct Model {
  Network network;
  Problem problem;
  Preprocessing preprocessing;
  std::vector<HiddenLayer> hidden = {};           ///< below `network`, the first one first; none: `network` sees the preprocessed features
  double primal = 0, dual = 0, relative_gap = 0;  ///< as certified when the network was trained
  std::string status;                             ///< `optimal` or why training stopped
  std::string provenance;                         ///< data file, samples, version that made it
  std::vector<double> dual_vector = {};           ///< of the proof (Report::dual_vector), where the loss needs one

  /// Writes versioned JSON with 17 significant digits, to a temporary file first and then renamed.
  /// \throws EnvironmentError when the file cannot be written, DataError when `load` would refuse it.
  void save(const std::string& path) const;

  /// \throws DataError when the file is no model, is damaged (lengths, finite numbers, unit directions are checked) or of a later version.
  static Model load(const std::string& path);

  /// The same file to and from a stream, which `name` stands for in messages. \throws as `save` and `load`; a stream that fails is the caller's to
  /// see
  void write(std::ostream& stream, const std::string& name = "model") const;
  static Model read(std::istream& stream, const std::string& name = "model");
};

}  // namespace neuspec NEUSPEC_API

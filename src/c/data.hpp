// Where a call's samples come from.
#pragma once

#include <memory>
#include <variant>

#include "c/arrays.hpp"
#include "c/options.hpp"
#include "distribute/ranks.hpp"
#include "neuspec/moments.hpp"
#include "neuspec/network.hpp"

namespace neuspec::c {

using read::Arrays;

struct MomentsHandle final : Object {
  static constexpr const char* kind = "moments";

  Moments moments;
  std::shared_ptr<const Options> options;  ///< null: the usual ones
};

struct ModelHandle final : Object {
  static constexpr const char* kind = "a model";

  Model model;
  std::optional<Report> report;  ///< of its training, in this process
  Texts texts;
};

/// Of a file: its features, in `table.x`, are shared by all that is made of it.
struct FileData {
  Table table;
};

struct Sizes {
  Index samples = 0, features = 0, targets = 0;
};

struct Data final : Object {
  static constexpr const char* kind = "data";

  std::variant<Arrays, FileData, std::shared_ptr<const MomentsHandle>> samples;
  std::shared_ptr<const Ranks> ranks;  ///< that share the samples out, which are then this one's part; null: these are all

  bool are_moments() const { return std::holds_alternative<std::shared_ptr<const MomentsHandle>>(samples); }
  /// The sum of those of all ranks, where there are any. Collective. \throws UsageError where there are samples
  std::shared_ptr<const Moments> moments() const;
  /// What they are called in a model's provenance.
  std::string origin() const;
  Sizes size() const;

  /// How a model trained on them with these options takes columns apart. Collective. \throws DataError as `learn_preprocessing`
  Preprocessing learn(const Options& options) const;
  /// The samples behind such a preparation: on ranks, of this one and of all. \throws DataError where they do not fit it, UsageError for moments
  std::shared_ptr<const Source> own_source(const Preprocessing& preparation) const;
  std::shared_ptr<const Source> source(const Preprocessing& preparation) const { return of_ranks(own_source(preparation)); }
  std::shared_ptr<const Source> of_ranks(std::shared_ptr<const Source> own) const;
  /// The features alone, of this rank.
  std::shared_ptr<const Source> features(const Preprocessing& preparation) const;

  /// Calls body; what goes wrong in it on one rank does so on all.
  template <class Body>
  auto together(const Body& body) const {
    return ranks ? ranks->together(body) : body();
  }
};

/// Columns of samples without names: features, then targets, as those of a file without a header.
Preprocessing nameless(Index features, Index targets);

}  // namespace neuspec::c

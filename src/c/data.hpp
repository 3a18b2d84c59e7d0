// Where a call's samples come from.
#pragma once

#include <memory>
#include <variant>

#include "c/arrays.hpp"
#include "c/options.hpp"
#include "neuspec/moments.hpp"
#include "neuspec/network.hpp"

namespace neuspec::c {

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

struct Data final : Object {
  static constexpr const char* kind = "data";

  std::variant<Arrays, FileData, std::shared_ptr<const MomentsHandle>> samples;

  bool are_moments() const { return std::holds_alternative<std::shared_ptr<const MomentsHandle>>(samples); }
  /// \throws UsageError where there are samples
  const Moments& moments() const;
  /// What they are called in a model's provenance.
  std::string origin() const;

  /// How a model trained on them with these options takes columns apart. \throws DataError as `learn_preprocessing`
  Preprocessing learn(const Options& options) const;
  /// The samples behind such a preparation. \throws DataError where they do not fit it, UsageError for moments
  std::shared_ptr<const Source> source(const Preprocessing& preparation) const;
  /// Their features alone.
  std::shared_ptr<const Source> features(const Preprocessing& preparation) const;
};

/// Columns of samples without names: features, then targets, as those of a file without a header.
Preprocessing nameless(Index features, Index targets);

}  // namespace neuspec::c

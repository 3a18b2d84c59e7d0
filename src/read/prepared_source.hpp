/// \file prepared_source.hpp
/// The samples of a table as a network sees them, made anew at every visit.
#pragma once

#include <cstdint>
#include <vector>

#include "neuspec/preprocessing.hpp"

namespace neuspec::read {

class PreparedSource final : public Source {
 public:
  /// \throws DataError when the table does not fit the map, as Preprocessing::dataset_of
  PreparedSource(const Preprocessing& map, Table table);
  PreparedSource(const PreparedSource&) = delete;
  PreparedSource& operator=(const PreparedSource&) = delete;

  Index samples() const override { return table_.samples; }
  Index features() const override { return features_; }
  Index targets() const override { return targets_; }
  void visit(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  void visit_targets(Index chunk_samples, const std::function<void(const Chunk&)>& visitor) const override;
  /// None of block means, which are fewer numbers than the pixels.
  StoredForm stored_form() const override;

 private:
  class Rows final : public StoredFeatures {
   public:
    explicit Rows(const Table& table) : table_(table) {}
    void read(Index first, Index count, double* to) const override { table_.read_features(first, count, to); }
    bool in_range() const override { return false; }
    NumberType type() const override { return table_.stored_type(); }
    void read_as_stored(Index first, Index count, void* to) const override { table_.read_stored(first, count, to); }

   private:
    const Table& table_;
  };
  void visit_chunks(Index chunk_samples, bool with_features, const std::function<void(const Chunk&)>& visitor) const;

  Preprocessing map_;
  Table table_;
  Index features_, targets_;
  Rows rows_;
  std::vector<std::uint32_t> classes_;  // of each sample, where targets are encoded labels: the table then has none
};

}  // namespace neuspec::read

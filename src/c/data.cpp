#include "c/data.hpp"

#include <algorithm>
#include <utility>

#include "distribute/ranked_source.hpp"
#include "moments/over_ranks.hpp"
#include "read/held.hpp"
#include "read/learn.hpp"
#include "read/prepared_source.hpp"
#include "read/range.hpp"

namespace neuspec::c {
namespace {

std::vector<std::string> numbered(const char* letter, Index count) {
  std::vector<std::string> names;
  for (Index i = 0; i < count; ++i) names.push_back(letter + std::to_string(i));
  return names;
}

/// Features of a table that several others share.
class SharedFeatures final : public StoredFeatures {
 public:
  explicit SharedFeatures(Table table) : table_(std::move(table)) {}
  void read(Index first, Index count, double* to) const override { table_.read_features(first, count, to); }
  bool in_range() const override { return false; }
  NumberType type() const override { return table_.stored_type(); }
  void read_as_stored(Index first, Index count, void* to) const override { table_.read_stored(first, count, to); }

 private:
  Table table_;
};

/// The arrays as the table of a file: targets are copied, features are not.
Table table_of(const Arrays& arrays) {
  const Preprocessing columns = nameless(arrays.features, arrays.targets);
  Table table;
  table.path = table.target_path = "data";
  table.samples = arrays.samples;
  table.features = arrays.features;
  table.targets = arrays.targets;
  table.x = std::make_shared<const read::ArrayFeatures>(arrays.x);
  table.y.resize(static_cast<std::size_t>(arrays.samples * arrays.targets));
  if (arrays.y) arrays.y->read(0, arrays.samples, table.y.data());
  table.feature_names = columns.feature_names;
  table.target_names = columns.target_names;
  table.columns = columns.columns;
  return table;
}

/// Nothing is made of the columns.
bool takes_all_as_it_is(const Preprocessing& p) { return p.encoding == Encoding::none && p.mean.empty() && p.window_height == 0; }

/// Whether a column holds nothing but −1 and +1, on all ranks.
bool are_signs(const Arrays& arrays, const Ranks* ranks) {
  bool signs = true;
  read::ArraySource(arrays).visit_targets(visited_samples, [&](const Chunk& chunk) {
    signs = signs && std::all_of(chunk.y, chunk.y + chunk.samples * arrays.targets, [](double y) { return y == 1 || y == -1; });
  });
  return ranks == nullptr ? signs : ranks->smallest(signs ? 1 : 0) > 0;
}

std::shared_ptr<const Source> source_of(const Arrays& arrays, const Preprocessing& preparation) {
  if (takes_all_as_it_is(preparation)) return std::make_shared<read::ArraySource>(arrays);
  auto prepared = std::make_shared<read::PreparedSource>(preparation, table_of(arrays));
  if (!arrays.weights) return prepared;
  return std::make_shared<WeightedSource>(std::move(prepared), arrays.weights);
}

Preprocessing learn_from(const Arrays& arrays, const Options& options, const Ranks* ranks) {
  PreprocessingOptions wanted = options.preparation(arrays.targets);
  const bool weighs = wanted.balance_classes || !wanted.class_weights.empty();
  if (wanted.encoding == Encoding::binary && !weighs && are_signs(arrays, ranks)) wanted.encoding = Encoding::none;
  const bool nothing = wanted.encoding == Encoding::none && !wanted.standardize && wanted.window_height == 0 && !weighs;
  if (nothing) return nameless(arrays.features, arrays.targets);
  check_range(read::ArraySource(arrays));
  return read::learn(table_of(arrays), wanted, ranks);
}

}  // namespace

Preprocessing nameless(Index features, Index targets) {
  Preprocessing columns;
  columns.feature_names = numbered("x", features);
  columns.target_names = numbered("y", targets);
  columns.columns.count = features + targets;
  for (Index k = 0; k < targets; ++k) columns.columns.targets.push_back(features + k);
  return columns;
}

std::shared_ptr<const Moments> Data::moments() const {
  const auto* sums = std::get_if<std::shared_ptr<const MomentsHandle>>(&samples);
  if (sums == nullptr) throw UsageError("the data are samples, not moments");
  if (ranks) return std::make_shared<const Moments>(sum_over_ranks((*sums)->moments, *ranks));
  return {*sums, &(*sums)->moments};
}

Sizes Data::size() const {
  if (const auto* arrays = std::get_if<Arrays>(&samples)) return {arrays->samples, arrays->features, arrays->targets};
  if (const auto* file = std::get_if<FileData>(&samples)) return {file->table.samples, file->table.features, file->table.targets};
  const Moments& sums = std::get<std::shared_ptr<const MomentsHandle>>(samples)->moments;
  return {sums.samples(), sums.features(), sums.targets()};
}

std::string Data::origin() const {
  if (const auto* file = std::get_if<FileData>(&samples)) return file->table.path;
  return are_moments() ? "moments" : "arrays";
}

Preprocessing Data::learn(const Options& options) const {
  if (const auto* arrays = std::get_if<Arrays>(&samples)) {
    if (arrays->targets == 0) throw UsageError("the data have no targets to train on");
    return learn_from(*arrays, options, ranks.get());
  }
  const Table& table = std::get<FileData>(samples).table;
  if (table.targets == 0) throw DataError(table.path + ": there are no targets; give a file of them as the option labels");
  return read::learn(table, options.preparation(table.targets), ranks.get());
}

std::shared_ptr<const Source> Data::own_source(const Preprocessing& preparation) const {
  if (are_moments()) throw UsageError("single samples are needed; moments are sums of them");
  if (const auto* arrays = std::get_if<Arrays>(&samples)) return source_of(*arrays, preparation);
  return preparation.source_of(std::get<FileData>(samples).table);
}

std::shared_ptr<const Source> Data::of_ranks(std::shared_ptr<const Source> own) const {
  return ranks ? std::make_shared<RankedSource>(std::move(own), ranks) : std::move(own);
}

std::shared_ptr<const Source> Data::features(const Preprocessing& preparation) const {
  if (are_moments()) return own_source(preparation);
  Data alone;
  if (const auto* arrays = std::get_if<Arrays>(&samples)) {
    alone.samples = Arrays{arrays->samples, arrays->features, 0, arrays->x, nullptr, nullptr};
  } else {
    Table table = std::get<FileData>(samples).table;
    table.targets = 0;
    table.y.clear();
    alone.samples = FileData{std::move(table)};
  }
  return alone.own_source(preparation);
}

}  // namespace neuspec::c

using namespace neuspec::c;
using neuspec::ArrayView;
using neuspec::read::arrays_of;
using neuspec::read::check_sizes;

namespace {

std::shared_ptr<Data> data_of(const Sizes& sizes, const neuspec_array* x, const neuspec_array* y, const neuspec_array* weights) {
  check_sizes(sizes.samples, sizes.features, sizes.targets, y != nullptr);
  const ArrayView features = view_of("features", x), targets = sizes.targets > 0 ? view_of("targets", y) : ArrayView(),
                  of_samples = weights != nullptr ? view_of("weights", weights) : ArrayView();
  auto data = std::make_shared<Data>();
  data->samples = arrays_of(sizes.samples, sizes.features, sizes.targets, features, targets, of_samples);
  return data;
}

/// What text a table keeps is small; its features are shared from now on.
neuspec::Table shared_table(neuspec::Table table) {
  if (std::holds_alternative<std::shared_ptr<const neuspec::StoredFeatures>>(table.x)) return table;
  neuspec::Table light;
  std::swap(light, table);
  neuspec::Table features;
  features.samples = light.samples;
  features.features = light.features;
  features.x = std::move(light.x);
  light.x = std::make_shared<const SharedFeatures>(std::move(features));
  return light;
}

}  // namespace

extern "C" {

int neuspec_data_from_arrays(int64_t samples, int64_t features, int64_t targets, const neuspec_array* x, const neuspec_array* y,
                             const neuspec_array* weights, neuspec_data** data) {
  return making(nullptr, data, "data", [&] { return data_of({samples, features, targets}, x, y, weights); });
}

int neuspec_data_from_file(const char* path, const neuspec_options* options, const neuspec_model* like, neuspec_data** data) {
  return making(options, data, "data", [&] {
    const std::string name = text_of(path, "path");
    const auto given = get_optional<Options>(options);
    const auto model = get_optional<ModelHandle>(like);
    auto result = std::make_shared<Data>();
    if (neuspec::Moments::is_file(name)) {
      auto sums = std::make_shared<MomentsHandle>();
      sums->moments = neuspec::Moments::load(name);
      result->samples = std::shared_ptr<const MomentsHandle>(std::move(sums));
      return result;
    }
    neuspec::ReadOptions reading = given ? given->reading() : Options().reading();
    if (model) reading.like = &model->model.preprocessing;
    result->samples = FileData{shared_table(neuspec::read_table(name, reading))};
    return result;
  });
}

int neuspec_data_from_moments(const neuspec_moments* moments, neuspec_data** data) {
  return making(moments, data, "data", [&] {
    auto result = std::make_shared<Data>();
    result->samples = std::shared_ptr<const MomentsHandle>(get<MomentsHandle>(moments));
    return result;
  });
}

int neuspec_data_size(const neuspec_data* data, int64_t* samples, int64_t* features, int64_t* targets) {
  return guarded(data, [&] {
    const Sizes size = get<Data>(data)->size();
    if (samples != nullptr) *samples = size.samples;
    if (features != nullptr) *features = size.features;
    if (targets != nullptr) *targets = size.targets;
  });
}

}  // extern "C"

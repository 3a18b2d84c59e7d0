#include "c/options.hpp"

#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include "network/encoding.hpp"
#include "text/number.hpp"

namespace neuspec::c {
namespace {

/// As SettingInfo, of what a solve does not know.
struct OptionInfo {
  const char* name;
  SettingType type;
  const char* values;
  const char* meaning;
  void (*set)(Options&, const std::string& value);
  std::string (*get)(const Options&);
};

std::string quoted(const char* name, const std::string& value) { return std::string(name) + " '" + value + "'"; }

double positive(const char* name, const std::string& value) {
  const auto number = parse_number<double>(value);
  if (!number || !std::isfinite(*number) || !(*number > 0)) throw UsageError(quoted(name, value) + ": give a finite number above 0");
  return *number;
}

bool parse_flag(const char* name, const std::string& value) {
  if (value != "yes" && value != "no") throw UsageError(quoted(name, value) + ": give yes or no");
  return value == "yes";
}
std::string flag_text(bool value) { return value ? "yes" : "no"; }
std::string number_text(const std::optional<double>& value) { return value ? format_number(*value) : ""; }

std::vector<std::string> list_of(const char* name, const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; !text.empty() && begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    if (items.back().empty()) throw UsageError(quoted(name, text) + ": an item of the list is empty");
    begin = end + 1;
  }
  return items;
}

std::vector<double> class_weights_of(const std::string& text) {
  std::vector<double> weights;
  if (text == "balanced") return weights;
  for (const std::string& item : list_of("class-weights", text)) weights.push_back(positive("class-weights", item));
  return weights;
}

std::pair<Index, Index> window_of(const std::string& text) {
  if (text.empty()) return {0, 0};
  const std::string_view all = text;
  const std::size_t cross = all.find('x');
  const auto height = parse_number<Index>(all.substr(0, cross));
  const auto width = cross == std::string_view::npos ? std::nullopt : parse_number<Index>(all.substr(cross + 1));
  if (!height || !width || *height < 1 || *width < 1) throw UsageError(quoted("downsample", text) + ": give two integers from 1, for example 4x4");
  return {*height, *width};
}

Header header_of(const std::string& text) {
  if (text == "auto") return Header::automatic;
  if (text != "yes" && text != "no") throw UsageError(quoted("header", text) + ": give auto, yes or no");
  return text == "yes" ? Header::present : Header::absent;
}

constexpr std::array<OptionInfo, 13> table = {{
    {"loss", SettingType::text, "squared|absolute|huber[:DELTA]|logistic|squared_hinge|hinge|softmax", "loss, summed over samples",
     [](Options& options, const std::string& value) { options.problem.loss = Loss::parse(value); },
     [](const Options& options) { return options.problem.loss.name(); }},
    {"activation", SettingType::text, "relu|quadratic|linear or a,b,c", "a t^2 + b t + c; relu is the parabola closest to it on [-5, 5]",
     [](Options& options, const std::string& value) { options.problem.activation = Activation::parse(value); },
     [](const Options& options) { return options.problem.activation.name(); }},
    {"arch", SettingType::text, "dense|conv1d:length=12,filter=4,...|conv2d:height=6,width=6,filter=3x3,...", "what a neuron sees of a sample",
     [](Options& options, const std::string& value) { options.problem.architecture = Architecture::parse(value); },
     [](const Options& options) { return options.problem.architecture.name(); }},
    {"bias", SettingType::flag, "yes|no", "an intercept an output that is not penalised",
     [](Options& options, const std::string& value) { options.problem.bias = parse_flag("bias", value); },
     [](const Options& options) { return flag_text(options.problem.bias); }},
    {"beta", SettingType::number, "number above 0", "weight of the penalty, the sum of |alpha| over neurons",
     [](Options& options, const std::string& value) {
       options.beta = positive("beta", value);
       options.beta_ratio.reset();
     },
     [](const Options& options) { return number_text(options.beta); }},
    {"beta-ratio", SettingType::number, "number above 0", "the same as a share of beta_max, from where on the network is zero",
     [](Options& options, const std::string& value) {
       options.beta_ratio = positive("beta-ratio", value);
       options.beta.reset();
     },
     [](const Options& options) { return number_text(options.beta_ratio); }},
    {"standardize", SettingType::flag, "yes|no", "give features mean 0 and standard deviation 1; kept in the model",
     [](Options& options, const std::string& value) { options.standardize = parse_flag("standardize", value); },
     [](const Options& options) { return flag_text(options.standardize); }},
    {"one-vs-rest", SettingType::flag, "yes|no", "turn one column of class labels into a target of -1 or +1 for each class",
     [](Options& options, const std::string& value) { options.one_vs_rest = parse_flag("one-vs-rest", value); },
     [](const Options& options) { return flag_text(options.one_vs_rest); }},
    {"class-weights", SettingType::text, "balanced, or a number a class, comma-separated, by ascending label", "weigh samples by class",
     [](Options& options, const std::string& value) {
       class_weights_of(value);
       options.class_weights = value;
     },
     [](const Options& options) { return options.class_weights; }},
    {"downsample", SettingType::text, "HxW", "of files of images: average over windows of that size",
     [](Options& options, const std::string& value) {
       window_of(value);
       options.window = value;
     },
     [](const Options& options) { return options.window; }},
    {"target", SettingType::text, "names or positions from 0, comma-separated; none: the last column", "of files: the target columns",
     [](Options& options, const std::string& value) {
       list_of("target", value);
       options.targets = value;
     },
     [](const Options& options) { return options.targets; }},
    {"labels", SettingType::text, "name of a file", "of files: where the targets are, one row a sample",
     [](Options& options, const std::string& value) { options.labels = value; }, [](const Options& options) { return options.labels; }},
    {"header", SettingType::text, "auto|yes|no", "of CSV files: whether the first line names the columns; auto refuses to guess",
     [](Options& options, const std::string& value) {
       header_of(value);
       options.header = value;
     },
     [](const Options& options) { return options.header; }},
}};

template <class Info>
const Info* find(std::span<const Info> rows, const std::string& name) {
  for (const Info& row : rows) {
    if (name == row.name) return &row;
  }
  return nullptr;
}
const OptionInfo* find_own(const std::string& name) { return find(std::span<const OptionInfo>(table), name); }

const SettingInfo& find_setting(const std::string& name) {
  const SettingInfo* setting = find(settings_table(), name);
  if (setting == nullptr) throw UsageError("there is no option '" + name + "'");
  return *setting;
}

void set(Options& options, const std::string& name, const std::string& value) {
  if (const OptionInfo* own = find_own(name)) {
    own->set(options, value);
  } else {
    find_setting(name).set(options.settings, value);
  }
}

std::string get_text(const Options& options, const std::string& name) {
  const OptionInfo* own = find_own(name);
  return own != nullptr ? own->get(options) : find_setting(name).get(options.settings);
}

template <class Text>
int set_guarded(neuspec_options* options, const char* name, const Text& text) {
  return guarded(options, [&] {
    const auto object = get<Options>(options);
    object->texts.clear();
    set(*object, text_of(name, "name"), text());
  });
}

int64_t count() { return static_cast<int64_t>(table.size() + settings_table().size()); }

template <class Info>
neuspec_option described(const Info& row) {
  return {row.name, static_cast<int32_t>(row.type), row.values, nullptr, row.meaning};
}

/// Defaults as texts, made once.
const std::vector<std::string>& initial_texts() {
  static const std::vector<std::string> texts = [] {
    const Options options;
    std::vector<std::string> all;
    for (const OptionInfo& row : table) all.push_back(row.get(options));
    for (const SettingInfo& row : settings_table()) all.push_back(row.get(options.settings));
    return all;
  }();
  return texts;
}

}  // namespace

ReadOptions Options::reading() const {
  ReadOptions read;
  read.targets = list_of("target", targets);
  read.labels_file = labels;
  read.header = header_of(header);
  read.labels = one_vs_rest || problem.loss.classification() ? Labels::any : Labels::numbers;
  return read;
}

PreprocessingOptions Options::preparation(Index targets_of_data) const {
  PreprocessingOptions result;
  result.standardize = standardize;
  result.encoding = encoding_of(problem.loss, targets_of_data, one_vs_rest);
  result.balance_classes = class_weights == "balanced";
  result.class_weights = class_weights_of(class_weights);
  std::tie(result.window_height, result.window_width) = window_of(window);
  return result;
}

neuspec_progress progress_of(const Progress& state) {
  return {state.seconds, state.iterations, state.primal, state.dual, state.relative_gap, state.neurons};
}

}  // namespace neuspec::c

using namespace neuspec::c;

extern "C" {

int64_t neuspec_option_count(void) { return count(); }

int neuspec_option_describe(int64_t index, neuspec_option* option) {
  return guarded(nullptr, [&] {
    neuspec_option& result = required(option, "option");
    if (index < 0 || index >= count()) throw neuspec::UsageError("options are counted from 0 to " + std::to_string(count() - 1));
    const auto i = static_cast<std::size_t>(index);
    const std::string& initial = initial_texts()[i];
    result = i < table.size() ? described(table[i]) : described(neuspec::settings_table()[i - table.size()]);
    result.initial = initial.c_str();
  });
}

int neuspec_options_create(neuspec_options** options) {
  return making(nullptr, options, "options", [] { return std::make_shared<Options>(); });
}

int neuspec_options_set(neuspec_options* options, const char* name, const char* value) {
  return set_guarded(options, name, [&] { return text_of(value, "value"); });
}

int neuspec_options_set_double(neuspec_options* options, const char* name, double value) {
  return set_guarded(options, name, [&] { return neuspec::format_number(value); });
}

int neuspec_options_set_int64(neuspec_options* options, const char* name, int64_t value) {
  return set_guarded(options, name, [&] { return neuspec::format_number(value); });
}

int neuspec_options_set_flag(neuspec_options* options, const char* name, int value) {
  return set_guarded(options, name, [&] { return flag_text(value != 0); });
}

int neuspec_options_get(const neuspec_options* options, const char* name, const char** value) {
  return guarded(options, [&] {
    const auto object = get<Options>(options);
    const char*& result = required(value, "value");
    const std::string wanted = text_of(name, "name");
    result = object->texts.keep(wanted, get_text(*object, wanted));
  });
}

}  // extern "C"

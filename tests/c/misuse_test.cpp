// Every entry point with every handle that is none: an error code and a message, nothing else.
#include <algorithm>
#include <fstream>
#include <functional>
#include <set>

#include "c/handles.hpp"
#include "support/random_problem.hpp"

namespace neuspec::test {
namespace {

/// Good handles to stand beside a bad one.
struct Good {
  Random random{1};
  Dataset samples = random_dataset(random, 30, 2, 1);
  OptionsHandle options = options_with({{"beta", "1"}});
  DataHandle data = data_of(samples);
  MomentsHandle moments;
  ModelHandle model;

  Good() {
    EXPECT_OK(neuspec_moments_create(nullptr, moments.made()));
    EXPECT_OK(neuspec_moments_add(moments, data));
    EXPECT_OK(neuspec_fit(data, options, nullptr, model.made()));
  }
};

/// A place for whatever a call may write.
struct Out {
  double numbers[64] = {};
  int64_t integers[64] = {};
  const char* text = nullptr;
  size_t size = 0;
  neuspec_certificate proof{};
  neuspec_data* data = nullptr;
  neuspec_model* model = nullptr;
  neuspec_moments* moments = nullptr;
  neuspec_model* models[2] = {};
};

enum class Kind { options, data, moments, model, any };

/// A call with one handle left open; NULL may be allowed there.
struct Call {
  const char* name;
  Kind kind;
  bool takes_null;
  std::function<int(const void*)> call;
};

template <class T>
T* as(const void* handle) {
  return static_cast<T*>(const_cast<void*>(handle));
}

std::vector<Call> calls(Good& good, Out& out) {
  using O = neuspec_options;
  using D = neuspec_data;
  using S = neuspec_moments;
  using M = neuspec_model;
  static const double one[] = {1};
  static const neuspec_array array = {one, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
  return {
      {"neuspec_options_set", Kind::options, false, [](auto h) { return neuspec_options_set(as<O>(h), "beta", "1"); }},
      {"neuspec_options_set_double", Kind::options, false, [](auto h) { return neuspec_options_set_double(as<O>(h), "beta", 1); }},
      {"neuspec_options_set_int64", Kind::options, false, [](auto h) { return neuspec_options_set_int64(as<O>(h), "seed", 1); }},
      {"neuspec_options_set_flag", Kind::options, false, [](auto h) { return neuspec_options_set_flag(as<O>(h), "bias", 0); }},
      {"neuspec_options_get", Kind::options, false, [&](auto h) { return neuspec_options_get(as<O>(h), "beta", &out.text); }},
      {"neuspec_options_on_progress", Kind::options, false, [](auto h) { return neuspec_options_on_progress(as<O>(h), nullptr, nullptr); }},
      {"neuspec_options_on_checkpoint", Kind::options, false, [](auto h) { return neuspec_options_on_checkpoint(as<O>(h), 1, nullptr, nullptr); }},
      {"neuspec_options_resume", Kind::options, false, [](auto h) { return neuspec_options_resume(as<O>(h), nullptr, 0); }},
      {"neuspec_options_on_stop", Kind::options, false, [](auto h) { return neuspec_options_on_stop(as<O>(h), nullptr, nullptr); }},
      {"neuspec_data_from_file", Kind::options, true, [&](auto h) { return neuspec_data_from_file("/none", as<O>(h), nullptr, &out.data); }},
      {"neuspec_data_from_file", Kind::model, true, [&](auto h) { return neuspec_data_from_file("/none", nullptr, as<M>(h), &out.data); }},
      {"neuspec_data_from_moments", Kind::moments, false, [&](auto h) { return neuspec_data_from_moments(as<S>(h), &out.data); }},
      {"neuspec_data_size", Kind::data, false, [&](auto h) { return neuspec_data_size(as<D>(h), out.integers, nullptr, nullptr); }},
      {"neuspec_data_set_ranks", Kind::data, false, [](auto h) { return neuspec_data_set_ranks(as<D>(h), 0, NEUSPEC_ANY_ORDER); }},
      {"neuspec_beta_max", Kind::data, false, [&](auto h) { return neuspec_beta_max(as<D>(h), good.options, out.numbers); }},
      {"neuspec_beta_max", Kind::options, false, [&](auto h) { return neuspec_beta_max(good.data, as<O>(h), out.numbers); }},
      {"neuspec_fit", Kind::data, false, [&](auto h) { return neuspec_fit(as<D>(h), good.options, nullptr, &out.model); }},
      {"neuspec_fit", Kind::options, false, [&](auto h) { return neuspec_fit(good.data, as<O>(h), nullptr, &out.model); }},
      {"neuspec_fit", Kind::model, true, [&](auto h) { return neuspec_fit(good.data, good.options, as<M>(h), &out.model); }},
      {"neuspec_path", Kind::data, false,
       [&](auto h) { return neuspec_path(as<D>(h), good.options, one, 1, nullptr, nullptr, nullptr, out.models, out.integers); }},
      {"neuspec_path", Kind::options, false,
       [&](auto h) { return neuspec_path(good.data, as<O>(h), one, 1, nullptr, nullptr, nullptr, out.models, out.integers); }},
      {"neuspec_path", Kind::model, true,
       [&](auto h) { return neuspec_path(good.data, good.options, one, 1, as<M>(h), nullptr, nullptr, out.models, out.integers); }},
      {"neuspec_certify", Kind::model, false, [&](auto h) { return neuspec_certify(as<M>(h), good.data, nullptr, &out.proof); }},
      {"neuspec_certify", Kind::data, false, [&](auto h) { return neuspec_certify(good.model, as<D>(h), nullptr, &out.proof); }},
      {"neuspec_certify", Kind::options, true, [&](auto h) { return neuspec_certify(good.model, good.data, as<O>(h), &out.proof); }},
      {"neuspec_predict", Kind::model, false,
       [&](auto h) { return neuspec_predict(as<M>(h), good.data, nullptr, out.numbers, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0); }},
      {"neuspec_predict", Kind::data, false,
       [&](auto h) { return neuspec_predict(good.model, as<D>(h), nullptr, out.numbers, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0); }},
      {"neuspec_predict", Kind::options, true,
       [&](auto h) { return neuspec_predict(good.model, good.data, as<O>(h), out.numbers, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0); }},
      {"neuspec_model_double", Kind::model, false, [&](auto h) { return neuspec_model_double(as<M>(h), "primal", out.numbers); }},
      {"neuspec_model_int64", Kind::model, false, [&](auto h) { return neuspec_model_int64(as<M>(h), "neurons", out.integers); }},
      {"neuspec_model_text", Kind::model, false, [&](auto h) { return neuspec_model_text(as<M>(h), "loss", &out.text); }},
      {"neuspec_model_history", Kind::model, false, [&](auto h) { return neuspec_model_history(as<M>(h), nullptr, 0, out.integers); }},
      {"neuspec_model_network", Kind::model, false,
       [&](auto h) { return neuspec_model_network(as<M>(h), nullptr, out.numbers, nullptr, nullptr, nullptr); }},
      {"neuspec_model_create", Kind::options, false,
       [&](auto h) { return neuspec_model_create(as<O>(h), 1, 1, 1, one, one, nullptr, nullptr, nullptr, &out.model); }},
      {"neuspec_model_save", Kind::model, false, [](auto h) { return neuspec_model_save(as<M>(h), "/dev/null"); }},
      {"neuspec_model_to_memory", Kind::model, false, [&](auto h) { return neuspec_model_to_memory(as<M>(h), nullptr, 0, &out.size); }},
      {"neuspec_moments_create", Kind::options, true, [&](auto h) { return neuspec_moments_create(as<O>(h), &out.moments); }},
      {"neuspec_moments_add", Kind::moments, false, [&](auto h) { return neuspec_moments_add(as<S>(h), good.data); }},
      {"neuspec_moments_add", Kind::data, false, [&](auto h) { return neuspec_moments_add(good.moments, as<D>(h)); }},
      {"neuspec_moments_merge", Kind::moments, false, [&](auto h) { return neuspec_moments_merge(as<S>(h), good.moments); }},
      {"neuspec_moments_merge", Kind::moments, false, [&](auto h) { return neuspec_moments_merge(good.moments, as<S>(h)); }},
      {"neuspec_moments_subtract", Kind::moments, false, [&](auto h) { return neuspec_moments_subtract(as<S>(h), good.moments); }},
      {"neuspec_moments_subtract", Kind::moments, false, [&](auto h) { return neuspec_moments_subtract(good.moments, as<S>(h)); }},
      {"neuspec_moments_size", Kind::moments, false, [&](auto h) { return neuspec_moments_size(as<S>(h), out.integers, nullptr, nullptr); }},
      {"neuspec_moments_save", Kind::moments, false, [](auto h) { return neuspec_moments_save(as<S>(h), "/dev/null"); }},
      {"neuspec_moments_to_memory", Kind::moments, false, [&](auto h) { return neuspec_moments_to_memory(as<S>(h), nullptr, 0, &out.size); }},
      {"neuspec_free", Kind::any, true, [](auto h) { return neuspec_free(as<void>(h)); }},
      {"neuspec_data_from_arrays", Kind::any, false, [&](auto) { return neuspec_data_from_arrays(1, 1, 1, &array, nullptr, nullptr, &out.data); }},
  };
}

/// Those that take no handle.
const std::set<std::string> without_handle = {
    "neuspec_error_name",        "neuspec_message",      "neuspec_set_error_handler",  "neuspec_version",        "neuspec_abi",
    "neuspec_runtime_info",      "neuspec_option_count", "neuspec_option_describe",    "neuspec_options_create", "neuspec_model_load",
    "neuspec_model_from_memory", "neuspec_moments_load", "neuspec_moments_from_memory"};

TEST(CMisuse, OfEveryHandleIsAnErrorThatSaysSo) {
  Good good;
  Out out;
  neuspec_data* freed = nullptr;
  const neuspec_array x = rows(good.samples.x());
  ASSERT_OK(neuspec_data_from_arrays(2, 2, 0, &x, nullptr, nullptr, &freed));
  ASSERT_OK(neuspec_free(freed));
  neuspec_options* freed_options = nullptr;
  ASSERT_OK(neuspec_options_create(&freed_options));
  ASSERT_OK(neuspec_free(freed_options));
  int no_handle = 0;
  const std::pair<Kind, const void*> kinds[] = {
      {Kind::options, good.options}, {Kind::data, good.data}, {Kind::moments, good.moments}, {Kind::model, good.model}};

  std::set<std::string> called = without_handle;
  for (const Call& call : calls(good, out)) {
    SCOPED_TRACE(call.name);
    called.insert(call.name);
    std::vector<const void*> bad = {freed, freed_options, &no_handle, &good};
    if (!call.takes_null) bad.push_back(nullptr);
    for (const auto& [kind, handle] : kinds) {
      if (call.kind != Kind::any && kind != call.kind) bad.push_back(handle);
    }
    for (const void* handle : bad) {
      EXPECT_EQ(call.call(handle), NEUSPEC_ERROR_USAGE);
      EXPECT_NE(std::string(neuspec_message(nullptr)), "");
    }
  }
  // Nothing that was good is worse for it.
  EXPECT_EQ(integer(good.model, "status"), NEUSPEC_OPTIMAL);

  // And no entry point was left out.
  std::ifstream list(NEUSPEC_C_SYMBOLS);
  std::set<std::string> all;
  for (std::string name; std::getline(list, name);) all.insert(name);
  EXPECT_EQ(called, all);
}

TEST(CMisuse, OfPointersToResultsIsAnError) {
  Good good;
  const neuspec_array x = rows(good.samples.x());
  const double one[] = {1};
  neuspec_model* models[1] = {};
  int64_t done = 0;
  const std::pair<const char*, int> results[] = {
      {"info", neuspec_runtime_info(nullptr)},
      {"option", neuspec_option_describe(0, nullptr)},
      {"options", neuspec_options_create(nullptr)},
      {"value", neuspec_options_get(good.options, "beta", nullptr)},
      {"checkpoint", neuspec_options_resume(good.options, nullptr, 8)},
      {"interval", neuspec_options_on_checkpoint(good.options, -1, nullptr, nullptr)},
      {"data", neuspec_data_from_arrays(30, 2, 0, &x, nullptr, nullptr, nullptr)},
      {"data", neuspec_data_from_file("/none", nullptr, nullptr, nullptr)},
      {"data", neuspec_data_from_moments(good.moments, nullptr)},
      {"beta_max", neuspec_beta_max(good.data, good.options, nullptr)},
      {"model", neuspec_fit(good.data, good.options, nullptr, nullptr)},
      {"models", neuspec_path(good.data, good.options, one, 1, nullptr, nullptr, nullptr, nullptr, &done)},
      {"done", neuspec_path(good.data, good.options, one, 1, nullptr, nullptr, nullptr, models, nullptr)},
      {"betas", neuspec_path(good.data, good.options, nullptr, 1, nullptr, nullptr, nullptr, models, &done)},
      {"count", neuspec_path(good.data, good.options, one, 0, nullptr, nullptr, nullptr, models, &done)},
      {"certificate", neuspec_certify(good.model, good.data, nullptr, nullptr)},
      {"outputs", neuspec_predict(good.model, good.data, nullptr, nullptr, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0)},
      {"value", neuspec_model_double(good.model, "primal", nullptr)},
      {"value", neuspec_model_int64(good.model, "neurons", nullptr)},
      {"value", neuspec_model_text(good.model, "loss", nullptr)},
      {"name", neuspec_model_text(good.model, nullptr, nullptr)},
      {"count", neuspec_model_history(good.model, nullptr, 0, nullptr)},
      {"points", neuspec_model_history(good.model, nullptr, 1, &done)},
      {"capacity", neuspec_model_history(good.model, nullptr, -1, &done)},
      {"model", neuspec_model_create(good.options, 1, 1, 1, one, one, nullptr, nullptr, nullptr, nullptr)},
      {"path", neuspec_model_save(good.model, nullptr)},
      {"model", neuspec_model_load("/none", nullptr)},
      {"path", neuspec_model_load(nullptr, models)},
      {"size", neuspec_model_to_memory(good.model, nullptr, 0, nullptr)},
      {"buffer", neuspec_model_from_memory(nullptr, 3, models)},
      {"moments", neuspec_moments_create(nullptr, nullptr)},
      {"path", neuspec_moments_save(good.moments, nullptr)},
      {"moments", neuspec_moments_load("/none", nullptr)},
      {"size", neuspec_moments_to_memory(good.moments, nullptr, 0, nullptr)},
  };
  for (const auto& [name, code] : results) EXPECT_EQ(code, NEUSPEC_ERROR_USAGE) << name;
  EXPECT_EQ(models[0], nullptr);
}

TEST(CMessages, AreKeptForTheHandleAndForTheThread) {
  const OptionsHandle first = options_with({}), second = options_with({});
  EXPECT_STREQ(neuspec_message(first), "");
  EXPECT_EQ(neuspec_options_set(first, "tol", "2"), NEUSPEC_ERROR_USAGE);
  EXPECT_STREQ(neuspec_message(first), "tol '2': allowed: number above 0 and below 1");
  EXPECT_EQ(neuspec_options_set(second, "wrong", "2"), NEUSPEC_ERROR_USAGE);
  EXPECT_STREQ(neuspec_message(second), "there is no option 'wrong'");
  EXPECT_STREQ(neuspec_message(nullptr), "there is no option 'wrong'");
  EXPECT_STREQ(neuspec_message(first), "tol '2': allowed: number above 0 and below 1");
  EXPECT_STREQ(neuspec_message(&first), "");
  // Cut where there is no room, and never without an end.
  const std::string much(100000, 'x');
  EXPECT_EQ(neuspec_options_set(first, much.c_str(), "2"), NEUSPEC_ERROR_USAGE);
  EXPECT_GT(std::string(neuspec_message(first)).size(), 1000U);
}

struct Told {
  int code = 0, count = 0;
  std::string message;
};

TEST(CMessages, GoToTheHostsHandler) {
  Told told;
  ASSERT_OK(neuspec_set_error_handler(
      [](int code, const char* message, void* user) {
        Told& seen = *static_cast<Told*>(user);
        seen.code = code;
        seen.message = message;
        ++seen.count;
      },
      &told));
  EXPECT_EQ(neuspec_model_load("/none/such", nullptr), NEUSPEC_ERROR_USAGE);
  neuspec_model* model = nullptr;
  EXPECT_EQ(neuspec_model_load("/none/such", &model), NEUSPEC_ERROR_DATA);
  ASSERT_OK(neuspec_set_error_handler(nullptr, nullptr));
  EXPECT_EQ(neuspec_model_load("/none/such", nullptr), NEUSPEC_ERROR_USAGE);
  EXPECT_EQ(told.count, 2);
  EXPECT_EQ(told.code, NEUSPEC_ERROR_DATA);
  EXPECT_EQ(told.message, "/none/such: cannot be read");
}

TEST(CMessages, EveryErrorHasItsName) {
  EXPECT_STREQ(neuspec_error_name(NEUSPEC_OK), "ok");
  EXPECT_STREQ(neuspec_error_name(NEUSPEC_ERROR_USAGE), "usage");
  EXPECT_STREQ(neuspec_error_name(NEUSPEC_ERROR_DATA), "data");
  EXPECT_STREQ(neuspec_error_name(NEUSPEC_ERROR_ENVIRONMENT), "environment");
  EXPECT_STREQ(neuspec_error_name(NEUSPEC_ERROR_MEMORY), "memory");
  EXPECT_STREQ(neuspec_error_name(NEUSPEC_ERROR_INTERNAL), "internal");
  EXPECT_STREQ(neuspec_error_name(1), "unknown");
}

}  // namespace
}  // namespace neuspec::test

// Reading text (bytes per second of the file) and the way of the Fashion-MNIST training images from the files to standardised features.
#include <benchmark/benchmark.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "neuspec/preprocessing.hpp"

namespace {

namespace fs = std::filesystem;

// Text that lives in a file as long as the benchmark.
class TextFile {
 public:
  TextFile(const char* ending, const std::string& text)
      : path_(fs::temp_directory_path() / ("neuspec_bench_" + std::to_string(::getpid()) + ending)) {
    std::ofstream file(path_);
    if (!file.write(text.data(), static_cast<std::streamsize>(text.size())).flush()) {
      throw std::runtime_error("cannot write " + path_.string());
    }
  }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  TextFile(TextFile&&) = delete;
  TextFile& operator=(TextFile&&) = delete;
  ~TextFile() { fs::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

constexpr int kRows = 100000, kColumns = 31;

// Normal numbers, printed by `number` and ended by `between` or, the last of a row, by `end`.
std::string rows_of(const char* number, const char* between, const char* end) {
  std::mt19937_64 generator(1);
  std::normal_distribution<double> normal;
  std::string text;
  std::array<char, 64> cell{};
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      std::snprintf(cell.data(), cell.size(), number, normal(generator));
      text.append(cell.data()).append(j + 1 < kColumns ? between : end);
    }
  }
  return text;
}

// A label and 30 pairs a line.
std::string libsvm_lines() {
  std::mt19937_64 generator(1);
  std::normal_distribution<double> normal;
  std::string text;
  std::array<char, 64> cell{};
  for (int i = 0; i < kRows; ++i) {
    text += std::to_string(i % 2);
    for (int j = 1; j < kColumns; ++j) {
      std::snprintf(cell.data(), cell.size(), " %d:%.6g", 3 * j, normal(generator));
      text += cell.data();
    }
    text += '\n';
  }
  return text;
}

// Bytes a second that one thread copies from memory to memory, the best of some times: what reading is measured by.
double copy_rate() {
  static const double rate = [] {
    const std::vector<char> from(std::size_t{1} << 28, 'x');
    std::vector<char> to(from.size());
    double best = 0;
    for (int i = 0; i < 8; ++i) {
      const auto start = std::chrono::steady_clock::now();
      std::copy(from.begin(), from.end(), to.begin());
      benchmark::DoNotOptimize(to.data());
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      best = std::max(best, static_cast<double>(from.size()) / seconds.count());
    }
    return best;
  }();
  return rate;
}

// `per_cpu` counts the processor's time of all threads, which a busy machine hardly changes; `of_copy` is the same as a part of the rate at which
// memory is copied.
void read_text(benchmark::State& state, const char* ending, const std::string& text) {
  const TextFile file(ending, text);
  omp_set_num_threads(static_cast<int>(state.range(0)));
  const double copied = copy_rate();
  const std::clock_t start = std::clock();
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(neuspec::read_table(file.path(), {.labels = neuspec::Labels::any}));
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, bytes = static_cast<double>(fs::file_size(file.path()));
  const double per_cpu = bytes * static_cast<double>(state.iterations()) / seconds;
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
  state.counters["per_cpu"] = benchmark::Counter(per_cpu, benchmark::Counter::kDefaults, benchmark::Counter::kIs1024);
  state.counters["of_copy"] = per_cpu / copied;
}

void each_number_of_threads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(read_text, csv_6_digits, ".csv", rows_of("%.6g", ",", "\n"))->Apply(each_number_of_threads);
BENCHMARK_CAPTURE(read_text, csv_17_digits, ".csv", rows_of("%.17g", ",", "\n"))->Apply(each_number_of_threads);
BENCHMARK_CAPTURE(read_text, csv_exponents, ".csv", rows_of("%.18e", ",", "\n"))->Apply(each_number_of_threads);
BENCHMARK_CAPTURE(read_text, csv_quoted_crlf, ".csv", rows_of("\"%.6g\"", ",", "\r\n"))->Apply(each_number_of_threads);
BENCHMARK_CAPTURE(read_text, blanks, ".txt", rows_of("%12.6g", " ", "\n"))->Apply(each_number_of_threads);
BENCHMARK_CAPTURE(read_text, libsvm, ".libsvm", libsvm_lines())->Apply(each_number_of_threads);

void fashion_mnist(benchmark::State& state) {
  const std::string folder = "/usr/share/datasets/fashion-mnist/";
  if (!fs::exists(folder)) {
    state.SkipWithError("the package dataset-fashion-mnist is not installed");
    return;
  }
  omp_set_num_threads(static_cast<int>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) {
    neuspec::ReadOptions options;
    options.labels_file = folder + "train-labels-idx1-ubyte.gz";
    const neuspec::Table table = neuspec::read_table(folder + "train-images-idx3-ubyte.gz", options);
    neuspec::PreprocessingOptions derived;
    derived.standardize = true;
    derived.encoding = neuspec::Encoding::one_vs_rest;
    derived.window_height = derived.window_width = state.range(1);
    const neuspec::Preprocessing preprocessing = neuspec::learn_preprocessing(table, derived);
    benchmark::DoNotOptimize(preprocessing.dataset_of(table));
  }
}
BENCHMARK(fashion_mnist)->ArgNames({"threads", "window"})->ArgsProduct({{1, 2}, {4, 1}})->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

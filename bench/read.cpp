// Reading CSV (bytes per second of the file) and the way of the Fashion-MNIST training images from the files to standardised features.
#include <benchmark/benchmark.h>
#include <omp.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include "neuspec/preprocessing.hpp"

namespace {

namespace fs = std::filesystem;

// A CSV file of normal numbers that lives as long as the benchmark.
class RandomCsv {
 public:
  RandomCsv(int rows, int columns, const char* format) : path_(fs::temp_directory_path() / ("neuspec_bench_" + std::to_string(::getpid()) + ".csv")) {
    std::mt19937_64 generator(1);
    std::normal_distribution<double> normal;
    std::ofstream file(path_);
    std::array<char, 64> text{};
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) {
        std::snprintf(text.data(), text.size(), format, normal(generator));
        file << text.data() << (j + 1 < columns ? ',' : '\n');
      }
    }
    if (!file.flush()) {
      throw std::runtime_error("cannot write " + path_.string());
    }
  }
  RandomCsv(const RandomCsv&) = delete;
  RandomCsv& operator=(const RandomCsv&) = delete;
  RandomCsv(RandomCsv&&) = delete;
  RandomCsv& operator=(RandomCsv&&) = delete;
  ~RandomCsv() { fs::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

void read_csv(benchmark::State& state, const char* format) {
  const RandomCsv csv(100000, 31, format);
  omp_set_num_threads(static_cast<int>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(neuspec::read_table(csv.path()));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(fs::file_size(csv.path())));
}
BENCHMARK_CAPTURE(read_csv, digits_17, "%.17g")->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_csv, digits_6, "%.6g")->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

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

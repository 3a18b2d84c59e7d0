// Planted data as large as a GPU wants them: normal features, for each output five ReLU neurons of unit norm, and noise (docs/mathematics.md section
// 6).
//
//     bench_planted SAMPLES FEATURES OUTPUTS PREFIX    writes PREFIX.npy and PREFIX_y.npy in single precision, the same at every call
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "neuspec/dataset.hpp"
#include "text/number.hpp"

namespace {

using neuspec::Index;

constexpr Index neurons = 5;
constexpr Index chunk = 1 << 14;  // samples of one generator

struct Planted {
  Index samples, features, outputs;
  std::vector<float> planes, x, y;  // neurons × d, n × d, n × C, row by row
};

std::vector<float> unit_directions(Index features) {
  std::mt19937_64 generator(0);
  std::normal_distribution<float> normal;
  std::vector<float> planes(static_cast<std::size_t>(neurons * features));
  for (Index j = 0; j < neurons; ++j) {
    float* plane = planes.data() + j * features;
    float square = 0;
    for (Index f = 0; f < features; ++f) {
      plane[f] = normal(generator);
      square += plane[f] * plane[f];
    }
    for (Index f = 0; f < features; ++f) plane[f] /= std::sqrt(square);
  }
  return planes;
}

/// One sample; neuron j enters output k with the sign of (−1)^(j + k).
void draw(Planted& data, Index sample, std::mt19937_64& generator) {
  std::normal_distribution<float> normal;
  float* x = data.x.data() + sample * data.features;
  float* y = data.y.data() + sample * data.outputs;
  for (Index f = 0; f < data.features; ++f) x[f] = normal(generator);
  for (Index j = 0; j < neurons; ++j) {
    float h = 0;
    for (Index f = 0; f < data.features; ++f) h += data.planes[static_cast<std::size_t>(j * data.features + f)] * x[f];
    for (Index k = 0; k < data.outputs; ++k) y[k] += (j + k) % 2 == 0 ? std::max(h, 0.0F) : -std::max(h, 0.0F);
  }
  for (Index k = 0; k < data.outputs; ++k) y[k] += 0.1F * normal(generator);
}

Planted planted(Index samples, Index features, Index outputs) {
  Planted data{samples,
               features,
               outputs,
               unit_directions(features),
               std::vector<float>(static_cast<std::size_t>(samples * features)),
               std::vector<float>(static_cast<std::size_t>(samples * outputs))};
#pragma omp parallel for schedule(dynamic, 1)
  for (Index first = 0; first < samples; first += chunk) {
    std::mt19937_64 generator(static_cast<std::uint64_t>(1 + first / chunk));
    for (Index i = first; i < std::min(first + chunk, samples); ++i) draw(data, i, generator);
  }
  return data;
}

bool write_npy(const std::string& path, Index rows, Index columns, const std::vector<float>& values) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');  // with the ten bytes before it and the end of its line a multiple of 64
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00", 8);
  const std::size_t size = header.size();
  file.put(static_cast<char>(size % 256)).put(static_cast<char>(size / 256));
  file << header;
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  Index sizes[3] = {};
  for (int i = 0; i < 3 && i + 1 < argc; ++i) sizes[i] = neuspec::parse_number<Index>(argv[i + 1]).value_or(0);
  if (argc != 5 || sizes[0] < 1 || sizes[1] < 1 || sizes[2] < 1) {
    std::fputs("usage: bench_planted SAMPLES FEATURES OUTPUTS PREFIX\n", stderr);
    return 2;
  }
  const Planted data = planted(sizes[0], sizes[1], sizes[2]);
  const std::string prefix = argv[4];
  if (write_npy(prefix + ".npy", data.samples, data.features, data.x) && write_npy(prefix + "_y.npy", data.samples, data.outputs, data.y)) return 0;
  std::fprintf(stderr, "bench_planted: %s.npy: cannot be written\n", prefix.c_str());
  return 5;
}

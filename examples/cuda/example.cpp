// A network trained on arrays that lie in a GPU's memory, as a simulation there has them: nothing is copied as a whole, parts go to the host as they
// are needed. It needs a GPU to run; neuspec has to be built with CUDA.
#include <cuda_runtime_api.h>
#include <neuspec/neuspec.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

/// Numbers on the device for as long as the object lives.
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<float>& from) {
    const std::size_t bytes = from.size() * sizeof(float);
    void* pinned = nullptr;
    if (cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking) != cudaSuccess || cudaMallocAsync(&values_, bytes, stream_) != cudaSuccess) return;
    if (cudaMallocHost(&pinned, bytes) != cudaSuccess) return;
    std::memcpy(pinned, from.data(), bytes);
    good_ = cudaMemcpyAsync(values_, pinned, bytes, cudaMemcpyHostToDevice, stream_) == cudaSuccess && cudaStreamSynchronize(stream_) == cudaSuccess;
    cudaFreeHost(pinned);
  }
  ~DeviceArray() {
    if (values_ != nullptr) cudaFreeAsync(values_, stream_);
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  bool good() const { return good_; }
  neuspec_array by_columns() const { return {values_, NEUSPEC_FLOAT, NEUSPEC_COLUMN_MAJOR, 0, NEUSPEC_DEVICE}; }

 private:
  void* values_ = nullptr;
  cudaStream_t stream_ = nullptr;
  bool good_ = false;
};

constexpr int64_t samples = 2000, features = 3;

/// Stands for what the simulation has computed: a field, its neighbour and a flux, one column after the other, and what comes of them.
void simulate(std::vector<float>& x, std::vector<float>& y) {
  unsigned state = 1;
  for (float& value : x) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) / 8388608.0F - 1;
  }
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = x[i] * x[y.size() + i] - 0.5F * x[2 * y.size() + i];
}

}  // namespace

int main() {
  std::vector<float> host_x(samples * features), host_y(samples);
  simulate(host_x, host_y);
  const DeviceArray x(host_x), y(host_y);
  if (!x.good() || !y.good()) {
    std::fprintf(stderr, "no GPU, or no memory on it\n");
    return 1;
  }

  const neuspec_array on_x = x.by_columns(), on_y = y.by_columns();
  neuspec_data* data = nullptr;
  neuspec_options* options = nullptr;
  neuspec_model* model = nullptr;
  neuspec_certificate proof{};
  const bool done = neuspec_data_from_arrays(samples, features, 1, &on_x, &on_y, nullptr, &data) == NEUSPEC_OK &&
                    neuspec_options_create(&options) == NEUSPEC_OK && neuspec_options_set(options, "device", "cuda") == NEUSPEC_OK &&
                    neuspec_options_set(options, "beta-ratio", "0.01") == NEUSPEC_OK && neuspec_fit(data, options, nullptr, &model) == NEUSPEC_OK &&
                    neuspec_certify(model, data, options, &proof) == NEUSPEC_OK;
  if (done) {
    const char* device = "";
    neuspec_model_text(model, "device", &device);
    std::printf("on %s: at most %.1e from the best network there is\n", device, proof.relative_gap);
  } else {
    std::fprintf(stderr, "%s\n", neuspec_message(nullptr));
  }
  neuspec_free(model);
  neuspec_free(options);
  neuspec_free(data);
  return done && proof.proven == 1 ? 0 : 1;
}

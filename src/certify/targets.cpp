#include "certify/targets.hpp"

#include <algorithm>
#include <string>

#include "neuspec/error.hpp"

namespace neuspec {

namespace {
constexpr Index chunk_samples = 8192;
}  // namespace

void check_targets(const Loss& loss, const Source& data, Index before) {
  if (!loss.classification()) return;
  const Index C = data.targets();
  const auto refuse = [&](Index sample, const char* what) {
    throw DataError("sample " + std::to_string(before + sample + 1) + ": loss " + loss.name() + " needs " + what);
  };
  if (loss.coupled() && C < 2) throw DataError("loss softmax needs at least two outputs, one a class");
  data.visit_targets(chunk_samples, [&](const Chunk& chunk) {
    for (Index i = 0; i < chunk.samples; ++i) {
      const double* y = chunk.y + i * C;
      if (loss.coupled()) {
        if (std::count(y, y + C, 1.0) != 1 || std::count(y, y + C, 0.0) != C - 1) refuse(chunk.first + i, "targets that are one-hot: one 1, else 0");
      } else if (!std::all_of(y, y + C, [](double label) { return label == 1 || label == -1; })) {
        refuse(chunk.first + i, "labels of -1 and +1");
      }
    }
  });
}

}  // namespace neuspec

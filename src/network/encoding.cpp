#include "network/encoding.hpp"

#include "neuspec/error.hpp"

namespace neuspec {

Encoding encoding_of(const Loss& loss, Index targets, bool one_vs_rest) {
  if (one_vs_rest && loss.coupled()) {
    throw UsageError("one-vs-rest makes independent targets; loss softmax takes the classes as they are: leave it out");
  }
  if (one_vs_rest) return Encoding::one_vs_rest;
  if (!loss.classification() || targets != 1) return Encoding::none;
  return loss.coupled() ? Encoding::one_hot : Encoding::binary;
}

}  // namespace neuspec

// Memory of the GPU that belongs to the host program.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec {

/// Whether the CUDA device is in this build, and whether a GPU can be used.
bool cuda_is_compiled();
bool cuda_is_found();

/// Copies `lines` lines of `width` bytes, each `pitch` bytes behind the one before, from memory of the current CUDA device; here they follow one
/// another. Waits for the copy, which begins when what is queued in the device's default stream has ended.
/// \throws NotCompiled, EnvironmentError where the copy fails
void copy_from_device(const void* from, Index pitch, Index width, Index lines, void* to);

}  // namespace neuspec

// An OpenBLAS older than the processor it runs on falls back to kernels of 2004, at a quarter of the speed or less.
#pragma once

namespace neuspec::cli {

/// Starts the program anew with OPENBLAS_CORETYPE set to the best kernels that this processor can run, where OpenBLAS has not recognised it and the
/// user has not chosen: OpenBLAS reads the variable before `main`. Returns where nothing is to be gained, and when the program cannot be started
/// anew.
void match_blas_to_processor(char** arguments);

}  // namespace neuspec::cli

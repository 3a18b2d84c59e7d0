// What has to be settled before the program's first work.
#pragma once

namespace neuspec::cli {

/// Starts the program anew with variables that BLAS and OpenMP read before `main`, where the user has not set them and they have not been told
/// (processor.cpp): OPENBLAS_CORETYPE, the best kernels that this processor can run where OpenBLAS has not recognised it, and GOMP_SPINCOUNT, so that
/// threads that wait soon sleep. Goes on as it is when the program cannot be started anew. Falls back to one thread where limits on processes allow
/// no more.
void prepare_process(char** arguments);

}  // namespace neuspec::cli

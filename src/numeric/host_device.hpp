// Functions that run on the processor and inside kernels.
#pragma once

#if defined(__CUDACC__)
#define NEUSPEC_HOST_DEVICE __host__ __device__
#else
#define NEUSPEC_HOST_DEVICE
#endif

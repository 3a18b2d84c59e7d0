find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
find_package(ZLIB REQUIRED)
include(${CMAKE_CURRENT_LIST_DIR}/isal.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/hdf5.cmake)
find_package(nlohmann_json 3.10 REQUIRED)
if(NEUSPEC_MPI)
  find_package(MPI REQUIRED COMPONENTS CXX)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/mpi.cmake)

# nvcc serves cuda/ and bench/; a language is enabled once, where both can see it. They ask nvcc for C++20 themselves: CMake 3.25 knows it of no nvcc.
if(NEUSPEC_CUDA AND NOT NEUSPEC_CUDA STREQUAL EMULATED)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100) # machine code of each, and PTX for what comes later
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit 12.6 REQUIRED)
endif()

# CUDA's headers alone are enough for the emulated device. build/cuda is where scripts/install-deps puts them if the system has none.
find_path(NEUSPEC_CUDA_INCLUDE_DIR cusolverDn.h HINTS ENV CUDA_HOME ${PROJECT_SOURCE_DIR}/build/cuda /usr/local/cuda PATH_SUFFIXES include)
include(${CMAKE_CURRENT_LIST_DIR}/nccl.cmake)

option(NEUSPEC_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(NEUSPEC_BUILD_BENCH "Build the benchmarks" OFF)
option(NEUSPEC_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(NEUSPEC_INSTALL "Install the library, its headers and the program" ${PROJECT_IS_TOP_LEVEL})
option(NEUSPEC_NATIVE "Compile for this machine's own instruction set" OFF)
option(NEUSPEC_ISAL "Inflate by ISA-L where it is found" ON)
option(NEUSPEC_HDF5 "Read and write HDF5 where libhdf5 is found" ON)
option(NEUSPEC_MPI "Build neuspec_mpi, and the program for mpirun" OFF)
option(NEUSPEC_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# What every target of ours is compiled with. That clang did not vectorise a loop which may be (with sanitizers it rarely does) is no mistake.
add_library(neuspec_flags INTERFACE)
target_compile_features(neuspec_flags INTERFACE cxx_std_20)
target_compile_options(
  neuspec_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:${NEUSPEC_WERROR}>:-Werror>
                          $<$<COMPILE_LANG_AND_ID:CXX,Clang,AppleClang>:-Wno-pass-failed -Wreserved-identifier> $<$<BOOL:${NEUSPEC_NATIVE}>:-march=native>>)

# As the other languages of a project are: a subproject is asked for it.
include(CheckLanguage)
set(fortran_found OFF)
if(PROJECT_IS_TOP_LEVEL)
  check_language(Fortran)
  if(CMAKE_Fortran_COMPILER)
    set(fortran_found ON)
  endif()
endif()
option(NEUSPEC_FORTRAN "Build the Fortran module" ${fortran_found})

set(NEUSPEC_CUDA OFF CACHE STRING "The CUDA device: ON (nvcc and its libraries are needed), AUTO (where nvcc is found), OFF, or EMULATED (its sources on the tests' emulated device)")
set_property(CACHE NEUSPEC_CUDA PROPERTY STRINGS ON AUTO OFF EMULATED)
option(NEUSPEC_CUDA_STATIC "Link the CUDA libraries statically" OFF)
if(NEUSPEC_CUDA STREQUAL AUTO)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(NEUSPEC_CUDA ON)
  else()
    set(NEUSPEC_CUDA OFF)
  endif()
endif()

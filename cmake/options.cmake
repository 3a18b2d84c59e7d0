option(NEUSPEC_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(NEUSPEC_BUILD_BENCH "Build the benchmarks" OFF)
option(NEUSPEC_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(NEUSPEC_INSTALL "Install the library, its headers and the program" ${PROJECT_IS_TOP_LEVEL})
option(NEUSPEC_NATIVE "Compile for this machine's own instruction set" OFF)
option(NEUSPEC_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# What every target of ours is compiled with.
add_library(neuspec_flags INTERFACE)
target_compile_features(neuspec_flags INTERFACE cxx_std_20)
target_compile_options(neuspec_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:${NEUSPEC_WERROR}>:-Werror>
                                               $<$<BOOL:${NEUSPEC_NATIVE}>:-march=native>)

# What the library says of its own making: the ABI's number, of which the C header is the only source, the commit and the options.
file(STRINGS ${PROJECT_SOURCE_DIR}/include/neuspec/neuspec.h abi REGEX "^#define NEUSPEC_ABI [0-9]+$")
string(REGEX MATCH "[0-9]+$" NEUSPEC_ABI "${abi}")

set(NEUSPEC_COMMIT "")
find_package(Git QUIET)
if(Git_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} describe --always --dirty --tags WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE NEUSPEC_COMMIT
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(NEUSPEC_BUILD_OPTIONS
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}, NATIVE=${NEUSPEC_NATIVE}, ISAL=${NEUSPEC_ISAL_FOUND}, HDF5=${NEUSPEC_HDF5_FOUND}, MPI=${NEUSPEC_MPI}, CUDA=${NEUSPEC_CUDA}, NCCL=${NEUSPEC_NCCL}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/c/build.hpp.in ${PROJECT_BINARY_DIR}/src/c/build.hpp @ONLY)

# A library of the communicator of an MPI, beside neuspec, which depends on none itself.
function(neuspec_add_mpi_library name mpi)
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/src/distribute/mpi_communicator.cpp ${PROJECT_SOURCE_DIR}/src/distribute/mpi_process.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  target_link_libraries(${name} PUBLIC neuspec PRIVATE $<BUILD_INTERFACE:neuspec_flags> ${mpi})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

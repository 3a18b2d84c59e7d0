# A library of the communicator of an MPI, beside neuspec, which depends on none itself. In this tree its users link neuspec or, as the program does, the
# objects that a shared library hides.
function(neuspec_add_mpi_library name mpi)
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/src/distribute/mpi_communicator.cpp ${PROJECT_SOURCE_DIR}/src/distribute/mpi_process.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  target_include_directories(${name} PRIVATE $<TARGET_PROPERTY:neuspec,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:neuspec_flags> ${mpi} INTERFACE $<INSTALL_INTERFACE:neuspec::neuspec>)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

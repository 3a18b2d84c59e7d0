# A library of the communicator of an MPI, beside neuspec, which depends on none itself. In this tree its users link neuspec or, as the program does, the
# objects that a shared library hides. Of neuspec_data_set_ranks neuspec has a definition that refuses: -u lets the linker look for this one wherever
# neuspec and the Fortran module stand on its line.
function(neuspec_add_mpi_library name mpi)
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/src/distribute/mpi_communicator.cpp ${PROJECT_SOURCE_DIR}/src/distribute/mpi_process.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  target_include_directories(${name} PRIVATE $<TARGET_PROPERTY:neuspec,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:neuspec_flags> $<BUILD_INTERFACE:${mpi}> INTERFACE $<INSTALL_INTERFACE:neuspec::neuspec>
                                                                                                            $<INSTALL_INTERFACE:MPI::MPI_CXX>)
  target_link_options(${name} INTERFACE LINKER:-u,neuspec_data_set_ranks)
  set_target_properties(
    ${name} PROPERTIES EXPORT_NAME mpi OUTPUT_NAME neuspec_mpi ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${name} POSITION_INDEPENDENT_CODE ON
                       CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# What such a library is to those who have neuspec installed: neuspec::mpi, and neuspec-mpi for pkg-config. What follows the name goes to install().
function(neuspec_install_mpi_library name)
  install(TARGETS ${name} EXPORT ${name}Targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} ${ARGN})
  install(EXPORT ${name}Targets FILE neuspecMpiTargets.cmake NAMESPACE neuspec:: DESTINATION ${NEUSPEC_PACKAGE_DIR} ${ARGN})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/neuspec-mpi.pc.in ${PROJECT_BINARY_DIR}/neuspec-mpi.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/neuspec-mpi.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig ${ARGN})
endfunction()

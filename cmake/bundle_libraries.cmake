# Copies what the installed program links to and what it loads, but for the C library and the driver of a GPU, which belong to the machine. The program finds them beside
# itself and lets them find one another (INSTALL_RPATH as DT_RPATH, which holds for libraries of libraries too).
set(prefix "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
set(of_the_machine "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|util|mvec|nsl|anl|cuda|nvidia-ml)\\.so")
file(
  GET_RUNTIME_DEPENDENCIES
  EXECUTABLES "${prefix}/${neuspec_bin}/neuspec"
  LIBRARIES ${loaded_libraries}
  RESOLVED_DEPENDENCIES_VAR libraries
  UNRESOLVED_DEPENDENCIES_VAR missing
  PRE_EXCLUDE_REGEXES ${of_the_machine})
if(missing)
  message(FATAL_ERROR "not found, although the program needs them: ${missing}")
endif()
foreach(library IN LISTS libraries loaded_libraries)
  cmake_path(GET library FILENAME name)
  file(REAL_PATH "${library}" content)
  cmake_path(IS_PREFIX prefix "${content}" NORMALIZE ours)
  if(NOT ours)
    file(COPY_FILE "${content}" "${prefix}/${neuspec_lib}/${name}")
  endif()
endforeach()

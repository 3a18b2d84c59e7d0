# `cpack` makes an archive that runs wherever it is unpacked, on machines with this one's C library or a later one: what is installed, and beside it the
# shared libraries that the program needs, BLAS among them. An ordinary installation has none of these.
install(CODE "set(neuspec_bin ${CMAKE_INSTALL_BINDIR})\nset(neuspec_lib ${CMAKE_INSTALL_LIBDIR})\nset(loaded_libraries ${NEUSPEC_HDF5_PATH})" COMPONENT bundled EXCLUDE_FROM_ALL)
install(SCRIPT cmake/bundle_libraries.cmake COMPONENT bundled EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR TGZ)
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR}" ${PROJECT_NAME} ALL / "${PROJECT_BINARY_DIR}" ${PROJECT_NAME} bundled /)
set(CPACK_PACKAGE_VENDOR "The neuspec authors")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_FILE_NAME ${PROJECT_NAME}-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
string(TOLOWER ${CPACK_PACKAGE_FILE_NAME} CPACK_PACKAGE_FILE_NAME)
include(CPack)

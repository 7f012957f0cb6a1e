# What `cmake --install` leaves: the library, its headers, find_package(parley) and pkg-config's parley.pc.
include(CMakePackageConfigHelpers)

install(TARGETS parley EXPORT parleyTargets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/parley" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp")

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/parley")
install(EXPORT parleyTargets NAMESPACE parley:: DESTINATION "${package_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/parleyConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/parleyConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/parleyConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/parleyConfig.cmake" "${PROJECT_BINARY_DIR}/parleyConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindUsrsctp.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindSrtp2.cmake"
  DESTINATION "${package_dir}")

# A static library leaves it to who links it to name what it needs.
if(BUILD_SHARED_LIBS)
  set(pc_requires "Requires.private")
  set(pc_libs "")
else()
  set(pc_requires "Requires")
  set(pc_libs " -pthread")
endif()
# Relative to the file, so that `cmake --install --prefix` may say another place than the configuration did.
file(RELATIVE_PATH pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${PROJECT_SOURCE_DIR}/cmake/parley.pc.in" "${PROJECT_BINARY_DIR}/parley.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/parley.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

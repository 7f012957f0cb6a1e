# Srtp2::Srtp2, by pkg-config where there is one, by search elsewhere.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_SRTP2 QUIET libsrtp2)
endif()
find_path(SRTP2_INCLUDE_DIR srtp2/srtp.h HINTS ${PC_SRTP2_INCLUDE_DIRS})
find_library(SRTP2_LIBRARY srtp2 HINTS ${PC_SRTP2_LIBRARY_DIRS})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Srtp2 REQUIRED_VARS SRTP2_LIBRARY SRTP2_INCLUDE_DIR VERSION_VAR PC_SRTP2_VERSION)
if(Srtp2_FOUND AND NOT TARGET Srtp2::Srtp2)
  add_library(Srtp2::Srtp2 UNKNOWN IMPORTED)
  set_target_properties(Srtp2::Srtp2 PROPERTIES IMPORTED_LOCATION "${SRTP2_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${SRTP2_INCLUDE_DIR}")
endif()

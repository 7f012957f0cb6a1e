# Usrsctp::Usrsctp, by pkg-config where there is one, by search elsewhere.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_USRSCTP QUIET usrsctp)
endif()
find_path(USRSCTP_INCLUDE_DIR usrsctp.h HINTS ${PC_USRSCTP_INCLUDE_DIRS})
find_library(USRSCTP_LIBRARY usrsctp HINTS ${PC_USRSCTP_LIBRARY_DIRS})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Usrsctp REQUIRED_VARS USRSCTP_LIBRARY USRSCTP_INCLUDE_DIR
  VERSION_VAR PC_USRSCTP_VERSION)
if(Usrsctp_FOUND AND NOT TARGET Usrsctp::Usrsctp)
  add_library(Usrsctp::Usrsctp UNKNOWN IMPORTED)
  set_target_properties(Usrsctp::Usrsctp PROPERTIES IMPORTED_LOCATION "${USRSCTP_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${USRSCTP_INCLUDE_DIR}")
endif()

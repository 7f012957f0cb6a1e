# One more of gcc 12's views of libstdc++'s strings at -O3; the others are in cmake/ParleyModule.cmake.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  target_compile_options(unit_pc PRIVATE -Wno-stringop-overread)
endif()
set(precompiled session_support.hpp)

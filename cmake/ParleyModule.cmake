# parley_module(NAME [USES module...] [LINKS library...] [APART file...] [PRECOMPILE header...])
#
# One module: the sources of the current folder and those below it, a static library `parley_NAME` with the alias
# `parley::NAME`. It links only the modules in USES and the libraries in LINKS; tests/layering.py holds the same table
# against the includes. With PARLEY_UNITY several files are compiled as one, but not those in APART: their names clash
# with others', or a program may leave them out.
function(parley_module name)
  cmake_parse_arguments(arg "" "" "USES;LINKS;APART;PRECOMPILE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp" "${CMAKE_CURRENT_SOURCE_DIR}/*.hpp")
  if(NOT sources)
    return()
  endif()
  add_library(parley_${name} STATIC ${sources})
  add_library(parley::${name} ALIAS parley_${name})
  target_include_directories(parley_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
  target_compile_definitions(parley_${name} PRIVATE PARLEY_BUILDING)
  if(PARLEY_UNITY)
    set_target_properties(parley_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
    foreach(source ${arg_APART})
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endforeach()
  endif()
  if(arg_PRECOMPILE AND NOT PARLEY_UNITY)
    list(TRANSFORM arg_PRECOMPILE PREPEND "${PROJECT_SOURCE_DIR}/src/" OUTPUT_VARIABLE headers)
    target_precompile_headers(parley_${name} PRIVATE ${headers})
  endif()
  list(TRANSFORM arg_USES PREPEND parley_)
  target_link_libraries(parley_${name} PUBLIC ${arg_USES} parley_options PRIVATE ${arg_LINKS})
  set_property(GLOBAL APPEND PROPERTY PARLEY_MODULES parley_${name})
endfunction()

# What every target of ours is compiled with.
add_library(parley_options INTERFACE)
if(MSVC)
  target_compile_options(parley_options INTERFACE /W4 $<$<BOOL:${PARLEY_WERROR}>:/WX>)
else()
  target_compile_options(parley_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
    $<$<BOOL:${PARLEY_WERROR}>:-Werror>)
  if(PARLEY_UNITY AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # To clang, what one file keeps to itself is shadowed by the locals of the next that is compiled with it.
    target_compile_options(parley_options INTERFACE -Wno-shadow)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
    # gcc 12 sees overlaps and overflows in libstdc++'s own string and rotate (PR 105329, PR 105651), and at -O3 the
    # alternatives that a moved variant does not hold as uninitialized.
    target_compile_options(parley_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
      -Wno-maybe-uninitialized)
  endif()
endif()
if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache")
  # What ccache needs to know a precompiled header again, beside CCACHE_SLOPPINESS=pch_defines,time_macros.
  target_compile_options(parley_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
    "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
if(PARLEY_SANITIZE)
  target_compile_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE})
endif()

# The library that people link: all modules in one.
function(parley_library)
  get_property(modules GLOBAL PROPERTY PARLEY_MODULES)
  set(objects "")
  foreach(module ${modules})
    list(APPEND objects $<TARGET_OBJECTS:${module}>)
  endforeach()
  add_library(parley ${objects})
  add_library(parley::parley ALIAS parley)
  set_target_properties(parley PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(parley PUBLIC cxx_std_20)
  target_include_directories(parley PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(parley PRIVATE OpenSSL::SSL OpenSSL::Crypto Usrsctp::Usrsctp Srtp2::Srtp2 Threads::Threads)
  if(PARLEY_SANITIZE)
    target_link_options(parley PUBLIC -fsanitize=${PARLEY_SANITIZE})
  endif()
  if(PARLEY_INSTALL)
    include(ParleyInstall)
  endif()
endfunction()

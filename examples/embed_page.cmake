# embed_page(TARGET): page.html of the current folder as `const char page[]`, declared in common/page.hpp.
function(embed_page target)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/page.html")
  file(READ page.html PARLEY_PAGE)
  configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/common/page.cpp.in" "${CMAKE_CURRENT_BINARY_DIR}/page.cpp" @ONLY)
  target_sources(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/page.cpp")
endfunction()

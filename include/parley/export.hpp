#pragma once

// Marks what a shared build exports. Everything else in the library is compiled with hidden visibility.
#if defined(_WIN32)
#  if defined(PARLEY_SHARED) && defined(PARLEY_BUILDING)
#    define PARLEY_API __declspec(dllexport)
#  elif defined(PARLEY_SHARED)
#    define PARLEY_API __declspec(dllimport)
#  else
#    define PARLEY_API
#  endif
#else
#  define PARLEY_API __attribute__((visibility("default")))
#endif

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Usrsctp REQUIRED)
find_package(Srtp2 2.3 REQUIRED)

# Header-only, and used inside the library alone: nobody who links parley needs it.
find_path(TL_EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)
add_library(parley_expected INTERFACE)
target_include_directories(parley_expected SYSTEM INTERFACE "${TL_EXPECTED_INCLUDE_DIR}")

if(PARLEY_NET OR PARLEY_EXAMPLES)
  find_package(Boost 1.81 REQUIRED)  # headers only: Asio and Beast
endif()
if(PARLEY_EXAMPLES)
  find_package(nlohmann_json 3.7 REQUIRED)
endif()
if(PARLEY_EXAMPLES OR PARLEY_BENCH OR PARLEY_TESTS)
  find_package(CLI11 2.1 REQUIRED)
endif()

# usrsctp is one for a process: each test case gets a process of its own, and they share no state. Twice, with each engine;
# those tagged [usrsctp] or [native] are about that one alone.
target_sources(unit_sctp PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/support/virtual_globals.cpp")
target_link_libraries(unit_sctp PRIVATE OpenSSL::Crypto)
catch_discover_tests(unit_sctp TEST_SPEC "~[native]" TEST_PREFIX unit.sctp:
  PROPERTIES TIMEOUT 600 ENVIRONMENT PARLEY_SCTP_ENGINE=usrsctp)
catch_discover_tests(unit_sctp TEST_SPEC "~[usrsctp]" TEST_PREFIX unit.sctp.native:
  PROPERTIES TIMEOUT 600 ENVIRONMENT PARLEY_SCTP_ENGINE=native)
set(registers_itself TRUE)
set(precompiled two_ends.hpp)

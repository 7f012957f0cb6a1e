# usrsctp is one for a process: each test case gets a process of its own, and they share no state.
target_sources(unit_sctp PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/support/virtual_globals.cpp")
target_link_libraries(unit_sctp PRIVATE OpenSSL::Crypto)
catch_discover_tests(unit_sctp TEST_PREFIX unit.sctp: PROPERTIES TIMEOUT 120)
set(registers_itself TRUE)

# As for unit_sctp: usrsctp is one for a process, so that each test case gets a process of its own.
target_sources(unit_sctp_packets PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/support/virtual_globals.cpp")
target_link_libraries(unit_sctp_packets PRIVATE OpenSSL::Crypto)
catch_discover_tests(unit_sctp_packets TEST_PREFIX unit.sctp_packets: PROPERTIES TIMEOUT 600)
set(registers_itself TRUE)

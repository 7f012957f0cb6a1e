#pragma once

#include <parley/time.hpp>

#include <cstdint>

/// \file
/// usrsctp and OpenSSL read the wall clock and draw random bits by themselves. A test binary that links
/// virtual_globals.cpp replaces, for its whole process, `gettimeofday` (usrsctp's round-trip times, lifetimes and marks
/// for retransmission; OpenSSL's DTLS timer), usrsctp's `read_random` and OpenSSL's generator, so that the same seed
/// gives the same run. usrsctp keeps its state for the life of the process, so each such test needs a process of its
/// own: register it with catch_discover_tests.

namespace parley::test {

/// What `gettimeofday` says from now on: an arbitrary date plus `now`.
void setVirtualTime(Time now);
/// Starts the sequence of random bits anew. Without a call it starts at 1.
void seedGlobals(std::uint64_t seed);

}  // namespace parley::test

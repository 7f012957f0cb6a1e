#pragma once

#include <parley/stats.hpp>

#include <string>

/// The pair of candidates that a connection uses, in one line; empty if there is none:
///
///     path: srflx 198.51.100.7:50123 to prflx 203.0.113.5:40001, direct by udp, round trip 3.1 ms
///     path: relay 198.51.100.1:61000 to srflx 203.0.113.5:40001, relayed by tls
///
/// If only the other side relays, "relayed by" is how its relay is reached from here.
std::string pathLine(const parley::StatsReport& report);

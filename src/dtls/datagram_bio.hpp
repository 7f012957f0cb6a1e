#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <functional>

struct bio_st;

namespace parley::dtls {

/// Where OpenSSL reads and writes datagrams: one for each call, so that none are merged (as BIO_s_mem would).
struct DatagramPort {
  base::Bytes inbound;  ///< the datagram to read next, borrowed; empty when there is none
  std::size_t mtu = 0;  ///< what questions about the path's MTU are answered with, in bytes of UDP payload
  std::function<void(base::Bytes)> outbound;  ///< takes each datagram that OpenSSL writes
};

/// A BIO at `port`, which outlives it. The caller owns it. Null when out of memory.
bio_st* newDatagramBio(DatagramPort& port);

}  // namespace parley::dtls

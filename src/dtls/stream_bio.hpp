#pragma once

#include "base/bytes.hpp"

#include <functional>

struct bio_st;

namespace parley::dtls {

/// Where OpenSSL reads and writes the bytes of a stream.
struct StreamPort {
  base::Bytes inbound;                        ///< What is to be read next, borrowed; reading shortens it.
  std::function<void(base::Bytes)> outbound;  ///< Takes all that OpenSSL writes.
};

/// A BIO at `port`, which outlives it. The caller owns it. Null when out of memory.
bio_st* newStreamBio(StreamPort& port);

}  // namespace parley::dtls

#pragma once

#include <parley/io.hpp>

#include <cstdint>

namespace parley::base {

/// Hands out the ids of sockets and requests, unique within one engine. It wraps after 2^32; by then the first are gone.
class IdSource {
 public:
  SocketId socket() { return SocketId{++last_}; }
  RequestId request() { return RequestId{++last_}; }

 private:
  std::uint32_t last_ = 0;
};

}  // namespace parley::base

#pragma once

#include <parley/io.hpp>

#include <cstdint>

namespace parley::base {

/// Hands out the ids of sockets and requests, unique within one engine. It wraps before
/// `firstAcceptedSocket`; by then the first are gone.
class IdSource {
 public:
  SocketId socket() { return SocketId{next()}; }
  RequestId request() { return RequestId{next()}; }

 private:
  std::uint32_t next() { return last_ = last_ % (static_cast<std::uint32_t>(firstAcceptedSocket) - 1) + 1; }
  std::uint32_t last_ = 0;
};

}  // namespace parley::base

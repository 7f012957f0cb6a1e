#pragma once

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::rtp::bandwidth {

/// What feedback says of one packet that was sent.
struct PacketResult {
  Time sent{};
  /// In the receiver's clock, whose zero means nothing. None: it did not come.
  std::optional<Duration> arrived;
  std::size_t size = 0;     ///< In bytes, with all of RTP.
  std::uint32_t probe = 0;  ///< The cluster that it belongs to; 0: none.
};

}  // namespace parley::rtp::bandwidth

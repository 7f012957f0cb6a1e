#pragma once

#include "base/packet_pool.hpp"
#include "sctp/wire/packet_builder.hpp"
#include "sctp/wire/packet_view.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::sctp::test {

/// The chunk in these bytes; the bytes outlive it.
inline wire::ChunkView chunkIn(const std::vector<std::uint8_t>& bytes) {
  auto chunk = wire::chunkFrom(bytes);
  REQUIRE(chunk);
  return *chunk;
}

inline std::vector<std::uint8_t> bytesOf(base::Bytes bytes) { return {bytes.begin(), bytes.end()}; }
inline std::string hexOf(const std::vector<std::uint8_t>& bytes) { return base::toHex(bytes); }

}  // namespace parley::sctp::test

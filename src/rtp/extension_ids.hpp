#pragma once

#include <cstdint>

namespace parley::rtp {

/// The ids that a description gave to the header extensions (RFC 8285); 0 for one that was not negotiated.
struct ExtensionIds {
  std::uint8_t mid = 0;
  std::uint8_t rid = 0;
  std::uint8_t repairedRid = 0;
  std::uint8_t audioLevel = 0;
  std::uint8_t absSendTime = 0;
  std::uint8_t transmissionOffset = 0;
  std::uint8_t transportSequence = 0;
  std::uint8_t absCaptureTime = 0;
  std::uint8_t videoOrientation = 0;
  std::uint8_t dependencyDescriptor = 0;
};

}  // namespace parley::rtp

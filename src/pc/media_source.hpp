#pragma once

#include "rtp/frame_rate.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/stats.hpp>
#include <parley/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace parley::pc {

/// "media-source" of the statistics: a track while senders of one connection have it. Guarded by the connection's
/// mutex.
class MediaSource {
 public:
  /// `number` is the connection's, and never used twice.
  MediaSource(std::uint32_t number, MediaKind kind, std::string track, Time now)
      : number_(number), kind_(kind), track_(std::move(track)), began_(now) {}

  std::uint32_t number() const { return number_; }
  void count(const EncodedFrame& frame, Time now);
  MediaSourceStats stats(Time now) const;

 private:
  /// A picture comes as one frame of each layer of simulcast.
  struct Layer {
    std::uint32_t frames = 0;
    std::uint16_t width = 0, height = 0;
    rtp::FrameRate rate;
  };

  const std::uint32_t number_;
  const MediaKind kind_;
  const std::string track_;
  const Time began_;
  std::map<std::string, Layer> layers_;  ///< By rid.
  std::optional<double> audioLevel_;
};

/// RFC 6464's -dBov, where 127 is silence, on W3C's linear scale.
double linearLevel(std::uint8_t level);

}  // namespace parley::pc

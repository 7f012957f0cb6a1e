#include "pc/media_source.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace parley::pc {

void MediaSource::count(const EncodedFrame& frame, Time now) {
  if (kind_ == MediaKind::Audio) {
    if (frame.audioLevel) audioLevel_ = linearLevel(*frame.audioLevel);
    return;
  }
  Layer& layer = layers_[frame.rid];
  if (frame.width != 0) {
    layer.width = frame.width;
    layer.height = frame.height;
  }
  if (!frame.endOfPicture) return;  // A lower spatial layer.
  ++layer.frames;
  layer.rate.count(now);
}

MediaSourceStats MediaSource::stats(Time now) const {
  MediaSourceStats stats;
  stats.trackIdentifier = track_;
  stats.kind = kind_;
  stats.audioLevel = audioLevel_;
  if (kind_ == MediaKind::Audio) return stats;
  stats.frames = 0;
  double rate = 0;
  for (const auto& [rid, layer] : layers_) {
    // Some layers may have a lower rate.
    stats.frames = std::max(*stats.frames, layer.frames);
    rate = std::max(rate, layer.rate.at(now));
    if (layer.width > stats.width.value_or(0)) {
      stats.width = layer.width;
      stats.height = layer.height;
    }
  }
  if (now - began_ >= std::chrono::seconds(1)) stats.framesPerSecond = rate;
  return stats;
}

double linearLevel(std::uint8_t level) { return level >= 127 ? 0 : std::pow(10.0, -level / 20.0); }

}  // namespace parley::pc

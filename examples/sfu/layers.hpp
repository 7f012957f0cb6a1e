#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

/// One stream of simulcast, as the server measured it in the last second.
struct Layer {
  std::string rid;
  std::uint16_t width = 0, height = 0;
  double bitrate = 0;  ///< Bits a second.
  double framesPerSecond = 0;
};

/// The best layer that fits `estimate`, in bits a second; the smallest if none does. Upwards only with a fifth to
/// spare: what just fits would be left again with the next picture that moves. Empty if nothing comes.
inline std::string pickLayer(std::vector<Layer> layers, double estimate, const std::string& current) {
  // What does not flow was switched off by the browser, which has bandwidth or processors for fewer.
  std::erase_if(layers, [](const Layer& layer) { return layer.bitrate <= 0; });
  std::sort(layers.begin(), layers.end(), [](const Layer& a, const Layer& b) { return a.bitrate < b.bitrate; });
  if (layers.empty()) return {};
  const auto now = std::find_if(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.rid == current; });
  std::string best = layers.front().rid;
  for (auto layer = layers.begin(); layer != layers.end(); ++layer)
    if (layer->bitrate * (now == layers.end() || layer > now ? 1.2 : 1.0) <= estimate) best = layer->rid;
  return best;
}

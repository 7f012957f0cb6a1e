#pragma once

#include "pc/media_plane.hpp"
#include "pc/media_source.hpp"
#include "pc/stats_writer.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// \file
/// The objects of media: what the streams know of themselves, joined with what the façade knows of transceivers and
/// tracks.

namespace parley::pc {

/// What statistics need of a transceiver's slots.
struct TransceiverInput {
  TransceiverId id = 0;
  std::optional<std::string> mid;
  std::optional<std::uint32_t> source;  ///< Of its sender's track.
  std::string remoteTrack;
  std::map<std::uint32_t, double> audioLevels;  ///< By SSRC.
};

void addMediaSource(StatsWriter& writer, const MediaSource& source, Time now);
/// Streams whose transceiver is not among these have ended. `transportId` is that of all of them.
void addStreams(StatsWriter& writer, const MediaPlane::Stats& media, const std::vector<TransceiverInput>& transceivers,
                const std::string& transportId);

/// The streams of one sender or receiver.
struct StatsSelector {
  TransceiverId transceiver = 0;
  bool sender = false;
};
std::vector<std::string> selectedStreams(const MediaPlane::Stats& media, const StatsSelector& selector);

}  // namespace parley::pc

#pragma once

#include "pc/media_plan.hpp"
#include "pc/session_transceiver.hpp"
#include "sdp/description.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// \file
/// What media sections say, and what ours shall say: formats, header extensions, streams.

namespace parley::pc {

/// The direction of a section, its own or the session's; sendrecv if nobody says one (RFC 8866 s.6.7). A rejected
/// section is inactive.
sdp::Direction directionOf(const sdp::Description& description, std::size_t section);
/// a=extmap with ids that fit in a packet, without those for RFC 6904, which we do not have.
std::vector<PlannedExtension> extensionsOf(const sdp::MediaSection& section);
/// The streams of simulcast that the writer of the section sends: the first alternative of each.
std::vector<std::string> offeredRids(const sdp::MediaSection& section);
/// a=msid, or a=ssrc:… msid of older peers.
DescribedTrack remoteTrackOf(const sdp::MediaSection& section);
/// The ids of the streams that a section of ours announces.
std::vector<std::string> announcedStreams(const sdp::MediaSection& section);

/// The numbers of payload types and header extensions that descriptions of a session use. In one bundle a number means
/// one thing (RFC 9143 s.9.1.1 and s.12), and it keeps its meaning as long as the session is (RFC 3264 s.8.3.2). Peers
/// that do not bundle may mean something else by it in each section: sections that there are keep their own numbers.
class Numbers {
 public:
  void learn(const sdp::Description& description);
  /// The number for a codec: the preferred one if it is one, and free or means the same, else a free dynamic one. None
  /// if all are in use.
  std::optional<std::uint8_t> payloadType(const PlannedCodec& codec, std::uint8_t preferred);
  /// One-byte ids only: not every peer takes the others.
  std::optional<std::uint8_t> extension(const std::string& uri, std::uint8_t preferred);

 private:
  std::map<std::uint8_t, PlannedCodec> payloadTypes_;
  std::map<std::uint8_t, std::string> extensions_;
};

/// What we offer (RFC 9429 s.5.2.1, 5.2.2). `before` is our section of the last description, whose numbers go on;
/// `answered` the section of the last answer, whose order does. Null if there is none.
std::vector<PlannedCodec> offeredCodecs(const Transceiver& transceiver, const sdp::MediaSection* before,
                                        const sdp::MediaSection* answered, Numbers& numbers);
std::vector<PlannedExtension> offeredExtensions(const Transceiver& transceiver, const sdp::MediaSection* before,
                                                Numbers& numbers);

/// What we answer (s.5.3.1), with the offer's numbers. Empty if there is no format that carries media: the section is
/// to be rejected.
std::vector<PlannedCodec> answeredCodecs(const Transceiver& transceiver, const sdp::MediaSection& offer);
std::vector<PlannedExtension> answeredExtensions(const Transceiver& transceiver, const sdp::MediaSection& offer);

}  // namespace parley::pc

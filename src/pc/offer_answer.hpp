#pragma once

#include "dtls/fingerprint.hpp"
#include "ice/credentials.hpp"
#include "pc/session_transceiver.hpp"
#include "sdp/description.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// \file
/// How offers and answers are written: pure functions from what the session decided to a description. The o= line's
/// numbers and the candidates are not theirs.

namespace parley::pc {

/// What our sections say about a transport.
struct LocalTransport {
  ice::Credentials credentials;
  std::vector<dtls::Fingerprint> fingerprints;
  sdp::Setup::Role setup = sdp::Setup::Role::Actpass;
  std::optional<std::string> tlsId;
  bool iceLite = false;
  bool renomination = false;  ///< a=ice-options:renomination
  std::chrono::milliseconds icePacing{50};
};

/// What our data section says.
struct LocalData {
  std::uint16_t sctpPort = 5000;
  std::uint64_t maxMessageSize = 262144;
  std::optional<std::vector<std::uint8_t>> sctpInit;  ///< draft-hancke-tsvwg-snap s.5
};

/// What a media section of ours says.
struct LocalMedia {
  MediaKind kind = MediaKind::Audio;
  sdp::Direction direction = sdp::Direction::Inactive;
  std::vector<PlannedCodec> codecs;
  std::vector<PlannedExtension> extensions;
  bool reducedSizeRtcp = true;
  bool receiverRtt = true;

  // Where we send:
  std::vector<std::string> streams;
  std::string trackId;
  std::string cname;
  /// With rids: simulcast, or one stream with a name. Without: one stream, whose SSRCs are announced.
  std::vector<SendEncoding> encodings;

  /// Where we receive simulcast: what the peer sends, in its order.
  std::vector<std::string> receivedRids;
};

/// One section. Without content it is rejected: kind, protocol and formats are those of the model then.
struct SectionPlan {
  std::variant<std::monostate, LocalData, LocalMedia> content;
  std::optional<std::string> mid;
  /// The same section of the other side or of an earlier description; its protocol goes on. Null for a new one.
  const sdp::MediaSection* model = nullptr;
  /// Its place among the description's.
  std::size_t transport = 0;
  /// RFC 9143 s.6: rejected by a peer without BUNDLE, and without transport of its own.
  bool bundleOnly = false;

  bool isRejected() const { return content.index() == 0; }
};

struct DescriptionPlan {
  /// None if all sections are rejected.
  std::vector<LocalTransport> transports;
  std::vector<SectionPlan> sections;
  /// Of an offer: its BUNDLE groups, by section.
  std::vector<std::vector<std::size_t>> groups;
};

/// RFC 9429 s.5.2.
sdp::Description makeOffer(const DescriptionPlan& plan);
/// RFC 9429 s.5.3: a section for each of the offer.
sdp::Description makeAnswer(const sdp::Description& offer, const DescriptionPlan& plan);

}  // namespace parley::pc

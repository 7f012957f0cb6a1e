#pragma once

#include "dtls/fingerprint.hpp"
#include "ice/credentials.hpp"
#include "sdp/description.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// How offers and answers are written: pure functions from what the session decided to a description. The o= line's
/// numbers and the candidates are not theirs.

namespace parley::pc {

/// What our data section says.
struct LocalData {
  ice::Credentials credentials;
  std::vector<dtls::Fingerprint> fingerprints;
  sdp::Setup::Role setup = sdp::Setup::Role::Actpass;
  std::optional<std::string> tlsId;
  std::uint16_t sctpPort = 5000;
  std::uint64_t maxMessageSize = 262144;
  std::optional<std::vector<std::uint8_t>> sctpInit;  ///< draft-hancke-tsvwg-snap s.5
  bool iceLite = false;
  bool renomination = false;  ///< a=ice-options:renomination
};

/// RFC 9429 s.5.2. `previous` is the description of either side that was applied last, if any: its sections keep their
/// places, those that are rejected there stay so. `accepted` is the section among them that is in use for data. An
/// offered data section goes there, else to the first rejected section of its kind (which gets the new `mid`), else to
/// the end. Without `data` there is none.
struct OfferPlan {
  const sdp::Description* previous = nullptr;
  std::optional<std::size_t> accepted;
  std::optional<LocalData> data;
  std::string mid;
};
sdp::Description makeOffer(const OfferPlan& plan);

/// RFC 9429 s.5.3: `accepted` is the section of the offer that becomes the data section; all others are rejected.
sdp::Description makeAnswer(const sdp::Description& offer, std::optional<std::size_t> accepted, const LocalData& data);

}  // namespace parley::pc

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace parley::rtp {

/// Which section of a description an incoming SSRC belongs to, by RFC 9143 s.9.2: by MID, else as announced or learned,
/// else by a payload type that only one section has. The first answer for an SSRC stays, until a MID says otherwise.
class Demultiplexer {
 public:
  /// A section, by a name that its owner chose.
  using Section = std::uint32_t;
  struct Receiving {
    Section section = 0;
    std::string mid = {};
    std::vector<std::uint8_t> payloadTypes = {};
    std::vector<std::uint32_t> ssrcs = {};  ///< Announced, with those of repair streams.
  };
  /// All of it anew. What was learned stays for sections that are still there.
  void configure(const std::vector<Receiving>& sections);

  /// `mid`: of this packet's header extension, empty if it has none. Nothing: the packet belongs to no section.
  std::optional<Section> route(std::uint32_t ssrc, std::uint8_t payloadType, std::uint16_t sequence,
                               std::string_view mid);
  /// An SDES item MID about the SSRC came (RFC 9143 s.15.2).
  void learn(std::uint32_t ssrc, std::string_view mid);
  std::optional<Section> find(std::uint32_t ssrc) const;
  /// The source has ended. Its entry makes room when that is needed, but stays so long: RFC 9143 s.9.2 has a delay here
  /// for stragglers, and libwebrtc begins again with the same SSRC, of which it does not say the MID once more.
  void end(std::uint32_t ssrc);

  /// Those that were learned; more are not remembered, and their packets are routed by what each says itself.
  static constexpr std::size_t maxLearned = 1024;
  std::size_t learned() const { return bySsrc_.size(); }

 private:
  struct Entry {
    Section section = 0;
    bool announced = false;
    bool ended = false;
    /// The sequence number of the packet whose MID said it.
    std::optional<std::uint16_t> saidAt;
  };
  bool takes(Section section, std::uint8_t payloadType) const;
  void remember(std::uint32_t ssrc, Entry entry);

  std::vector<Receiving> sections_;
  std::unordered_map<std::string, Section> byMid_;
  std::unordered_map<std::uint32_t, Entry> bySsrc_;
  std::unordered_map<std::uint8_t, Section> byPayloadType_;  ///< Those that one section has alone.
};

}  // namespace parley::rtp

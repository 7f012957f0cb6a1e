#pragma once

#include "base/bytes.hpp"
#include "base/counters.hpp"
#include "rtp/fec/ulpfec.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::rtp::fec {

/// Why an FEC payload restored nothing.
enum class FecDrop {
  Malformed,   ///< It does not parse.
  Old,         ///< It protects what is too far back, or it waited too long.
  Incomplete,  ///< What it would restore is longer than what it protects, or no RTP packet.
  Count
};

/// Restores lost packets of one stream from its FEC. Holds the last 64 packets and the last 8 payloads of FEC that
/// still lack more than one; nothing else is remembered, so hostile FEC costs no more than a bounded number of
/// exclusive ors.
class UlpfecDecoder {
 public:
  explicit UlpfecDecoder(std::uint32_t ssrc) : ssrc_(ssrc) {}

  /// A media packet that came (or was restored by other means): a whole RTP packet of this stream, see the namespace.
  void media(base::Bytes packet);
  /// An FEC payload that came.
  void fec(base::Bytes payload);

  /// The next packet that was restored, a whole RTP packet; borrowed until the next call of anything here. It counts as
  /// received: it helps to restore others.
  std::optional<base::Bytes> poll();

  std::uint64_t packetsRestored() const { return restored_; }
  const base::Counters<FecDrop>& drops() const { return drops_; }

 private:
  /// More than a mask spans, and a power of two so that it divides the sequence numbers.
  static constexpr std::size_t window = 64;
  static constexpr std::size_t maxWaiting = 8;

  struct Slot {
    bool there = false;
    std::uint16_t sequenceNumber = 0;
    std::vector<std::uint8_t> packet;  ///< Keeps its room.
  };
  struct Waiting {
    bool used = false;
    std::uint64_t order = 0;
    std::vector<std::uint8_t> payload;
  };

  const Slot* find(std::uint16_t sequenceNumber) const;
  bool tooOld(std::uint16_t sequenceNumber) const;
  /// True if the payload is done with: it restored a packet, or there is nothing left for it to restore.
  bool apply(const Protection& protection);
  bool restore(const Protection& protection, std::uint16_t missing);
  void store(base::Bytes packet);
  void retry();

  std::uint32_t ssrc_;
  std::optional<std::uint16_t> newest_;
  std::array<Slot, window> slots_;
  std::array<Waiting, maxWaiting> waiting_;
  std::uint64_t order_ = 0;
  std::vector<std::uint16_t> ready_;  ///< Restored and not polled yet; at most one for each payload that came.
  std::size_t polled_ = 0;
  std::vector<std::uint8_t> scratch_;
  std::uint64_t restored_ = 0;
  base::Counters<FecDrop> drops_;
};

}  // namespace parley::rtp::fec

#pragma once

#include "sctp/wire/packet_builder.hpp"
#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::sctp::native {

/// The peer's requests to re-configure (RFC 6525 s.5.2), and our answers.
///
///     request ──► all before it has come? ──yes──► performed
///                        └──no──► deferred ("in progress") ──the cumulative TSN gets there──► performed
///
/// A request that is repeated is answered as the first time, or with what became of it. Incoming resets (of streams of
/// ours) and resets of the TSN are denied: RFC 8831 s.6.7 closes channels by outgoing resets alone.
class IncomingResets {
 public:
  /// The streams that are reset; none: all.
  struct Reset {
    std::vector<std::uint16_t> streams;
  };

  /// `first`: RFC 6525 s.4.1: the peer's initial TSN. `streams`: that the peer may send on.
  void start(wire::RequestNumber first, std::uint16_t streams);

  /// A parameter of RE-CONFIG. Responses are none of ours. Returns a reset that is to be made now.
  std::optional<Reset> handle(const wire::ReconfigParameter& parameter, wire::UnwrappedTsn cumulative);
  /// All up to `cumulative` has come. Returns a reset that was waiting for it.
  std::optional<Reset> progressed(wire::UnwrappedTsn cumulative);

  /// RFC 6525 s.5.2.2 E2: a chunk that belongs behind a reset that is deferred. The peer must not have sent it yet.
  bool blocked(std::uint16_t stream, wire::UnwrappedTsn tsn) const;
  /// How many the peer may send on, those that it has added included.
  std::uint16_t streams() const { return streams_; }

  /// There are answers to be sent.
  bool due() const { return answers_ > 0; }
  /// Writes them. False if there is no room.
  bool fill(wire::PacketBuilder& builder);
  /// What a request of ours gives as "response sequence number": the last of the peer's that was seen.
  wire::RequestNumber lastSeen() const { return next_ - 1; }

 private:
  struct Known {
    wire::RequestNumber request;
    wire::ReconfigResult result{};
    bool valid = false;
  };
  struct Deferred {
    wire::UnwrappedTsn after;
    wire::RequestNumber request;
    std::vector<std::uint16_t> streams;
  };
  /// The peer asks under a new number for what it has asked for already.
  static bool sameAgain(const Deferred& earlier, const Deferred& wanted);
  void answer(wire::RequestNumber request, wire::ReconfigResult result);
  /// True if the request is new; otherwise it has been answered.
  bool isNew(wire::RequestNumber request);
  void settle(wire::RequestNumber request, wire::ReconfigResult result);

  wire::RequestNumber next_;
  std::uint16_t streams_ = 0;
  /// A RE-CONFIG holds at most two requests (RFC 6525 s.3.1), so that what is repeated is one of the last two.
  std::array<Known, 2> known_{};
  std::optional<Deferred> deferred_;
  /// What was deferred last and is done. Some peers ask again under a new number when they are told "in progress".
  std::optional<Deferred> settled_;
  std::array<wire::ReconfigResponse, 4> toSend_{};
  std::size_t answers_ = 0;
};

}  // namespace parley::sctp::native

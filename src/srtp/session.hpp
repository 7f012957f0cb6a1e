#pragma once

#include "base/bytes.hpp"
#include "base/counters.hpp"
#include "srtp/profile.hpp"

#include <parley/packet.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct srtp_ctx_t_;

namespace parley::srtp {

/// Why a packet was not protected or not believed.
enum class Drop {
  Malformed,         ///< Too short for its header or its tag, or not RTP or RTCP.
  NotAuthenticated,  ///< The tag is wrong: forged, or damaged.
  Replayed,          ///< It was here before, or is too old to know (RFC 3711 s.3.3.2).
  TooManySources,    ///< One more stream than there is room for.
  Exhausted,         ///< The key has protected all that it may (RFC 3711 s.9.2).
  NoRoom,            ///< The packet has no tailroom for the tag.
  Count
};

/// One direction of SRTP and SRTCP (RFC 3711, 7714), for all streams under one master key. Both classes work in place,
/// know rollover counters and replay windows by stream, and hold at most `maxSources` streams.
class Session {
 public:
  /// A peer's media server may forward a thousand streams over one transport; a stream costs about a kilobyte.
  static constexpr std::size_t maxSources = 4096;

  /// Forgets a stream with its rollover counter. Only for streams that never come back: after a BYE, under keys that
  /// go on, the SSRC must not be used again.
  void forget(std::uint32_t ssrc);

  Profile profile() const { return profile_; }
  std::size_t sources() const { return sources_.size(); }
  const base::Counters<Drop>& drops() const { return drops_; }

 protected:
  enum class Direction { Send, Receive };
  /// `key` and `salt` have the lengths of the profile; they are not kept.
  Session(Profile profile, base::Bytes key, base::Bytes salt, Direction direction);
  ~Session() = default;
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) noexcept = default;

  bool knows(std::uint32_t ssrc) const;
  bool mayKnow(std::uint32_t ssrc) const { return sources_.size() < maxSources || knows(ssrc); }
  void remember(std::uint32_t ssrc);
  /// Counts what libsrtp said, and is false unless it said ok.
  bool check(int status);
  bool refuse(Drop reason);

  struct End {
    void operator()(srtp_ctx_t_* session) const;
  };
  Profile profile_;
  std::unique_ptr<srtp_ctx_t_, End> session_;
  /// libsrtp makes a stream of its template for each SSRC, without limit: this is the limit. Sorted.
  std::vector<std::uint32_t> sources_;
  std::uint32_t last_ = 0;  ///< The one that was seen last, for the next packet is mostly of the same.
  base::Counters<Drop> drops_;
};

/// Protects what we send.
class Sender : public Session {
 public:
  Sender(Profile profile, base::Bytes key, base::Bytes salt) : Session(profile, key, salt, Direction::Send) {}

  /// Encrypts and appends the tag. False if it could not: the packet must not be sent then. A packet may be protected
  /// again (a retransmission without RTX), which gives the same bytes.
  bool protectRtp(Packet& packet);
  bool protectRtcp(Packet& packet);
};

/// Opens what the peer sends.
class Receiver : public Session {
 public:
  Receiver(Profile profile, base::Bytes key, base::Bytes salt) : Session(profile, key, salt, Direction::Receive) {}

  /// Checks and decrypts; gives the packet without its tag, inside of `bytes`. Nothing if it is not to be believed: what is
  /// left in `bytes` then means nothing.
  std::optional<base::MutableBytes> unprotectRtp(base::MutableBytes bytes);
  std::optional<base::MutableBytes> unprotectRtcp(base::MutableBytes bytes);

 private:
  using Unprotect = int (*)(srtp_ctx_t_*, void*, int*);
  std::optional<base::MutableBytes> unprotect(base::MutableBytes bytes, std::uint32_t ssrc, Unprotect function);
  /// libsrtp reads words: what does not begin at one is copied here and back.
  std::vector<std::uint32_t> aligned_;
};

}  // namespace parley::srtp

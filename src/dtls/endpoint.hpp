#pragma once

#include "base/bytes.hpp"
#include "base/counters.hpp"
#include "base/machine.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/timers.hpp"
#include "dtls/certificate.hpp"
#include "dtls/datagram_bio.hpp"
#include "dtls/fingerprint.hpp"
#include "dtls/flight.hpp"
#include "dtls/srtp_keys.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct ssl_st;

namespace parley::dtls {

/// The client is the side with `a=setup:active` (RFC 5763 s.5).
enum class Role { Client, Server };

enum class State { New, Connecting, Connected, Closed, Failed };

/// Why something that arrived came to nothing.
enum class Drop {
  NotDtls,       ///< not a row of DTLS records
  TooEarly,      ///< before `start`, and no room to hold it
  Rejected,      ///< records that are forged, corrupt, replayed or of a past epoch
  TooLarge,      ///< a datagram or a record beyond what a packet holds
  NotConnected,  ///< after the end
  Count
};

/// The largest DTLS datagram by default. RFC 8899 s.5.1.2 recommends 1200 bytes as BASE_PLPMTU. Off that go what lower
/// layers may add: 4 bytes of TURN ChannelData header and at most 3 of its padding (RFC 8656 s.12.4), 2 of framing over
/// TCP (RFC 4571 s.2): 1200 - 4 - 3 - 2 = 1191. SCTP derives its own size by `Endpoint::maxPayload`.
inline constexpr std::size_t defaultMtu = 1191;

/// One DTLS association (RFC 6347), with keys for SRTP (RFC 5764), authenticated by fingerprints (RFC 8122).
///
///           start               the peer's certificate matches, Finished
///   New ───────────► Connecting ──────────────────────────────────────► Connected
///    │                │       │                                           │      │
///    │ close    close │       │ wrong fingerprint, alert, silence   alert │      │ close, close_notify
///    ▼                ▼       ▼                                           ▼      ▼
///   Closed          Closed   Failed                                    Failed   Closed
///
/// What arrives before `start` is held (8 datagrams at most) and read by it: the peer may be faster than signalling.
/// Nothing is believed before the fingerprint matched: application data that overtakes the handshake's end waits inside
/// OpenSSL (100 records at most).
///
/// A flight is retransmitted after max(100 ms, 2 round trips), then after twice as long, and so on, up to 60 s apart
/// (RFC 6347 s.4.2.4.1); see `Flight` for how. When nine repetitions found no answer the endpoint fails; at 100 ms that
/// is after 100 ms * (2^10 - 1) less the cap = 102 s. ICE's consent (30 s, RFC 7675) ends a dead path long before.
///
/// Not movable: OpenSSL holds pointers to it.
class Endpoint {
 public:
  struct Config {
    std::shared_ptr<const Certificate> certificate;
    /// The largest datagram, in bytes of UDP payload; between 256 and `base::packetCapacity`.
    std::size_t mtu = defaultMtu;
    /// In order of preference; never empty, as use_srtp is offered always (RFC 9143 s.11). GCM first: it is the faster.
    std::vector<SrtpProfile> srtpProfiles = {SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm,
                                             SrtpProfile::Aes128CmSha1_80};
  };

  struct Transmit {
    Packet packet;  ///< a DTLS datagram
  };
  struct Connected {
    std::string version;        ///< "DTLSv1.2"
    std::uint16_t wireVersion;  ///< 0xFEFD
    std::string cipher;         ///< IANA's name
    std::string group;          ///< of the key exchange; empty if unknown
    std::optional<SrtpProfile> srtpProfile;
  };
  struct Received {
    Packet packet;  ///< plaintext of one record
  };
  /// The association has ended, by `close` or by the peer's close_notify.
  struct Closed {};
  struct Failed {
    std::string reason;
    bool wrongFingerprint = false;  ///< The peer's certificate is not the one that signalling promised.
    /// RFC 5246 s.7.2: the alert that ended it, by its number.
    std::optional<std::uint8_t> receivedAlert = {}, sentAlert = {};
  };
  using Output = std::variant<Transmit, Connected, Received, Closed, Failed>;

  struct Stats {
    std::uint64_t datagramsSent = 0, bytesSent = 0;
    std::uint64_t datagramsReceived = 0, bytesReceived = 0;
    std::uint64_t retransmissions = 0;  ///< flights
    base::Counters<Drop> drops;
  };

  /// Precondition: config.certificate. The pool outlives the endpoint.
  Endpoint(Config config, base::PacketPool& pool);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Once. The client sends its hello at once. Fails if no fingerprint of `remote` is of SHA-256 or better. `roundTrip`
  /// is ICE's measurement, zero if there is none.
  void start(Role role, const std::vector<Fingerprint>& remote, Duration roundTrip, Time now);
  /// Counts from the next flight on.
  void setRoundTripTime(Duration roundTrip);
  void handle(base::Bytes datagram, Time now);
  /// One record in one datagram. False if not connected, empty, larger than `maxPayload`, or the queue is full.
  bool send(base::Bytes plaintext, Time now);
  /// Says close_notify if connected. Idempotent.
  void close(Time now);

  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const { return timers_.next(); }
  void advance(Time now);

  State state() const { return state_; }
  std::optional<Role> role() const { return role_; }
  /// The largest plaintext that `send` takes; zero unless connected.
  std::size_t maxPayload() const { return maxPayload_; }
  /// What was negotiated; nothing before the state was Connected.
  const std::optional<Connected>& negotiated() const { return negotiated_; }
  /// Nothing unless connected with a profile.
  std::optional<SrtpKeys> srtpKeys() const;
  /// DER, and only one that matched a fingerprint; empty before.
  const std::vector<std::uint8_t>& remoteCertificate() const { return remoteCertificate_; }
  const Stats& stats() const { return stats_; }

 private:
  enum class Timer { Retransmit, ReleaseBuffers, Count };
  friend struct EndpointCallbacks;
  struct SslDeleter {
    void operator()(ssl_st* ssl) const;
  };

  std::string setUp(Role role);
  void feed(base::Bytes datagram, Time now);
  void shakeHands(Time now);
  void read();
  void startFlight(Time now);
  void repeatFlight(Time now);
  void becomeConnected(Time now);
  void end(State state, Output event);
  void failByOpenSsl(std::string_view what);
  void transmit(base::Bytes datagram);
  void wantBuffers(Time now);
  bool acceptPeer(base::Bytes der);

  Config config_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  base::Timers<Timer> timers_;
  DatagramPort port_;
  std::unique_ptr<ssl_st, SslDeleter> ssl_;  ///< while Connecting or Connected
  State state_ = State::New;
  std::optional<Role> role_;
  std::vector<Fingerprint> remote_;  ///< the decisive ones
  std::vector<std::vector<std::uint8_t>> held_;
  std::size_t heldBytes_ = 0;
  Flight flight_;
  Duration roundTrip_{};
  Duration interval_{};                                    ///< between the last repetition and the next
  std::string refusal_;                                    ///< why the peer's certificate was not accepted
  std::optional<std::uint8_t> receivedAlert_, sentAlert_;  ///< the last one that was not close_notify
  bool buffersUsed_ = false;                               ///< since the timer was last set
  std::vector<std::uint8_t> remoteCertificate_;
  std::optional<Connected> negotiated_;
  std::size_t maxPayload_ = 0;
  /// The least by which an encrypted record is longer than what is in it; 0: not known yet.
  std::size_t expansion_ = 0;
  Stats stats_;
};
static_assert(base::Machine<Endpoint>);

}  // namespace parley::dtls

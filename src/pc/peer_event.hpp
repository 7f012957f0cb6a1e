#pragma once

#include "dtls/endpoint.hpp"
#include "ice/agent.hpp"
#include "pc/media_event.hpp"
#include "pc/transport_plan.hpp"
#include "sctp/data_channels.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley::pc {

// What the data plane tells the façade. Events of one peer arrive in the order in which they happened.

struct DtlsStateChanged {
  dtls::State state;
  std::string reason;                                              ///< Why it failed.
  std::vector<std::uint8_t> remoteCertificate;                     ///< DER, when connected.
  bool wrongFingerprint = false;                                   ///< It failed because of the peer's certificate.
  std::optional<std::uint8_t> receivedAlert = {}, sentAlert = {};  ///< What ended it, if an alert did.
};

/// What happened on one of the connection's transports.
struct TransportEvent {
  TransportId transport = 0;
  std::variant<ice::CandidateFound, ice::CandidateFailed, ice::GatheringChanged, ice::StateChanged,
               ice::SelectedPairChanged, ice::RoleChanged, DtlsStateChanged>
      event;
};

/// The association is up: channels can open.
struct SctpConnected {
  std::uint16_t maxChannels = 0;
};

/// The association ended; every channel was told before.
struct SctpClosed {
  std::string reason;           ///< Empty for an orderly end.
  bool anotherFollows = false;  ///< Negotiation asked for another one, which begins at once.
};

/// The peer opened a channel; the id was chosen by the data plane.
struct ChannelIncoming {
  sctp::ChannelId channel;
  sctp::Parameters parameters;
};

struct ChannelOpened {
  sctp::ChannelId channel;
  std::uint16_t stream;
};

/// The peer began to close the channel.
struct ChannelClosing {
  sctp::ChannelId channel;
};

struct ChannelClosed {
  sctp::ChannelId channel;
  std::string error;                        ///< Empty for an orderly end.
  std::optional<std::uint16_t> cause = {};  ///< RFC 9260 s.3.3.10, of an association that was aborted with one.
};

struct ChannelMessage {
  sctp::ChannelId channel;
  bool text;
  std::vector<std::uint8_t> bytes;
};

/// So many bytes of user data left the channel's buffer for the path.
struct ChannelDrained {
  sctp::ChannelId channel;
  std::size_t bytes;
};

using PeerEvent = std::variant<TransportEvent, SctpConnected, SctpClosed, ChannelIncoming, ChannelOpened,
                               ChannelClosing, ChannelClosed, ChannelMessage, ChannelDrained, FrameReceived,
                               KeyFrameWanted, SendBitrateChanged, SourceCollided, MediaFlows, TonePlayed>;

/// The façade's end of the data plane. Called on the engine's thread; the implementation only queues a task.
class PeerObserver {
 public:
  virtual ~PeerObserver() = default;
  virtual void onPeerEvent(PeerEvent event) = 0;
  /// False while the application has too many undelivered messages: they then stay in SCTP's receive window. When it
  /// turns true again, the façade posts `Peer::resume`.
  virtual bool wantsMessages() const = 0;
};

}  // namespace parley::pc

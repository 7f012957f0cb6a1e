#pragma once

#include <parley/enums.hpp>
#include <parley/ice_candidate.hpp>
#include <parley/rtc_error.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// \file
/// What a connection runs over: `PeerConnection::sctp()`, its `transport()` and those of senders and receivers, and their
/// `iceTransport()`. Sections that are bundled share one (`Configuration::bundlePolicy`). They live on when the connection
/// is closed, or does without them, in state "closed". Threads and handlers are as for `DataChannel`.

namespace parley {

/// RTCIceParameters.
struct IceParameters {
  std::string usernameFragment;
  std::string password;

  bool operator==(const IceParameters&) const = default;
};

/// RTCIceCandidatePair.
struct IceCandidatePair {
  IceCandidate local;
  IceCandidate remote;
};

/// RTCIceTransport.
class PARLEY_API IceTransport {
 public:
  virtual ~IceTransport() = default;

  virtual IceRole role() const = 0;
  /// Always "rtp": rtcp-mux is required.
  virtual IceComponent component() const = 0;
  virtual IceTransportState state() const = 0;
  virtual IceGathererState gatheringState() const = 0;
  /// Of the present generation.
  virtual std::vector<IceCandidate> getLocalCandidates() const = 0;
  /// Of the present generation; without peer-reflexive ones, which nobody signalled.
  virtual std::vector<IceCandidate> getRemoteCandidates() const = 0;
  /// Null in states "new" and "closed".
  virtual std::optional<IceCandidatePair> getSelectedCandidatePair() const = 0;
  virtual std::optional<IceParameters> getLocalParameters() const = 0;
  virtual std::optional<IceParameters> getRemoteParameters() const = 0;

  virtual void onStateChange(std::function<void()> handler) = 0;
  virtual void onGatheringStateChange(std::function<void()> handler) = 0;
  virtual void onSelectedCandidatePairChange(std::function<void()> handler) = 0;
};

/// RTCDtlsTransport.
class PARLEY_API DtlsTransport {
 public:
  virtual ~DtlsTransport() = default;

  virtual std::shared_ptr<IceTransport> iceTransport() const = 0;
  virtual DtlsTransportState state() const = 0;
  /// DER; empty until connected.
  virtual std::vector<std::vector<std::uint8_t>> getRemoteCertificates() const = 0;

  virtual void onStateChange(std::function<void()> handler) = 0;
  virtual void onError(std::function<void(const RtcError&)> handler) = 0;
};

/// RTCSctpTransport.
class PARLEY_API SctpTransport {
 public:
  virtual ~SctpTransport() = default;

  virtual std::shared_ptr<DtlsTransport> transport() const = 0;
  virtual SctpTransportState state() const = 0;
  /// The largest message that can be sent, bytes; infinity if there is no limit. Null before a description of the peer
  /// was applied.
  virtual std::optional<double> maxMessageSize() const = 0;
  /// Null until connected.
  virtual std::optional<std::uint16_t> maxChannels() const = 0;

  virtual void onStateChange(std::function<void()> handler) = 0;
};

}  // namespace parley

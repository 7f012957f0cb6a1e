#pragma once

#include <parley/address.hpp>
#include <parley/certificate.hpp>
#include <parley/enums.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace parley {

/// RTCIceServer. URLs are those of RFC 7064 and RFC 7065. TURN servers are checked and remembered, and not used yet.
struct IceServer {
  std::vector<std::string> urls = {};
  std::optional<std::string> username = std::nullopt;
  std::optional<std::string> credential = std::nullopt;

  bool operator==(const IceServer&) const = default;
};

/// RTCConfiguration, with its defaults, and what a browser decides for its pages and an application decides here.
struct Configuration {
  std::vector<IceServer> iceServers = {};
  IceTransportPolicy iceTransportPolicy = IceTransportPolicy::All;
  /// Of no effect as long as data channels are all there is: there is one transport.
  BundlePolicy bundlePolicy = BundlePolicy::Balanced;
  RtcpMuxPolicy rtcpMuxPolicy = RtcpMuxPolicy::Require;
  /// The first one is used. Empty: each connection makes its own.
  std::vector<Certificate> certificates = {};
  /// Kept for the record: candidates are gathered when the local description is set.
  std::uint8_t iceCandidatePoolSize = 0;

  /// Not of the W3C. None of it can change after the connection was made.
  struct Extensions {
    /// Our a=max-message-size, bytes: 256 KiB is what browsers announce.
    std::size_t maxMessageSize = 262'144;
    /// Local UDP ports are of [firstPort, lastPort]; 0 and 0 leave them to the system.
    std::uint16_t firstPort = 0;
    std::uint16_t lastPort = 0;
    /// Gather loopback addresses too. They are used without this if there are no others.
    bool includeLoopback = false;
    /// False for a local address that shall not be used. Called on the engine's thread. Empty: all.
    std::function<bool(const IpAddress&)> usesAddress = {};
    /// SCTP streams, and so channels, each way: an association of 256 takes 34 KiB, one of 65535 takes 6.6 MB.
    std::uint16_t sctpStreams = 256;
    /// The most bytes that may wait in one channel; a `send` beyond is an OperationError. 16 MiB hold a second of
    /// 134 Mbit/s.
    std::size_t sendBufferLimit = 16'777'216;
    /// Bytes of messages that may wait for their handlers, for all channels together; what is beyond stays in SCTP's
    /// receive window and so holds the peer up. 1 MiB is four of the largest messages.
    std::size_t receiveBufferLimit = 1'048'576;
  };
  Extensions extensions = {};
};

}  // namespace parley

#pragma once

#include <parley/address.hpp>
#include <parley/certificate.hpp>
#include <parley/enums.hpp>
#include <parley/io.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace parley {

/// RTCIceServer. URLs are those of RFC 7064 and RFC 7065. For a `turns:` URL the certificate of the server has to prove the
/// name in the URL (see `Extensions::trustAnchors`).
struct IceServer {
  std::vector<std::string> urls = {};
  std::optional<std::string> username = std::nullopt;
  std::optional<std::string> credential = std::nullopt;

  bool operator==(const IceServer&) const = default;
};

/// Which candidates of ICE-TCP (RFC 6544) are gathered. TCP is used where UDP does not get through.
enum class IceTcp : std::uint8_t {
  Off,
  Active,  ///< We connect to the passive candidates of the peer, as browsers do. Costs nothing until one is there.
  All      ///< We listen as well (passive, simultaneous-open): each connection has two TCP ports for each address.
};

/// The addresses that peers get to know, by RFC 8828 s.5.2. Its mode 4 is `Extensions::udp = false`.
enum class IceAddressPolicy : std::uint8_t {
  All,           ///< Mode 1: of all interfaces.
  DefaultRoute,  ///< Mode 2: the address of the interface that leads to the Internet, and what the NAT makes of it.
  PublicOnly     ///< Mode 3: only what the Internet sees of that one.
};

/// What is behind the data channels.
enum class SctpEngine {
  Native,   ///< Parley's own.
  Usrsctp,  ///< The usrsctp library.
};

/// How the native engine fills the path. Only the sender's matters.
enum class SctpCongestionControl {
  TolerantCubic,  ///< CUBIC that does not take a path's own losses for a full queue: fast where packets get lost at random.
  Cubic,          ///< RFC 9438, and nothing else.
  Bbr,            ///< BBRv3 (draft-ietf-ccwg-bbr). Keeps queues short, and is slow to give way to newcomers.
};

/// RTCConfiguration, with its defaults, and what a browser decides for its pages and an application decides here.
struct Configuration {
  std::vector<IceServer> iceServers = {};
  IceTransportPolicy iceTransportPolicy = IceTransportPolicy::All;
  /// RFC 9429 s.4.1.1. Until its answer says what the peer bundles, candidates are gathered with MaxBundle for the
  /// first section alone, with Balanced for the first of each kind, with MaxCompat for each. Of a peer that does not
  /// bundle, these are the sections that are used. MaxBundle costs the least, and is enough for all browsers.
  /// Connections that share a port have it always.
  BundlePolicy bundlePolicy = BundlePolicy::Balanced;
  RtcpMuxPolicy rtcpMuxPolicy = RtcpMuxPolicy::Require;
  /// The first one is used. Empty: each connection makes its own; in setConfiguration, those that it has.
  std::vector<Certificate> certificates = {};
  /// For so many transports (16 at most) candidates are gathered from the start, before there is a local description.
  /// What is not used is closed when the first exchange is complete.
  std::uint8_t iceCandidatePoolSize = 0;

  /// Not of the W3C. None of it can change after the connection was made.
  struct Extensions {
    /// Our a=max-message-size, bytes: 256 KiB is what browsers announce.
    std::size_t maxMessageSize = 262'144;
    /// Local UDP ports are of [firstPort, lastPort]; 0 and 0 leave them to the system.
    std::uint16_t firstPort = 0;
    std::uint16_t lastPort = 0;
    /// All connections of one engine that say so, with the same ports, have one UDP socket for each local address: for
    /// servers with one open port (firstPort = lastPort). Not of use together with TURN over UDP.
    bool sharesPort = false;
    /// Gather loopback addresses too. They are used without this if there are no others.
    bool includeLoopback = false;
    /// False for a local address that shall not be used. Called on the engine's thread. Empty: all.
    std::function<bool(const IpAddress&)> usesAddress = {};
    /// The same for an interface with its name.
    std::function<bool(const NetworkInterface&)> usesInterface = {};
    IceAddressPolicy addressPolicy = IceAddressPolicy::All;
    /// Local addresses go to the peer as names for multicast DNS (draft-ietf-mmusic-mdns-ice-candidates), which only
    /// machines of the same network can resolve.
    bool hideAddresses = false;
    /// False: no UDP at all, only ICE-TCP, and TURN over TCP or TLS.
    bool udp = true;
    IceTcp tcp = IceTcp::Active;
    /// ICE lite (RFC 8445 s.2.5), for servers with public addresses: answers checks and makes none.
    bool iceLite = false;
    /// Offers to move to a better pair later (draft-thatcher-ice-renomination), where the peer offers it too.
    bool renomination = true;
    /// The pause between two connectivity checks that we propose (a=ice-pacing, RFC 8839 s.5.5); the longer one of both
    /// sides holds, and a peer that proposes none, as browsers do, has the 50 ms of RFC 8445 s.14.2. That gives 5 ms as the
    /// least of all agents together: 20 ms leave room for four connections that are set up at a time.
    std::chrono::milliseconds icePacing{20};
    /// The certificates (PEM) that those of TURN servers have to lead to. Empty: the system's.
    std::string trustAnchors = {};
    SctpEngine sctpEngine = SctpEngine::Native;
    SctpCongestionControl sctpCongestionControl = SctpCongestionControl::TolerantCubic;
    /// Offers, and answers where it is offered, that SCTP begins without a handshake (draft-hancke-tsvwg-snap): saves up
    /// to two round trips. The native engine only.
    bool sctpSnap = false;
    /// SCTP streams, and so channels, each way. 0: as many as do not matter: 65535 (RFC 8831 s.6.2), for the native engine
    /// takes memory for those in use alone, but 256 of usrsctp, where they are 34 KiB and 65535 would be 6.6 MB.
    std::uint16_t sctpStreams = 0;
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

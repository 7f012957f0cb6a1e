#pragma once

#include "base/bytes.hpp"
#include "base/packet_pool.hpp"
#include "stun/message.hpp"
#include "stun/message_builder.hpp"

#include <parley/address.hpp>
#include <parley/time.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {

/// What a TURN server does (RFC 8656, RFC 8489), without network: enough of it to drive every path of a client, and
/// every error on demand. It is strict where the RFCs oblige clients, so that a test fails where a real server would
/// refuse.
class TurnService {
 public:
  struct Config {
    std::string realm = "sim.example";
    std::map<std::string, std::string> users = {{"user", "secret"}};
    bool authenticates = true;
    /// Offers SHA-256 and MD5 in PASSWORD-ALGORITHMS.
    bool sha256 = false;
    /// Wants USERHASH.
    bool anonymous = false;
    /// Where relayed addresses are; without one of a family it is not supported.
    std::optional<IpAddress> v4, v6;
    Duration nonceLifetime = std::chrono::hours(1);
    Duration lifetime = std::chrono::minutes(10);
    Duration permissionLifetime = std::chrono::seconds(300);
    Duration channelLifetime = std::chrono::seconds(600);
    /// Allocations at a time.
    std::size_t quota = 1000;
    /// Peers that are refused with 403.
    std::set<IpAddress> forbidden;
  };

  /// The client's end of a 5-tuple. `stream` is 0 for UDP, and else tells connections apart.
  struct Client {
    SocketAddress address;
    std::uint32_t stream = 0;
    auto operator<=>(const Client&) const = default;
  };

  explicit TurnService(Config config) : config_(std::move(config)) {}

  // --- In: whole messages and datagrams ---
  void fromClient(const Client& client, base::Bytes message, Time now);
  void fromPeer(const SocketAddress& relayed, const SocketAddress& peer, base::Bytes datagram, Time now);
  /// The client's connection has ended, and with it what it allocated.
  void disconnected(const Client& client) { allocations_.erase(client); }

  // --- Out ---
  std::function<void(const Client&, base::Bytes)> toClient;
  std::function<void(const SocketAddress& relayed, const SocketAddress& peer, base::Bytes)> toPeer;
  /// There is a new relayed address.
  std::function<void(const SocketAddress& relayed)> opened;

  // --- What tests ask for ---
  struct Refusal {
    int code = 0;
    bool isSigned = true;  ///< With the request's key, if it has a valid one.
    std::optional<SocketAddress> alternate = std::nullopt;
    std::string alternateDomain = {};
  };
  /// Asked for each request once it is authenticated: a refusal answers it.
  std::function<std::optional<Refusal>(const stun::Message&)> refuse;
  /// Asked for each request before anything else: true leaves it without an answer.
  std::function<bool(const stun::Message&)> ignore;
  /// May change each response before it goes out.
  std::function<void(std::vector<std::uint8_t>&)> tamper;
  /// May take attributes out of each challenge, as an attacker would: true leaves PASSWORD-ALGORITHMS out.
  bool hidesPasswordAlgorithms = false;
  /// All nonces are stale from now on.
  void expireNonces() { nonces_.clear(); }
  /// All allocations are gone, as after a restart.
  void forget() { allocations_.clear(); }
  Config& config() { return config_; }

  // --- What tests look at ---
  std::size_t allocations(Time now);
  bool hasPermission(const Client& client, const IpAddress& peer, Time now);
  std::map<stun::Method, int> requests;  ///< With retransmissions.
  int sendIndications = 0, channelDatas = 0, bindingIndications = 0;
  /// Data of a client that was not relayed: no permission, no channel, no allocation.
  int dropped = 0;
  /// Requests signed by MESSAGE-INTEGRITY-SHA256, and with USERHASH.
  int sha256Requests = 0, userhashRequests = 0;
  std::string lastSoftware;

 private:
  struct Channel {
    SocketAddress peer;
    Time expires;
  };
  struct Allocation {
    std::string user;
    std::vector<SocketAddress> relayed;
    Time expires;
    std::map<IpAddress, Time> permissions;
    std::map<std::uint16_t, Channel> channels;
  };
  /// How a request was authenticated.
  struct Signature {
    std::string user;
    std::vector<std::uint8_t> key;
    bool sha256 = false;
  };

  void request(const Client& client, const stun::Message& message, Time now);
  std::optional<Signature> authenticate(const Client& client, const stun::Message& message, Time now);
  void challenge(const Client& client, const stun::Message& message, int code, Time now);
  void allocate(const Client& client, const stun::Message& message, const Signature& by, Time now);
  void refresh(const Client& client, const stun::Message& message, const Signature& by, Allocation& allocation,
               Time now);
  void createPermission(const Client& client, const stun::Message& message, const Signature& by, Allocation& allocation,
                        Time now);
  void channelBind(const Client& client, const stun::Message& message, const Signature& by, Allocation& allocation,
                   Time now);
  void relay(Allocation& allocation, const SocketAddress& peer, base::Bytes data, Time now);
  int peerError(const Allocation& allocation, const SocketAddress& peer) const;

  Allocation* allocationOf(const Client& client, Time now);
  static const SocketAddress* relayedFor(const Allocation& allocation, IpAddress::Family family);
  std::string makeNonce(const Client& client, Time now);
  void answer(const Client& client, const stun::Message& message, stun::MessageBuilder& response, const Signature* by,
              Time now);
  void error(const Client& client, const stun::Message& message, int code, const Signature* by, Time now);

  Config config_;
  base::PacketPool pool_;
  std::map<Client, Allocation> allocations_;
  struct Nonce {
    Client client;
    Time expires;
  };
  std::map<std::string, Nonce> nonces_;
  std::uint64_t nonceCount_ = 0;
  std::uint16_t nextPort_ = 49152;
  /// RFC 8489 s.6.3.1: a retransmitted request is answered as the first one was.
  std::map<std::pair<Client, stun::TransactionId>, std::vector<std::uint8_t>> answered_;
};

}  // namespace parley::sim

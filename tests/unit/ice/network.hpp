#pragma once

#include "base/hash.hpp"
#include "ice/agent.hpp"
#include "ice/priority.hpp"
#include "stun/message_builder.hpp"
#include "support/catch.hpp"

#include <parley/io.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// \file
/// A network for a handful of agents in virtual time: hosts with interfaces, NATs, a STUN server, delay, loss, and
/// predicates that drop chosen packets. The contract of a machine is asserted at every step.

namespace parley::ice::test {

using namespace std::chrono_literals;

inline IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
inline SocketAddress at(std::string_view text) { return SocketAddress::parse(text).value(); }
inline Time start() { return Time(1000s); }

/// A datagram on its way, with the addresses as they are on the wire at that place.
struct Sent {
  SocketAddress from, to;
  std::vector<std::uint8_t> bytes;
  const struct Nat* realm = nullptr;  ///< The private network that it is in; none: the open Internet.

  std::optional<stun::Message> message() const {
    auto parsed = stun::Message::parse(bytes);
    if (!parsed) return std::nullopt;
    return *parsed;
  }
  bool isRequest() const { return message() && message()->messageClass() == stun::Class::Request; }
};

struct Nat {
  IpAddress outside;
  /// RFC 4787 s.4.1: endpoint-independent, or a mapping for each destination ("symmetric").
  bool symmetric = false;
  std::map<std::pair<SocketAddress, SocketAddress>, std::uint16_t> mappings;
  std::map<std::uint16_t, std::pair<SocketAddress, std::vector<IpAddress>>> ports;  // port: inside, allowed sources
  std::uint16_t nextPort = 40000;
};

class Network;

/// One agent, its host, and what it said.
class Peer {
 public:
  Peer(Network& network, std::string name, std::vector<NetworkInterface> interfaces, Config config, std::uint64_t seed,
       Nat* nat);

  Network& network;
  std::string name;
  std::vector<NetworkInterface> interfaces;
  Nat* nat;
  base::IdSource ids;
  base::SeededRandom random;
  base::PacketPool pool;
  Agent agent;
  Credentials local;

  std::map<SocketId, SocketAddress> sockets;
  std::vector<CandidateFound> candidates;
  std::vector<CandidateFailed> failures;
  std::vector<std::pair<Time, State>> states;
  std::vector<std::pair<Time, SelectedPairChanged>> selections;
  std::vector<RoleChanged> roles;
  std::vector<std::pair<Time, GatheringChanged>> gatherings;
  std::vector<std::pair<Time, Sent>> outgoing;
  std::uint16_t nextPort = 50000;
  std::size_t boundSockets = 0;
  bool socketsFail = false;
  /// Called for each candidate, to signal it.
  std::function<void(const CandidateFound&)> onCandidate;
  std::function<void()> onGathered;

  void drain();
  std::optional<Time> firstTime(State state) const;
  State state() const { return agent.state(); }
  bool isConnected() const { return state() == State::Connected || state() == State::Completed; }

 private:
  void act(Output output);
};

class Network {
 public:
  explicit Network(std::uint64_t seed = 1) : random_(seed), seed_(seed) {}

  Time now = start();
  Duration delay = 20ms;  ///< One way.
  double loss = 0;
  /// True drops the datagram.
  std::function<bool(const Sent&)> drops;
  /// What a datagram takes longer than `delay`.
  std::function<Duration(const Sent&)> extraDelay;
  std::map<std::string, std::vector<IpAddress>> names;
  std::optional<SocketAddress> stunServer;
  /// Of every datagram that was sent, with its time and addresses.
  std::string trace;

  Nat& addNat(std::string_view outside, bool symmetric = false) {
    nats_.push_back(std::make_unique<Nat>());
    nats_.back()->outside = ip(outside);
    nats_.back()->symmetric = symmetric;
    return *nats_.back();
  }

  Peer& addPeer(std::string name, std::vector<NetworkInterface> interfaces, Config config = Config(),
                Nat* nat = nullptr) {
    peers_.push_back(std::make_unique<Peer>(*this, std::move(name), std::move(interfaces), std::move(config),
                                            seed_ * 100 + peers_.size(), nat));
    return *peers_.back();
  }

  void later(Duration in, std::function<void()> what) { events_.push({now + in, ++sequence_, std::move(what)}); }

  void send(Peer& from, SocketAddress source, const SocketAddress& to, base::Bytes bytes) {
    Sent sent{source, to, {bytes.begin(), bytes.end()}, from.nat};
    from.outgoing.emplace_back(now, sent);
    if (from.nat && !to.ip.isPrivate()) {
      sent.from = translate(*from.nat, source, to);
      sent.realm = nullptr;
    }
    transport(std::move(sent));
  }

  /// Puts a datagram on the wire from anywhere.
  void transport(Sent sent) {
    trace += std::to_string(now.time_since_epoch().count()) + ' ' + sent.from.toString() + ' ' + sent.to.toString() +
             ' ' + base::toHex(base::sha256(sent.bytes)) + '\n';
    if ((drops && drops(sent)) || (loss > 0 && random_.unit() < loss)) return;
    Duration extra = extraDelay ? extraDelay(sent) : 0ms;
    later(delay + extra, [this, sent]() mutable { arrive(std::move(sent)); });
  }

  /// Runs until the time is there, or until `done`.
  bool run(Duration duration, const std::function<bool()>& done = {}) {
    Time end = now + duration;
    settle();
    while (!(done && done())) {
      Time next = events_.empty() ? never : events_.top().at;
      for (auto& peer : peers_) next = std::min(next, peer->agent.deadline());
      if (next > end) {
        now = end;
        settle();
        return !done || done();
      }
      REQUIRE(next >= now);
      now = next;
      while (!events_.empty() && events_.top().at <= now) {
        auto what = events_.top().what;
        events_.pop();
        what();
      }
      settle();
    }
    return true;
  }

 private:
  struct Event {
    Time at;
    std::uint64_t sequence;
    std::function<void()> what;
    bool operator<(const Event& other) const { return std::tie(other.at, other.sequence) < std::tie(at, sequence); }
  };

  SocketAddress translate(Nat& nat, const SocketAddress& inside, const SocketAddress& to) {
    auto key = std::make_pair(inside, nat.symmetric ? to : SocketAddress{});
    auto [mapping, isNew] = nat.mappings.try_emplace(key, nat.nextPort);
    if (isNew) ++nat.nextPort;
    auto& port = nat.ports[mapping->second];
    port.first = inside;
    port.second.push_back(to.ip);
    return {nat.outside, mapping->second};
  }

  void arrive(Sent sent) {
    if (stunServer && sent.to == *stunServer) {
      auto message = sent.message();
      if (!message) return;
      base::PacketPool pool;
      auto packet = stun::MessageBuilder(pool, stun::Class::SuccessResponse, *message)
                        .addXorMappedAddress(sent.from)
                        .addFingerprint()
                        .finish();
      transport({sent.to, sent.from, {packet.bytes().begin(), packet.bytes().end()}, nullptr});
      return;
    }
    for (auto& nat : nats_) {
      if (nat->outside != sent.to.ip || sent.realm) continue;
      auto port = nat->ports.find(sent.to.port);
      if (port == nat->ports.end()) return;
      // RFC 4787 s.5: address-dependent filtering.
      const auto& allowed = port->second.second;
      if (std::find(allowed.begin(), allowed.end(), sent.from.ip) == allowed.end()) return;
      sent.to = port->second.first;
      sent.realm = nat.get();
      break;
    }
    for (auto& peer : peers_) {
      if (peer->nat != sent.realm) continue;
      for (auto& [socket, local] : peer->sockets) {
        if (local != sent.to) continue;
        peer->agent.handle(Datagram{socket, sent.from, sent.bytes}, now);
        return;
      }
    }
  }

  void settle() {
    for (auto& peer : peers_) {
      peer->agent.advance(now);
      peer->drain();
      REQUIRE(peer->agent.deadline() > now);
    }
  }

  base::SeededRandom random_;
  std::uint64_t seed_;
  std::uint64_t sequence_ = 0;
  std::priority_queue<Event> events_;
  std::vector<std::unique_ptr<Nat>> nats_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

inline Peer::Peer(Network& theNetwork, std::string theName, std::vector<NetworkInterface> theInterfaces, Config config,
                  std::uint64_t seed, Nat* theNat)
    : network(theNetwork),
      name(std::move(theName)),
      interfaces(std::move(theInterfaces)),
      nat(theNat),
      random(seed),
      agent(std::move(config), ids, random, pool),
      local(makeCredentials(random)) {}

inline void Peer::drain() {
  while (auto output = agent.poll()) act(std::move(*output));
}

inline std::optional<Time> Peer::firstTime(State wanted) const {
  for (const auto& [when, what] : states)
    if (what == wanted) return when;
  return std::nullopt;
}

inline void Peer::act(Output output) {
  Network& net = network;
  std::visit(
      [&](auto&& one) {
        using T = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<T, Transmit>) {
          auto socket = sockets.find(one.socket);
          if (socket != sockets.end()) net.send(*this, socket->second, one.to, one.packet.bytes());
        } else if constexpr (std::is_same_v<T, BindUdp>) {
          SocketAddress address{one.local, nextPort++};
          ++boundSockets;
          if (socketsFail) {
            net.later(0ms, [this, id = one.socket] { agent.handle(SocketFailed{id, "no permission"}, network.now); });
          } else {
            sockets[one.socket] = address;
            net.later(0ms, [this, id = one.socket, address] { agent.handle(SocketBound{id, address}, network.now); });
          }
        } else if constexpr (std::is_same_v<T, CloseSocket>) {
          sockets.erase(one.socket);
        } else if constexpr (std::is_same_v<T, ListInterfaces>) {
          net.later(0ms, [this, id = one.request] { agent.handle(InterfacesListed{id, interfaces}, network.now); });
        } else if constexpr (std::is_same_v<T, Resolve>) {
          auto known = net.names.find(one.host);
          if (known != net.names.end())
            net.later(5ms, [this, id = one.request, addresses = known->second] {
              agent.handle(Resolved{id, addresses}, network.now);
            });
        } else if constexpr (std::is_same_v<T, CandidateFound>) {
          candidates.push_back(one);
          if (onCandidate) onCandidate(one);
        } else if constexpr (std::is_same_v<T, CandidateFailed>) {
          failures.push_back(one);
        } else if constexpr (std::is_same_v<T, GatheringChanged>) {
          gatherings.emplace_back(net.now, one);
          if (one.state == GatheringState::Complete && onGathered) onGathered();
        } else if constexpr (std::is_same_v<T, StateChanged>) {
          states.emplace_back(net.now, one.state);
        } else if constexpr (std::is_same_v<T, SelectedPairChanged>) {
          selections.emplace_back(net.now, one);
        } else if constexpr (std::is_same_v<T, RoleChanged>) {
          roles.push_back(one);
        }
      },
      std::move(output));
}

inline std::vector<NetworkInterface> interface(std::string_view address) { return {{"eth0", ip(address)}}; }

/// The ufrag goes with the candidate, as it does in trickle ICE.
inline Candidate signalled(const CandidateFound& found) {
  Candidate candidate = found.candidate;
  candidate.extensions.emplace_back("ufrag", found.ufrag);
  return parseCandidate(toString(candidate)).value();
}

/// From now on each candidate of `from` reaches `to` after `delay`, and the end of candidates after the last one.
inline void trickle(Peer& from, Peer& to, Duration delay = 0ms) {
  from.onCandidate = [&, delay](const CandidateFound& found) {
    from.network.later(delay, [&to, candidate = signalled(found)] {
      to.agent.addRemoteCandidate(candidate, to.network.now);
    });
  };
  from.onGathered = [&, delay] {
    from.network.later(delay, [&to] { to.agent.endOfRemoteCandidates(to.network.now); });
  };
}

/// Offer and answer with trickled candidates. The signalling takes `delay` each way. `options`: of the answerer.
inline void connect(Peer& offerer, Peer& answerer, Duration delay = 30ms, RemoteOptions options = {}) {
  Network& net = offerer.network;
  trickle(offerer, answerer, delay);
  trickle(answerer, offerer, delay);
  offerer.agent.setRole(Role::Controlling, net.now);
  offerer.agent.gather(offerer.local, net.now);
  net.later(delay, [&offerer, &answerer, &net, delay, options] {
    answerer.agent.setRole(Role::Controlled, net.now);
    answerer.agent.setRemote(offerer.local, {}, net.now);
    answerer.agent.gather(answerer.local, net.now);
    net.later(delay, [&offerer, &answerer, &net, options] { offerer.agent.setRemote(answerer.local, options, net.now); });
  });
}

inline bool bothSelected(const Peer& a, const Peer& b) { return !a.selections.empty() && !b.selections.empty(); }

}  // namespace parley::ice::test

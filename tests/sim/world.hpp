#pragma once

#include "base/random.hpp"
#include "sim/link.hpp"
#include "sim/nat.hpp"
#include "sim/tcp.hpp"

#include <parley/engine.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// The simulated network: hosts with engines, links and NATs, in virtual time. Everything that happens is an event in
/// one heap, and every random bit comes from one seed, so that a run repeats itself: the first world of a process, that
/// is, because usrsctp carries its state from one to the next.
namespace parley::sim {

class World;

/// A datagram on the wire, as a drop predicate or a trace sees it.
struct Wire {
  Time at;
  SocketAddress from, to;  ///< As the receiver will see them, behind all NATs of the sender.
  base::Bytes bytes;
  std::uint64_t number;  ///< Counts the datagrams of the world, from 1.
};

/// Something with addresses that takes datagrams: a host, or a server of the simulation.
class Node {
 public:
  virtual ~Node() = default;
  virtual void receive(const SocketAddress& to, const SocketAddress& from, std::vector<std::uint8_t> bytes) = 0;
};

/// A machine with one engine and some addresses: the host side of the engine's protocol.
class Host final : public Node {
 public:
  Host(World& world, std::string name, std::vector<IpAddress> addresses, Nat* nat);

  Engine& engine() { return engine_; }
  const std::string& name() const { return name_; }
  const Nat* nat() const { return nat_; }
  /// An address more, or one less: sockets bound to it fail.
  void setAddresses(std::vector<IpAddress> addresses);
  /// Everything that it sends or receives is lost from now on, or no longer.
  void setOffline(bool offline) { offline_ = offline; }
  bool isOffline() const { return offline_; }
  /// The engine hears of it, now.
  template <class Input>
  void tell(const Input& input) {
    engine_.handle(input, now());
    run();
  }
  /// The socket that listens at this address.
  std::optional<SocketId> tcpListener(const SocketAddress& local) const;
  /// Whether a change of addresses is told, as by a host that can notice.
  bool noticesChanges = false;
  /// One of its addresses leads to the Internet, as the host says it: the first of each family.
  bool knowsDefaultRoute = false;
  /// Names that `Resolve` finds.
  std::map<std::string, std::vector<IpAddress>> names;

  /// Lets the engine do what is due, and performs what it asks for. Calls into its connections cause it by themselves:
  /// they wake the engine.
  void run();

  void receive(const SocketAddress& to, const SocketAddress& from, std::vector<std::uint8_t> bytes) override;
  /// A datagram that claims to come from anywhere, for hostile tests: straight into the socket bound to `to`.
  void inject(const SocketAddress& to, const SocketAddress& from, std::vector<std::uint8_t> bytes);
  /// Local addresses of all sockets that are bound.
  std::vector<SocketAddress> boundSockets() const;

 private:
  friend class World;
  void perform(Engine::Output& output);
  void bind(const BindUdp& request);
  void listen(const ListenTcp& request);
  void connect(const ConnectTcp& request);
  std::optional<std::uint16_t> freePort(std::uint16_t first, std::uint16_t last, const IpAddress& ip, bool tcp);
  bool has(const IpAddress& address) const;
  std::vector<NetworkInterface> interfaces() const;
  Time now() const;
  template <class Answer>
  void answerLater(Answer answer);
  void schedule();

  World& world_;
  std::string name_;
  std::vector<IpAddress> addresses_;
  Nat* nat_;
  Engine engine_;
  std::unordered_map<SocketId, SocketAddress> bound_;
  std::map<SocketAddress, SocketId> listening_;
  std::map<SocketAddress, SocketId> tcpListening_;
  /// Members of multicast groups: on the group's port, apart from the other sockets.
  std::map<SocketId, BindMulticast> multicast_;
  std::uint16_t nextPort_ = 49152;
  Time wake_ = never;
  bool wakes_ = false;  ///< A run is in the world's heap because the engine called its hook.
  bool offline_ = false;
};

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();

  std::uint64_t seed() const { return seed_; }
  Time now() const { return now_; }
  /// Since the world was made.
  Duration elapsed() const { return now_ - start_; }
  base::Random& random() { return random_; }

  /// A host with its engine. Behind a NAT its addresses are private to that NAT.
  Host& addHost(std::string name, std::vector<IpAddress> addresses, Nat* nat = nullptr);
  Nat& addNat(Nat::Behaviour behaviour, IpAddress external);
  /// A server of the simulation at a public address.
  void addServer(const SocketAddress& address, Node& server);

  Tcp tcp{*this};
  /// The host with this address; none at those of NATs.
  Host* hostAt(const IpAddress& ip) const {
    auto found = hostsByAddress_.find(ip);
    return found == hostsByAddress_.end() ? nullptr : found->second;
  }
  Duration delayFrom(const IpAddress& ip) const {
    auto found = overrides_.find(ip);
    return found == overrides_.end() ? defaultDelay_ : found->second.delay;
  }

  /// The link that each datagram crosses; a link for one sender (by its address on the wire) overrides it.
  void setLink(const LinkConfig& config) {
    defaultLink_ = config;
    defaultDelay_ = config.delay;
    links_.clear();
  }
  void setLinkFrom(const IpAddress& from, const LinkConfig& config) {
    overrides_[from] = config;
    links_.erase(from);
  }

  /// True drops the datagram. Called for each one, before the link's own loss.
  std::function<bool(const Wire&)> drop;
  /// Extra copies of the datagram, each so much later than the datagram itself.
  std::function<std::vector<Duration>(const Wire&)> copies;
  /// How much longer than others the datagram takes.
  std::function<Duration(const Wire&)> hold;
  /// Sees each datagram that was sent, also those that are dropped then.
  std::function<void(const Wire&)> trace;

  /// Runs `task` at the time.
  void at(Time when, std::function<void()> task);
  void after(Duration wait, std::function<void()> task) { at(now_ + wait, std::move(task)); }

  /// Runs until `done` is true, or for `limit` of virtual time. Whether it became true.
  bool runUntil(const std::function<bool()>& done, Duration limit);
  void runFor(Duration duration) {
    runUntil([] { return false; }, duration);
  }

  /// Puts a datagram on the wire. `local` is the sender's own address, `nat` what stands before it.
  void send(const SocketAddress& local, const SocketAddress& to, base::Bytes bytes, Nat* nat);

  std::uint64_t datagrams() const { return datagrams_; }
  /// A hash over the time, the addresses and the bytes of all datagrams so far: equal for equal runs.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  friend class Host;
  struct Event {
    Time at;
    std::uint64_t number;
    std::function<void()> run;
    bool operator>(const Event& other) const { return std::tie(at, number) > std::tie(other.at, other.number); }
  };
  void deliver(const SocketAddress& from, const SocketAddress& to, std::vector<std::uint8_t> bytes);
  void multicast(Host& sender, const BindMulticast& member, const SocketAddress& to, base::Bytes bytes);
  void setNow(Time now);

  std::uint64_t seed_;
  base::SeededRandom random_;
  Time start_;
  Time now_;
  std::uint64_t events_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<Nat>> nats_;
  std::map<IpAddress, Host*> hostsByAddress_;
  std::map<SocketAddress, Node*> servers_;
  LinkConfig defaultLink_;
  Duration defaultDelay_ = LinkConfig().delay;
  std::map<IpAddress, LinkConfig> overrides_;
  std::map<IpAddress, Link> links_;
  std::uint64_t datagrams_ = 0;
  std::uint64_t fingerprint_ = 1469598103934665603ull;
};

}  // namespace parley::sim

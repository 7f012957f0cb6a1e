#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "base/ring.hpp"
#include "base/secure_stream.hpp"
#include "ice/mdns.hpp"
#include "pc/mailbox.hpp"
#include "pc/peer.hpp"
#include "pc/port_mux.hpp"

#include <parley/engine.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace parley::pc {

class EngineCore;

/// A façade's handle on its peer, for any thread: commands run on the engine's thread, in order, inside `advance`. The
/// engine must outlive it. The peer lives until `close`.
class PeerHandle {
 public:
  PeerHandle() = default;
  /// Runs `command` on the peer. Ignored once the peer was closed.
  void post(std::function<void(Peer& peer, Time now)> command) const;
  EngineCore* core() const { return core_; }
  std::uint64_t id() const { return peer_; }
  /// Closes the peer and lets the engine forget it. Later commands are ignored.
  void close() const;

 private:
  friend class EngineCore;
  PeerHandle(EngineCore* core, std::uint64_t peer) : core_(core), peer_(peer) {}
  EngineCore* core_ = nullptr;
  std::uint64_t peer_ = 0;
};

/// What is behind `Engine`: the peers, the tables that lead to them, and the mailbox that other threads write to.
class EngineCore final : public Executor {
 public:
  explicit EngineCore(const Engine::Options& options);
  ~EngineCore() override;

  // --- Any thread ---

  /// Makes a peer; it exists by the time that the first command posted to its handle runs.
  PeerHandle makePeer(PeerConfig config, std::shared_ptr<PeerObserver> observer);
  void post(std::function<void(Time)> task) { mailbox_->post(std::move(task)); }
  void post(std::function<void()> task) override;
  bool isCurrent() const override;
  /// Thread-safe, unless the engine is seeded: then everything is on one thread anyhow.
  base::Random& random() { return *random_; }
  Duration wallClockOffset() const { return options_.wallClockOffset; }
  /// The time since the Unix epoch, as of the last input.
  Duration wallClock() const { return lastNow_.load().time_since_epoch() + options_.wallClockOffset; }

  /// In place of TLS to TURN servers, where the network is a simulation. Set before the first connection.
  base::SecureStreamFactory secureStreams;

  // --- The engine's thread ---

  void setWake(std::function<void()> wake) { mailbox_->setWake(std::move(wake)); }
  template <class Input>
  void handle(const Input& input, Time now);
  void handle(const TcpAccepted& accepted, Time now);
  void handle(const InterfacesChanged& changed, Time now);
  std::optional<Engine::Output> poll();
  Time deadline() const;
  void advance(Time now);
  Engine::Statistics statistics() const;
  /// Buffers of packets that somebody holds: none once all peers are gone and the host has sent what it was given.
  std::size_t packetsOutstanding() const { return pool_.outstanding(); }
  /// Runs `command` on the peer, if it is there.
  void withPeer(std::uint64_t id, const std::function<void(Peer&, Time)>& command, Time now);
  /// The same without a `std::function`, which would allocate: for each packet.
  template <class Use>
  void onPeer(std::uint64_t id, Use&& use) {
    Entry* entry = find(id);
    if (!entry || entry->peer->isClosed()) return;
    use(*entry->peer);
    touch(id, *entry);
  }

 private:
  using PeerId = std::uint64_t;
  struct Entry {
    std::unique_ptr<Peer> peer;
    Time scheduled = never;  ///< Its place in `deadlines_`.
    bool dirty = false;      ///< It is in `dirty_`.
  };

  template <class Input>
  bool forMdns(const Input& input);
  template <class Input>
  bool forMux(const Input& input);
  void runDue(Time now);
  void touch(PeerId id, Entry& entry);
  void settle(PeerId id, Entry& entry);
  void remember(PeerId id, const Engine::Output& output);
  std::optional<Engine::Output> forHost(PeerId id, const Peer& peer, Peer::Output output);
  void drainMdns();
  void drainMux();
  Entry* find(PeerId id);
  template <class Id>
  Entry* owner(std::unordered_map<Id, PeerId>& table, Id id, PeerId& peer);

  Engine::Options options_;
  std::unique_ptr<base::Random> random_;
  base::PacketPool pool_;
  base::IdSource ids_;
  base::Outbox<Engine::Output> outbox_;  ///< What no peer says.
  ice::Mdns mdns_{ids_, pool_};
  PortMux mux_{ids_};

  std::unordered_map<PeerId, Entry> peers_;
  std::unordered_map<SocketId, PeerId> sockets_;
  std::unordered_map<RequestId, PeerId> requests_;
  std::set<std::pair<Time, PeerId>> deadlines_;
  base::Ring<PeerId> dirty_;  ///< Peers that may have something to say, or another deadline.
  bool usesUsrsctp_ = false;  ///< A peer was made with it.
  Time now_{};
  std::atomic<Time> lastNow_{Time{}};  ///< `now_`, for other threads.
  Engine::Statistics statistics_;

  std::atomic<PeerId> lastPeer_{0};
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
};

}  // namespace parley::pc

#pragma once

#include <parley/executor.hpp>
#include <parley/io.hpp>
#include <parley/time.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

namespace parley {

namespace pc {
class EngineCore;
}

/// The data plane of many connections, without sockets and without threads. A host drives it: the library's own
/// `Runtime`, an application's event loop, or a simulation.
///
/// The loop of a host, all on one thread:
///
///     engine.handle(input, now);                         // for each datagram and each answer to a request
///     engine.advance(now);                               // runs what is due, and the tasks of the executor
///     while (auto output = engine.poll()) perform(*output);
///     wait until engine.deadline(), an input, or a wake
///
/// Every member is for that one thread, save `post`, and `setWake`'s hook, which is called from any.
class PARLEY_API Engine {
 public:
  struct Options {
    /// Added to a `Time`, gives the time since the Unix epoch: for timestamps in statistics and the life of certificates.
    Duration wallClockOffset{};
    /// 0: random bits come from the operating system. Else a seed that makes runs repeat; for simulations only.
    std::uint64_t seed = 0;
  };

  Engine();
  explicit Engine(const Options& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  using Output =
      std::variant<Transmit, BindUdp, BindMulticast, ListenTcp, ConnectTcp, CloseSocket, ListInterfaces, Resolve>;

  void handle(const Datagram& datagram, Time now);
  void handle(const SocketBound& bound, Time now);
  void handle(const TcpConnected& connected, Time now);
  void handle(const TcpAccepted& accepted, Time now);
  void handle(const StreamData& data, Time now);
  void handle(const StreamBacklog& backlog, Time now);
  void handle(const SocketFailed& failed, Time now);
  void handle(const InterfacesListed& listed, Time now);
  void handle(const InterfacesChanged& changed, Time now);
  void handle(const Resolved& resolved, Time now);

  /// The next thing that the host shall do, until there is none.
  std::optional<Output> poll();
  /// When `advance` is wanted next; in the past if tasks wait.
  Time deadline() const;
  /// Lets time pass: timers, posted tasks, and the tasks of `executor()`.
  void advance(Time now);

  /// Any thread: runs `task` on the engine's thread inside the next `advance`, and calls the wake hook.
  void post(std::function<void(Time now)> task);
  /// What `post` calls, from any thread, when the host may be waiting. It only wakes the host: it must not call back
  /// into the engine. Set it before the first connection. Without a hook the host must look at `deadline()` by itself
  /// (a single-threaded loop does so anyhow). When the engine's destructor has returned it is not called any more.
  void setWake(std::function<void()> wake);

  /// Runs its tasks inside `advance`: for single-threaded programs, and for those who want the lowest latency and
  /// accept that a slow handler stalls every connection of this engine.
  Executor& executor();

  struct Statistics {
    std::uint64_t connections = 0;            ///< Open now.
    std::uint64_t datagramsReceived = 0;
    std::uint64_t datagramsSent = 0;
    std::uint64_t datagramsUnroutable = 0;    ///< Dropped: neither a known route nor a check for a ufrag of ours.
    std::uint64_t datagramsUnknownSocket = 0; ///< Dropped: for a socket that is closed or never was.
  };
  Statistics statistics() const;

  /// The library's own way in; not for applications.
  pc::EngineCore& core() { return *core_; }

 private:
  std::unique_ptr<pc::EngineCore> core_;
};

}  // namespace parley

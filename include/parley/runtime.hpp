#pragma once

#include <parley/engine.hpp>
#include <parley/executor.hpp>

#include <cstddef>
#include <memory>

namespace parley {

/// The library's own host: real UDP sockets, the system's resolver and clock, and two threads. One drives an `Engine`,
/// the other runs the callbacks of its connections, so that a slow handler stalls its connection and not the packets.
/// (The first host name that is looked up starts a third, inside the resolver.)
///
/// A connection keeps its runtime alive. The last owner may let go on any thread, even inside a handler: elsewhere the
/// destructor says goodbye to the peers, waits for both threads and so for a handler that still runs; on one of its own
/// threads it only tells them to end. Tasks that were posted before still run.
class PARLEY_API Runtime {
 public:
  struct Options {
    /// What is asked of the kernel for each socket (SO_RCVBUF), which caps it at net.core.rmem_max. Linux' default of
    /// 208 KiB holds about 90 packets and drops bursts; 4 MiB hold 40 ms at 800 Mbit/s. No memory is taken in advance.
    std::size_t receiveBufferBytes = 4u << 20;
    /// SO_SNDBUF: 16 runs of 64 KiB. Beyond that packets wait here (bounded), then they are dropped.
    std::size_t sendBufferBytes = 1u << 20;
    /// Whether runs of packets are handed to the kernel, and taken from it, in one piece where it can do that (UDP_SEGMENT
    /// and UDP_GRO in Linux). It is given up by itself for a socket whose device refuses.
    bool segmentationOffload = true;
  };

  static std::shared_ptr<Runtime> create();
  static std::shared_ptr<Runtime> create(const Options& options);
  /// The runtime of all connections that were not given one: made on first use, ends with its last owner.
  static std::shared_ptr<Runtime> shared();

  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Driven by this runtime's thread; of its members only `post` and `executor` are for the caller.
  Engine& engine();
  /// The thread for callbacks. `engine().executor()` is the choice for the lowest latency instead.
  Executor& executor();

 private:
  struct Threads;
  explicit Runtime(const Options& options);
  std::unique_ptr<Threads> threads_;
};

}  // namespace parley

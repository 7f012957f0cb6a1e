#pragma once

#include "base/ids.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "pc/peer.hpp"

#include <parley/engine.hpp>

#include <functional>
#include <memory>

namespace parley::pc {

class EngineCore;

/// A façade's handle on its peer, for any thread: commands run on the engine's thread, in order, inside `advance`. The
/// engine must outlive it. Destroying the last copy without `close()` leaves the peer running, so the façade closes.
class PeerHandle {
 public:
  PeerHandle() = default;
  /// Runs `command` on the peer. Ignored once the peer was closed.
  void post(std::function<void(Peer& peer, Time now)> command) const;
  /// Closes the peer and lets the engine forget it. Later commands are ignored.
  void close() const;

 private:
  friend class EngineCore;
  EngineCore* core_ = nullptr;
  std::uint64_t peer_ = 0;
};

}  // namespace parley::pc

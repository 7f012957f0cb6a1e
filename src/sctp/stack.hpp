#pragma once

#include "base/bytes.hpp"
#include "base/packet_pool.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace parley::sctp {

/// Names one endpoint of the stack: one address (`sconn_addr`) and port inside usrsctp. C callbacks get it, or those
/// two, instead of a pointer, so that a late one finds nothing rather than something freed.
enum class EndpointId : std::uintptr_t {};

/// Where usrsctp's callbacks leave what they have for one endpoint. The callbacks run under usrsctp's locks, from where
/// it must not be called again: they only append. Everything but `waiting` belongs to who holds the lane.
struct Mailbox {
  std::function<void()> wake;        ///< Called without the lane when another endpoint's call has left mail.
  std::deque<Packet> packets;        ///< As usrsctp made them: with its ports, without checksum.
  std::uint64_t dropped = 0;         ///< Packets beyond `limit`.
  bool readable = false;             ///< usrsctp says that its socket has something to read, or an error.
  std::atomic<bool> waiting{false};  ///< There is mail.

  static constexpr std::size_t limit = 4'096;
};

/// The one usrsctp of the process. It has one tick counter, one list of timers and one set of tunables; this class owns
/// them and nothing else may call usrsctp's global functions. usrsctp runs without threads of its own.
///
/// Several engines on several threads share it. Each call into usrsctp holds the `Lane`. Time passes for all at once:
/// whichever engine comes first, by `advance` or with any call that has a `now`, ticks for the others too, and their
/// mailboxes' wake hooks are called. All engines of a process must therefore use one clock.
///
/// It is made on first use and never destroyed: usrsctp_finish fails while an association is being buried, and the
/// process's end frees its memory as well.
class Stack {
 public:
  static Stack& global();

  /// The tick of active timers. 10 ms is what usrsctp's own timer thread uses; its timers are no finer.
  static constexpr Duration tick = std::chrono::milliseconds(10);
  /// The tick when nothing was sent, received or asked for `quietAfter`: then no timer is pending that anybody could
  /// see late, since those that make packets (T1, T3, T5, stream reset, SACK) run for at most RTO.Max, and making a
  /// packet ends the quiet. What is left is bookkeeping (the cookie's secret changes each hour).
  static constexpr Duration quietTick = std::chrono::seconds(1);
  static constexpr Duration quietAfter = std::chrono::seconds(6);  // RTO.Max (5 s) and one more.

  /// Exclusive use of usrsctp. Its end calls the wake hooks of the mailboxes that got mail meanwhile, except that of
  /// the endpoint in whose name it was entered.
  class Lane {
   public:
    /// For a look that starts no timers.
    Lane(Stack& stack, EndpointId self);
    /// For everything else: first lets time pass, so that timers that are started now count from now.
    Lane(Stack& stack, EndpointId self, Time now);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

   private:
    friend class Stack;
    Stack& stack_;
    EndpointId self_;
    std::unique_lock<std::mutex> lock_;
  };

  /// When `advance` is wanted: one deadline for all endpoints. `never` when there are none. Any thread.
  Time deadline() const { return Time(Duration(deadline_.load(std::memory_order_relaxed))); }
  /// Lets time pass for all endpoints. Any thread.
  void advance(Time now);

  /// A new endpoint. The lane is this endpoint's from here on.
  EndpointId add(std::shared_ptr<Mailbox> mailbox, Lane& lane);
  /// The endpoint is unknown from here on. The socket must have been closed.
  void remove(EndpointId id, const Lane&);

  /// Room to read into.
  base::MutableBytes scratch(const Lane&) { return scratch_; }

  // usrsctp walks the chain of all endpoints with one port, and a list of all addresses in 16 buckets: with 10 000 on
  // port 5000 an association took 9.8 ms to set up, with an address each 0.7 ms. So each endpoint has a port of its own
  // inside usrsctp, for both ends of its association (on the wire are the negotiated ones), and 65 535 share an
  // address.
  static void* address(EndpointId id) {
    return reinterpret_cast<void*>(1 + static_cast<std::uintptr_t>(id) / portCount);
  }
  static std::uint16_t port(EndpointId id) {
    return static_cast<std::uint16_t>(1 + static_cast<std::uintptr_t>(id) % portCount);
  }

 private:
  static constexpr std::uintptr_t portCount = 65'535;

  Stack();

  static int onOutput(void* address, void* buffer, std::size_t length, std::uint8_t tos, std::uint8_t setDf);
  friend void onReadable(EndpointId id);
  Mailbox* mailTo(EndpointId id);
  void pass(Time now);
  void active();

  std::mutex mutex_;
  std::atomic<Duration::rep> deadline_{never.time_since_epoch().count()};
  std::unordered_map<EndpointId, std::shared_ptr<Mailbox>> endpoints_;
  std::uintptr_t lastId_ = 0;
  std::vector<EndpointId> woken_;
  base::PacketPool pool_;  ///< Used under the lane only.
  std::vector<std::uint8_t> scratch_;
  Time passed_{};  ///< Until when usrsctp's timers have been run.
  Time lastActivity_{};
};

/// usrsctp's upcall. The lane is held by the call that caused it.
void onReadable(EndpointId id);

}  // namespace parley::sctp

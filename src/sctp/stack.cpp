#include "sctp/stack.hpp"

#include "base/log.hpp"

#include <usrsctp.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

namespace parley::sctp {

namespace {

void onPrint(const char* format, ...) {
  if (!base::logs(LogLevel::Debug)) return;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  auto length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  std::string_view line(text,
                        std::clamp<std::size_t>(length < 0 ? 0 : static_cast<std::size_t>(length), 0, sizeof text - 1));
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  PARLEY_LOG(Debug, "sctp", "usrsctp: ", line);
}

void setTunables() {
  // What libwebrtc had off as long as it used usrsctp, so that the INIT is small and every peer has seen its like.
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  // RFC 8831 s.6.1: partial reliability and stream reset.
  usrsctp_sysctl_set_sctp_pr_enable(1);
  usrsctp_sysctl_set_sctp_reconfig_enable(1);

  // Milliseconds. RFC 9260 s.16 has 1 s, 60 s and 1 s for general networks and long-lived paths. Here:
  // min: usrsctp does not restart T3 on its fast path for SACKs, so that T3 fires each RTO even without loss, and a
  //   chunk that is older than the RTO by then is sent again and collapses the window. 400 ms keeps that off paths with
  //   up to 400 ms of queue, and a lost last packet still comes within half a second.
  // initial: two packets of set-up lost cost 0.5 + 1 s.
  // max: after an ICE restart the association must not sit out a minute; five seconds are still beyond any round trip.
  usrsctp_sysctl_set_sctp_rto_min_default(400);
  usrsctp_sysctl_set_sctp_rto_max_default(5'000);
  usrsctp_sysctl_set_sctp_rto_initial_default(500);
  usrsctp_sysctl_set_sctp_init_rto_max_default(5'000);
  // ICE consent (RFC 7675) decides whether a peer is alive, and an ICE restart may take its time: never give up.
  usrsctp_sysctl_set_sctp_init_rtx_max_default(65'535);
  usrsctp_sysctl_set_sctp_assoc_rtx_max_default(65'535);
  usrsctp_sysctl_set_sctp_path_rtx_max_default(65'535);
  usrsctp_sysctl_set_sctp_heartbeat_interval_default(0);

  // Packets. RFC 6928's ten, which every TCP uses, and bursts of no more.
  usrsctp_sysctl_set_sctp_initial_cwnd(10);
  usrsctp_sysctl_set_sctp_max_burst_default(10);
  // At 0 associations abort on a drop-tail link.
  usrsctp_sysctl_set_sctp_fr_max_burst_default(4);
  // RFC 9260 s.6.2 allows 500 ms; well below the RTO.Min of any peer, and every second packet is acknowledged at once.
  usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
  usrsctp_sysctl_set_sctp_sack_freq_default(2);
  // Chunks, each way. The default of 512 caps a path at 600 KB in flight; 2 MiB in chunks of 1124 bytes are 1866, and
  // the rest is room for small messages.
  usrsctp_sysctl_set_sctp_max_chunks_on_queue(10'240);
  // A verification tag is not kept from use after an association's end: DTLS keeps old packets out.
  usrsctp_sysctl_set_sctp_vtag_time_wait(0);
}

}  // namespace

Stack& Stack::global() {
  static Stack* stack = new Stack();
  return *stack;
}

Stack::Stack() : scratch_(65'536) {
  // Chains stay short with ten thousand endpoints.
  usrsctp_tunable_set_sctp_hashtblsize(4'096);
  usrsctp_tunable_set_sctp_pcbtblsize(4'096);
  usrsctp_init_nothreads(0, &Stack::onOutput, &onPrint);
  // Turns usrsctp's own CRC32c off both ways: ours uses the processor's instruction (109 instead of 585 ns a packet).
  usrsctp_enable_crc32c_offload();
  setTunables();
}

Stack::Lane::Lane(Stack& stack, EndpointId self) : stack_(stack), self_(self), lock_(stack.mutex_) {}

Stack::Lane::Lane(Stack& stack, EndpointId self, Time now) : Lane(stack, self) {
  stack_.pass(now);
  stack_.active();
}

Stack::Lane::~Lane() {
  std::vector<std::shared_ptr<Mailbox>> wake;
  for (auto id : stack_.woken_) {
    if (id == self_) continue;
    if (auto found = stack_.endpoints_.find(id); found != stack_.endpoints_.end()) wake.push_back(found->second);
  }
  stack_.woken_.clear();
  lock_.unlock();
  for (auto& mailbox : wake)
    if (mailbox->wake) mailbox->wake();
}

void Stack::advance(Time now) {
  if (now < deadline()) return;
  Lane lane(*this, EndpointId{});
  pass(now);
}

void Stack::pass(Time now) {
  using std::chrono::milliseconds;
  if (deadline() == never) passed_ = now;  // Nothing has waited: usrsctp's time stood still.
  // Finer steps would walk the list of timers more often, and no timer is that precise.
  if (now - passed_ < tick) return;
  auto elapsed = std::chrono::duration_cast<milliseconds>(now - passed_);
  passed_ += elapsed;
  // usrsctp's tick is a millisecond, and the step an uint32.
  usrsctp_handle_timers(static_cast<std::uint32_t>(std::min<std::int64_t>(elapsed.count(), 0x7FFF'FFFF)));
  bool quiet = passed_ - lastActivity_ > quietAfter;
  // An endpoint whose association is still being buried needs a few ticks after it is gone.
  Time next = quiet && endpoints_.empty() ? never : passed_ + (quiet ? quietTick : tick);
  deadline_.store(next.time_since_epoch().count(), std::memory_order_relaxed);
}

void Stack::active() {
  lastActivity_ = passed_;
  auto next = (passed_ + tick).time_since_epoch().count();
  if (deadline_.load(std::memory_order_relaxed) > next) deadline_.store(next, std::memory_order_relaxed);
}

EndpointId Stack::add(std::shared_ptr<Mailbox> mailbox, Lane& lane) {
  EndpointId id{++lastId_};
  lane.self_ = id;
  endpoints_.emplace(id, std::move(mailbox));
  if (lastId_ == 1 || lastId_ % portCount == 0) usrsctp_register_address(address(id));
  return id;
}

void Stack::remove(EndpointId id, const Lane&) { endpoints_.erase(id); }

Mailbox* Stack::mailTo(EndpointId id) {
  auto found = endpoints_.find(id);
  if (found == endpoints_.end()) return nullptr;
  auto* mailbox = found->second.get();
  if (!mailbox->waiting.exchange(true)) woken_.push_back(id);
  return mailbox;
}

int Stack::onOutput(void* address, void* buffer, std::size_t length, std::uint8_t, std::uint8_t) {
  auto& stack = global();
  if (length < 12 || length > base::packetCapacity) return 0;
  const std::uintptr_t port = base::load16(static_cast<const std::uint8_t*>(buffer));  // The source port comes first.
  auto* mailbox = stack.mailTo(EndpointId{(reinterpret_cast<std::uintptr_t>(address) - 1) * portCount + port - 1});
  if (!mailbox) return 0;
  stack.active();
  if (mailbox->packets.size() >= Mailbox::limit) {
    ++mailbox->dropped;
    return 0;
  }
  mailbox->packets.push_back(stack.pool_.make({static_cast<const std::uint8_t*>(buffer), length}));
  return 0;
}

void onReadable(EndpointId id) {
  if (auto* mailbox = Stack::global().mailTo(id)) mailbox->readable = true;
}

}  // namespace parley::sctp

#include "sctp/usrsctp_association.hpp"

#include "base/hash.hpp"
#include "base/log.hpp"

#include <usrsctp.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace parley::sctp {

namespace {

// RFC 9260 s.3: the common header, and the smallest chunk.
constexpr std::size_t commonHeader = 12;
constexpr std::size_t chunkHeader = 4;
constexpr std::size_t dataHeader = 16;
constexpr std::uint8_t dataChunk = 0;
constexpr std::uint8_t initChunk = 1;
constexpr std::uint8_t initAckChunk = 2;
constexpr std::uint8_t sackChunk = 3;
constexpr std::size_t initHeader = 20;                // up to the parameters, of both
constexpr std::uint8_t reconfigChunk = 130;           // RFC 6525 s.3.1
constexpr std::uint16_t outgoingResetParameter = 13;  // RFC 6525 s.4.1
constexpr std::uint8_t endOfMessage = 0x01;
/// No DTLS record holds more.
constexpr std::size_t largestPacket = 16'384;

/// usrsctp counts payload only: 2 MiB in messages of one byte would take a gigabyte on either side. Chunks (received)
/// and messages (to be sent) that may wait; at about 600 bytes each they take 6 MB at most, and do not come near in
/// messages of more than 200 bytes.
constexpr std::size_t waitingLimit = 10'240;

sockaddr_conn addressOf(EndpointId id) {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  std::uint8_t port[2];
  base::store16(port, Stack::port(id));
  std::memcpy(&address.sconn_port, port, sizeof port);
  address.sconn_addr = Stack::address(id);
  return address;
}

template <class T>
void setOption(struct socket* socket, int level, int name, const T& value) {
  [[maybe_unused]] int result = usrsctp_setsockopt(socket, level, name, &value, sizeof value);
  assert(result == 0);
}

void onUpcall(struct socket*, void* argument, int) {
  onReadable(EndpointId{reinterpret_cast<std::uintptr_t>(argument)});
}

// RFC 9260 s.6.8 and appendix A: computed with zeros in its place, stored little-endian.
std::uint32_t checksum(base::Bytes packet) {
  static constexpr std::uint8_t zeros[4] = {};
  auto sum = base::crc32c(packet.first(8));
  sum = base::crc32c(zeros, sum);
  return base::crc32c(packet.subspan(commonHeader), sum);
}
void storeChecksum(base::MutableBytes packet) {
  auto sum = checksum(packet);
  for (int i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(sum >> 8 * i);
}
bool checksumFits(base::Bytes packet) {
  auto sum = checksum(packet);
  for (int i = 0; i < 4; ++i)
    if (packet[8 + i] != static_cast<std::uint8_t>(sum >> 8 * i)) return false;
  return true;
}

// RFC 9260 s.1.6: serial number arithmetic.
bool isAfter(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

/// A DATA chunk (RFC 9260 s.3.3.1).
struct Data {
  std::uint32_t tsn;
  std::uint16_t stream;
  Ppid ppid;
  bool end;
  std::size_t bytes;
};

/// Each chunk, with its header and without padding.
template <class Visit>
void forEachChunk(base::Bytes packet, Visit visit) {
  auto rest = packet.subspan(commonHeader);
  while (rest.size() >= chunkHeader) {
    std::size_t length = base::load16(&rest[2]);
    if (length < chunkHeader || length > rest.size()) return;
    visit(rest.first(length));
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
  }
}

/// Leaves of an INIT or INIT ACK only the parameters that WebRTC has a use for: the others get a type that is skipped
/// without a report (RFC 9260 s.3.2.1). usrsctp 0.9.5 can loop for ever over parameters that it wants to report, and
/// RFC 8261 s.6.1 has no use for addresses. False if they are malformed.
bool tameParameters(base::MutableBytes chunk) {
  constexpr std::uint16_t cookie = 7, unrecognized = 8, supportedExtensions = 0x8008, forwardTsn = 0xC000;
  constexpr std::uint16_t skipped = 0xBFFF;
  if (chunk.size() < initHeader) return false;
  for (auto rest = chunk.subspan(initHeader); !rest.empty();) {
    if (rest.size() < 4) return false;
    const std::uint16_t type = base::load16(&rest[0]);
    const std::size_t length = base::load16(&rest[2]);
    if (length < 4 || length > rest.size()) return false;
    const bool ofAck = chunk[0] == initAckChunk && (type == cookie || type == unrecognized);
    // RFC 4895's RANDOM, CHUNKS and HMAC-ALGO stay: usrsctp aborts if a peer has ASCONF without them (RFC 5061
    // s.4.2.7).
    const bool ofAuth = type >= 0x8002 && type <= 0x8004;
    if (type != supportedExtensions && type != forwardTsn && !ofAck && !ofAuth) base::store16(&rest[0], skipped);
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
  }
  return true;
}

template <class Visit>
void forEachData(base::Bytes packet, Visit visit) {
  forEachChunk(packet, [&](base::Bytes chunk) {
    if (chunk[0] != dataChunk || chunk.size() <= dataHeader) return;
    visit(Data{base::load32(&chunk[4]), base::load16(&chunk[8]), static_cast<Ppid>(base::load32(&chunk[12])),
               (chunk[1] & endOfMessage) != 0, chunk.size() - dataHeader});
  });
}

}  // namespace

UsrsctpAssociation::UsrsctpAssociation(const Config& config, Ticks ticks, std::function<void()> wake)
    : config_(config), ticks_(ticks), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->wake = std::move(wake);
}

UsrsctpAssociation::~UsrsctpAssociation() {
  if (!hasSocket()) return;
  Stack::Lane lane(*stack_, id_);
  closeSocket(lane);
}

void UsrsctpAssociation::connect(Time now) {
  if (state_ != State::Idle) return;
  stack_ = &Stack::global();
  Stack::Lane lane(*stack_, id_, now);
  state_ = State::Connecting;
  if (!openSocket(lane)) return fail("usrsctp has no socket", std::nullopt, lane);
  auto remote = addressOf(id_);
  if (usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&remote), sizeof remote) != 0 && errno != EINPROGRESS)
    return fail("usrsctp cannot connect: " + std::string(std::strerror(errno)), std::nullopt, lane);
}

bool UsrsctpAssociation::openSocket(Stack::Lane& lane) {
  id_ = stack_->add(mailbox_, lane);
  socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  if (!socket_) {
    stack_->remove(id_, lane);
    return false;
  }
  usrsctp_set_non_blocking(socket_, 1);
  usrsctp_set_upcall(socket_, onUpcall, reinterpret_cast<void*>(id_));

  // An end without a graceful shutdown is an ABORT, and leaves nothing behind.
  struct linger linger = {};
  linger.l_onoff = 1;
  setOption(socket_, SOL_SOCKET, SO_LINGER, linger);
  setOption(socket_, SOL_SOCKET, SO_SNDBUF, static_cast<int>(config_.sendBuffer));
  setOption(socket_, SOL_SOCKET, SO_RCVBUF, static_cast<int>(config_.receiveBuffer));

  const std::uint32_t on = 1;
  const std::uint32_t off = 0;
  setOption(socket_, IPPROTO_SCTP, SCTP_NODELAY, on);
  setOption(socket_, IPPROTO_SCTP, SCTP_RECVRCVINFO, on);
  // No message interrupts another that is being read in parts, so that one buffer puts it together.
  setOption(socket_, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, off);
  // In parts only what is larger than we take, or than half of the window.
  setOption(socket_, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT,
            static_cast<std::uint32_t>(std::min(config_.maxMessageSize + 1, config_.receiveBuffer / 2)));

  sctp_initmsg init{};
  init.sinit_num_ostreams = config_.streams;
  init.sinit_max_instreams = config_.streams;
  setOption(socket_, IPPROTO_SCTP, SCTP_INITMSG, init);

  sctp_assoc_value reset{};
  reset.assoc_id = SCTP_ALL_ASSOC;
  reset.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ;
  setOption(socket_, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, reset);

  // RFC 8261 s.4.4: the path's MTU is DTLS's business. Heartbeats are ICE's (RFC 7675). usrsctp's figure for an MTU is
  // without the common header, and is for the association to come.
  sctp_paddrparams path{};
  path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE;
  path.spp_pathmtu = static_cast<std::uint32_t>(config_.mtu - commonHeader);
  setOption(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);

  subscribe(SCTP_ASSOC_CHANGE);
  subscribe(SCTP_STREAM_RESET_EVENT);
  subscribe(SCTP_PARTIAL_DELIVERY_EVENT);

  auto local = addressOf(id_);
  return usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0;
}

void UsrsctpAssociation::subscribe(std::uint16_t event) {
  sctp_event subscription{};
  subscription.se_assoc_id = SCTP_ALL_ASSOC;
  subscription.se_type = event;
  subscription.se_on = 1;
  setOption(socket_, IPPROTO_SCTP, SCTP_EVENT, subscription);
}

void UsrsctpAssociation::closeSocket(const Stack::Lane& lane) {
  state_ = State::Ended;
  if (!hasSocket()) return;
  usrsctp_set_upcall(socket_, nullptr, nullptr);
  usrsctp_close(std::exchange(socket_, nullptr));
  stack_->remove(id_, lane);
}

void UsrsctpAssociation::fail(std::string reason, std::optional<std::uint16_t> cause, const Stack::Lane& lane) {
  if (state_ == State::Ended) return;
  closeSocket(lane);
  outbox_.event(Failed{std::move(reason), cause});
}

void UsrsctpAssociation::handle(base::Bytes packet, Time now) {
  if (!hasSocket()) return;
  ++counted_.packetsReceived;
  if (packet.size() < commonHeader + chunkHeader || packet.size() > largestPacket || packet.size() % 4 != 0 ||
      base::load16(packet.data()) != config_.remotePort || base::load16(packet.data() + 2) != config_.localPort ||
      !checksumFits(packet)) {
    ++counted_.packetsDropped;
    return;
  }
  Stack::Lane lane(*stack_, id_, now);
  noteReceived(packet);
  if (comesTooEarly(packet)) {
    early_.assign(packet.begin(), packet.end());
    return;
  }
  input(packet, lane);
  read(lane);
  checkRoom(lane);
}

void UsrsctpAssociation::input(base::Bytes packet, const Stack::Lane& lane) {
  auto copy = stack_->scratch(lane).first(packet.size());
  std::memcpy(copy.data(), packet.data(), packet.size());
  base::store16(copy.data(), Stack::port(id_));
  base::store16(copy.data() + 2, Stack::port(id_));
  bool wellFormed = true;
  forEachChunk(copy, [&](base::Bytes chunk) {
    if (chunk[0] != initChunk && chunk[0] != initAckChunk) return;
    wellFormed &= tameParameters(copy.subspan(static_cast<std::size_t>(chunk.data() - copy.data()), chunk.size()));
  });
  if (!wellFormed) {
    ++counted_.packetsDropped;
    return;
  }
  usrsctp_conninput(Stack::address(id_), copy.data(), copy.size(), 0);
  mailbox_->readable = true;
}

// RFC 6525 s.5.2.2: a reset waits until all data up to its TSN has come. usrsctp 0.9.5 looks whether it has before it
// moves its cumulative TSN over a gap that was filled, and so forgets the reset until some later DATA: a stream that is
// closed after a loss would stay half closed. It gets the request only when its own SACK says that the data is there.
bool UsrsctpAssociation::comesTooEarly(base::Bytes packet) const {
  bool early = false;
  forEachChunk(packet, [&](base::Bytes chunk) {
    if (chunk[0] != reconfigChunk) return;
    auto rest = chunk.subspan(chunkHeader);
    while (rest.size() >= 4) {
      std::size_t length = base::load16(&rest[2]);
      if (length < 4 || length > rest.size()) return;
      if (base::load16(&rest[0]) == outgoingResetParameter && length >= 16)
        early |= isAfter(base::load32(&rest[12]), cumulative_);
      rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
    }
  });
  return early;
}

SendResult UsrsctpAssociation::send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes,
                                    const Reliability& reliability, Time now) {
  if (state_ != State::Up || stream >= outboundStreams_ || bytes.empty() || bytes.size() > config_.remoteMaxMessageSize)
    return SendResult::Invalid;
  sctp_sendv_spa info{};
  info.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  info.sendv_sndinfo.snd_sid = stream;
  std::uint8_t wirePpid[4];
  base::store32(wirePpid, static_cast<std::uint32_t>(ppid));
  std::memcpy(&info.sendv_sndinfo.snd_ppid, wirePpid, sizeof wirePpid);
  if (!reliability.ordered) info.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
  if (reliability.maxRetransmits) {
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
    info.sendv_prinfo.pr_value = *reliability.maxRetransmits;
  } else if (reliability.maxPacketLifeTime) {
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_TTL;
    info.sendv_prinfo.pr_value = *reliability.maxPacketLifeTime;
  }

  Stack::Lane lane(*stack_, id_, now);
  if (messagesUnsent_ >= waitingLimit) {
    roomWanted_ = true;
    return SendResult::Full;
  }
  if ((info.sendv_flags & SCTP_SEND_PRINFO_VALID) && !drainWatched_) {
    drainWatched_ = true;
    subscribe(SCTP_SENDER_DRY_EVENT);
    subscribe(SCTP_SEND_FAILED_EVENT);
  }
  auto taken = usrsctp_sendv(socket_, bytes.data(), bytes.size(), nullptr, 0, &info, sizeof info, SCTP_SENDV_SPA, 0);
  if (taken >= 0) {
    assert(static_cast<std::size_t>(taken) == bytes.size());
    ++messagesUnsent_;
    return SendResult::Sent;
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) {
    PARLEY_LOG(Debug, "sctp", "usrsctp refuses a message of ", bytes.size(), " bytes: ", std::strerror(errno));
    return SendResult::Invalid;
  }
  roomWanted_ = true;
  return SendResult::Full;
}

void UsrsctpAssociation::checkRoom(const Stack::Lane&) {
  if (!roomWanted_ || !hasSocket() || messagesUnsent_ >= waitingLimit) return;
  if (!(usrsctp_get_events(socket_) & SCTP_EVENT_WRITE)) return;
  roomWanted_ = false;
  outbox_.event(Writable{});
}

std::optional<Message> UsrsctpAssociation::receive(Time now) {
  auto message = std::exchange(head_, std::nullopt);
  if (message && hasSocket()) {
    Stack::Lane lane(*stack_, id_, now);
    read(lane);
  }
  return message;
}

void UsrsctpAssociation::resetStreams(const std::vector<std::uint16_t>& streams, Time now) {
  if (state_ != State::Up || streams.empty()) return;
  std::vector<std::uint8_t> request(sizeof(sctp_reset_streams) + streams.size() * sizeof(std::uint16_t));
  sctp_reset_streams header{};
  header.srs_assoc_id = SCTP_ALL_ASSOC;
  header.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  header.srs_number_streams = static_cast<std::uint16_t>(streams.size());
  std::memcpy(request.data(), &header, sizeof header);
  std::memcpy(request.data() + sizeof header, streams.data(), streams.size() * sizeof(std::uint16_t));
  Stack::Lane lane(*stack_, id_, now);
  // usrsctp holds the streams until their messages are acknowledged, and while another reset is under way.
  if (usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, request.data(),
                         static_cast<socklen_t>(request.size())) != 0)
    outbox_.event(OutgoingStreamsReset{streams, true});
}

void UsrsctpAssociation::shutdown(Time now) {
  if (state_ == State::Idle || state_ == State::Connecting) return abort(now);
  if (state_ != State::Up) return;
  Stack::Lane lane(*stack_, id_, now);
  state_ = State::Closing;
  usrsctp_shutdown(socket_, SHUT_WR);
}

void UsrsctpAssociation::abort(Time now) {
  if (!hasSocket()) {
    state_ = State::Ended;
    return;
  }
  Stack::Lane lane(*stack_, id_, now);
  closeSocket(lane);
}

void UsrsctpAssociation::read(const Stack::Lane& lane) {
  auto scratch = stack_->scratch(lane);
  while (hasSocket() && !head_ && mailbox_->readable) {
    sctp_rcvinfo info{};
    socklen_t infoLength = sizeof info;
    unsigned int infoType = 0;
    int flags = 0;
    auto length =
        usrsctp_recvv(socket_, scratch.data(), scratch.size(), nullptr, nullptr, &info, &infoLength, &infoType, &flags);
    if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      mailbox_->readable = false;
      messagesUnread_ = 0;
      chunksUnread_ = 0;
      limitWindow();
    } else if (length < 0) {
      fail(std::strerror(errno), std::nullopt, lane);
    } else if (length == 0) {
      mailbox_->readable = false;  // The peer is shutting down; SCTP_SHUTDOWN_COMP tells of the end.
    } else if (flags & MSG_NOTIFICATION) {
      notification_.insert(notification_.end(), scratch.data(), scratch.data() + length);
      if (!(flags & MSG_EOR)) continue;
      onNotification(std::exchange(notification_, {}), lane);
    } else if (infoType == SCTP_RECVV_RCVINFO) {
      std::uint8_t wirePpid[4];
      std::memcpy(wirePpid, &info.rcv_ppid, sizeof wirePpid);
      onBytes(base::Bytes(scratch).first(static_cast<std::size_t>(length)), info.rcv_sid,
              static_cast<Ppid>(base::load32(wirePpid)), flags & MSG_EOR);
    }
  }
}

void UsrsctpAssociation::onBytes(base::Bytes bytes, std::uint16_t stream, Ppid ppid, bool end) {
  if (!skipping_ && partial_.bytes.size() + bytes.size() > config_.maxMessageSize) {
    skipping_ = true;
    partial_ = {};
    outbox_.event(MessageTooLarge{stream});
  }
  if (!skipping_) {
    partial_.stream = stream;
    partial_.ppid = ppid;
    partial_.bytes.insert(partial_.bytes.end(), bytes.begin(), bytes.end());
    if (end) head_ = std::exchange(partial_, {});
  }
  if (!end) return;
  skipping_ = false;
  noteRead();
}

void UsrsctpAssociation::onNotification(base::Bytes bytes, const Stack::Lane& lane) {
  sctp_notification notification{};
  if (bytes.size() < sizeof notification.sn_header) return;
  std::memcpy(&notification, bytes.data(), std::min(bytes.size(), sizeof notification));
  switch (notification.sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE: return onAssociationChange(notification, lane);
    case SCTP_STREAM_RESET_EVENT: {
      sctp_stream_reset_event event{};
      std::vector<std::uint16_t> streams((bytes.size() - sizeof event) / sizeof(std::uint16_t));
      std::memcpy(&event, bytes.data(), sizeof event);
      std::memcpy(streams.data(), bytes.data() + sizeof event, streams.size() * sizeof(std::uint16_t));
      return onStreamReset(event.strreset_flags, std::move(streams));
    }
    case SCTP_PARTIAL_DELIVERY_EVENT:
      // The rest of a message of limited reliability will not come.
      partial_ = {};
      skipping_ = false;
      return;
    case SCTP_SEND_FAILED_EVENT: return onSendFailed(notification, bytes.size());
    case SCTP_SENDER_DRY_EVENT: messagesUnsent_ = 0; return outbox_.event(Drained{});
    default: return;
  }
}

void UsrsctpAssociation::onAssociationChange(const sctp_notification& notification, const Stack::Lane& lane) {
  const auto& change = notification.sn_assoc_change;
  switch (change.sac_state) {
    case SCTP_COMM_UP:
      if (state_ != State::Connecting) return;
      state_ = State::Up;
      inboundStreams_ = change.sac_inbound_streams;
      outboundStreams_ = change.sac_outbound_streams;
      return outbox_.event(Connected{change.sac_inbound_streams, change.sac_outbound_streams});
    case SCTP_SHUTDOWN_COMP: closeSocket(lane); return outbox_.event(Closed{});
    case SCTP_COMM_LOST: {
      std::optional<std::uint16_t> cause;
      if (change.sac_error != 0) cause = change.sac_error;
      return fail("the association was aborted", cause, lane);
    }
    case SCTP_RESTART:
      // The peer has forgotten all streams. Its channels are not ours any more.
      return fail("the peer has restarted the association", std::nullopt, lane);
    case SCTP_CANT_STR_ASSOC: return fail("the association cannot start", std::nullopt, lane);
    default: return;
  }
}

void UsrsctpAssociation::onSendFailed(const sctp_notification& notification, std::size_t length) {
  const auto& failed = notification.sn_send_failed_event;
  if (!(failed.ssfe_flags & SCTP_DATA_UNSENT) || length <= sizeof failed) return;
  std::uint8_t wirePpid[4];
  std::memcpy(wirePpid, &failed.ssfe_info.snd_ppid, sizeof wirePpid);
  if (messagesUnsent_ > 0) --messagesUnsent_;
  outbox_.event(Sent{failed.ssfe_info.snd_sid, static_cast<Ppid>(base::load32(wirePpid)), length - sizeof failed});
}

void UsrsctpAssociation::onStreamReset(std::uint16_t flags, std::vector<std::uint16_t> streams) {
  if (streams.empty()) {  // RFC 6525 s.4.1: no numbers mean all streams.
    for (std::uint32_t i = 0; i < std::max(inboundStreams_, outboundStreams_); ++i)
      streams.push_back(static_cast<std::uint16_t>(i));
  }
  bool refused = flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED);
  if (flags & SCTP_STREAM_RESET_OUTGOING_SSN)
    outbox_.event(OutgoingStreamsReset{std::move(streams), refused});
  else if ((flags & SCTP_STREAM_RESET_INCOMING_SSN) && !refused)
    outbox_.event(IncomingStreamsReset{std::move(streams)});
}

std::optional<Association::Output> UsrsctpAssociation::poll() {
  if (mailbox_->waiting.load() && stack_) {
    Stack::Lane lane(*stack_, id_);
    collect();
    if (hasSocket() && !early_.empty() && !comesTooEarly(early_)) {
      input(std::exchange(early_, {}), lane);
      collect();
    }
    read(lane);
    checkRoom(lane);
  }
  return outbox_.poll();
}

void UsrsctpAssociation::collect() {
  mailbox_->waiting = false;
  auto packets = std::exchange(mailbox_->packets, {});
  counted_.packetsDropped += std::exchange(mailbox_->dropped, 0);
  for (auto& packet : packets) transmit(std::move(packet));
}

void UsrsctpAssociation::transmit(Packet packet) {
  auto bytes = packet.bytes();
  if (bytes.size() < commonHeader) return;
  base::store16(bytes.data(), config_.localPort);
  base::store16(bytes.data() + 2, config_.remotePort);
  storeChecksum(bytes);
  noteSent(bytes);
  ++counted_.packetsSent;
  outbox_.packet(Transmit{std::move(packet)});
}

void UsrsctpAssociation::noteSent(base::Bytes packet) {
  std::optional<Sent> sent;
  forEachData(packet, [&](const Data& data) {
    if (lastSent_ && !isAfter(data.tsn, *lastSent_)) return;  // A retransmission.
    lastSent_ = data.tsn;
    if (data.end && messagesUnsent_ > 0) --messagesUnsent_;
    if (sent && sent->stream == data.stream && sent->ppid == data.ppid) {
      sent->bytes += data.bytes;
    } else {
      if (sent) outbox_.event(*sent);
      sent = Sent{data.stream, data.ppid, data.bytes};
    }
  });
  if (sent) outbox_.event(*sent);
  forEachChunk(packet, [&](base::Bytes chunk) {
    if (chunk[0] == sackChunk && chunk.size() >= 8) cumulative_ = base::load32(&chunk[4]);
  });
}

void UsrsctpAssociation::noteReceived(base::Bytes packet) {
  forEachChunk(packet, [&](base::Bytes chunk) {
    if ((chunk[0] == initChunk || chunk[0] == initAckChunk) && chunk.size() >= 20 && state_ == State::Connecting)
      cumulative_ = base::load32(&chunk[16]) - 1;
  });
  forEachData(packet, [&](const Data& data) {
    if (lastReceived_ && !isAfter(data.tsn, *lastReceived_)) return;
    lastReceived_ = data.tsn;
    ++chunksUnread_;
    if (data.end) ++messagesUnread_;
  });
  limitWindow();
}

void UsrsctpAssociation::noteRead() {
  // Whose chunks they were is not known: an average, which ends at zero when all is read.
  if (messagesUnread_ == 0) return;
  chunksUnread_ -= chunksUnread_ / messagesUnread_;
  --messagesUnread_;
  limitWindow();
}

void UsrsctpAssociation::limitWindow() {
  bool close = windowClosed_ ? chunksUnread_ > waitingLimit / 2 : chunksUnread_ >= waitingLimit;
  if (close == windowClosed_) return;
  windowClosed_ = close;
  setOption(socket_, SOL_SOCKET, SO_RCVBUF, close ? 1 : static_cast<int>(config_.receiveBuffer));
}

Time UsrsctpAssociation::deadline() const {
  if (!stack_) return never;
  // Somebody else's tick has made output for us: it is due.
  if (mailbox_->waiting.load()) return Time::min();
  return ticks_ == Ticks::Own && hasSocket() ? stack_->deadline() : never;
}

void UsrsctpAssociation::advance(Time now) {
  if (ticks_ == Ticks::Own && hasSocket()) stack_->advance(now);
}

AssociationStats UsrsctpAssociation::stats() const {
  auto stats = counted_;
  if (!hasSocket()) return stats;
  Stack::Lane lane(*stack_, id_);
  sctp_status status{};
  socklen_t length = sizeof status;
  if (usrsctp_getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &length) != 0) return stats;
  if (status.sstat_primary.spinfo_srtt > 0)
    stats.smoothedRtt = std::chrono::milliseconds(status.sstat_primary.spinfo_srtt);
  stats.congestionWindow = status.sstat_primary.spinfo_cwnd;
  stats.peerReceiveWindow = status.sstat_rwnd;
  stats.mtu = status.sstat_primary.spinfo_mtu + commonHeader;
  stats.unacknowledgedChunks = status.sstat_unackdata;
  return stats;
}

}  // namespace parley::sctp

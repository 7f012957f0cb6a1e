#ifdef PARLEY_BATCHED_UDP

#include "net/address.hpp"
#include "net/udp_scratch.hpp"
#include "net/udp_socket.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace parley::net {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

/// UDP_MAX_SEGMENTS of the kernels that have the least (Linux 4.18 to 6.8).
constexpr std::size_t maxSegments = 64;
/// 65 535 less the headers of IPv4 (20) and UDP (8): the longest payload of one message, segments and all.
constexpr std::size_t maxRunBytes = 65'507;
/// `recvmmsg` calls per wake-up: then timers and other sockets have their turn.
constexpr int receiveCallsPerWake = 4;

/// What the kernel says when this run, this device or this socket cannot be segmented. EMSGSIZE: segments above the MTU,
/// which singly go as fragments.
bool refusesSegmentation(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

socklen_t store(sockaddr_storage& storage, const SocketAddress& address, std::uint32_t scope) {
  const auto endpoint = toAsio(address, scope);
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  return static_cast<socklen_t>(endpoint.size());
}

SocketAddress load(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof in);
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return {IpAddress::v4(bytes), ntohs(in.sin_port)};
  }
  sockaddr_in6 in;
  std::memcpy(&in, &storage, sizeof in);
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return {IpAddress::v6(bytes), ntohs(in.sin6_port)};
}

/// How many packets from the front make one message: same destination and size, the last one may be shorter.
std::size_t runLength(std::span<const Transmit> packets) {
  const std::size_t size = packets.front().packet.size();
  std::size_t count = 1, bytes = size;
  while (size > 0 && count < packets.size() && count < maxSegments) {
    const Transmit& next = packets[count];
    const std::size_t nextSize = next.packet.size();
    if (next.to != packets.front().to || nextSize == 0 || nextSize > size || bytes + nextSize > maxRunBytes) break;
    ++count;
    bytes += nextSize;
    if (nextSize < size) break;
  }
  return count;
}

/// Many datagrams per system call, by readiness.
class BatchedUdpSocket final : public UdpSocket, public std::enable_shared_from_this<BatchedUdpSocket> {
 public:
  BatchedUdpSocket(udp::socket socket, SocketId id, std::uint32_t scope, const UdpOptions& options, UdpSink& sink,
                   std::shared_ptr<UdpScratch> scratch)
      : socket_(std::move(socket)), id_(id), scope_(scope), segments_(options.sendSegmentation), sink_(sink),
        scratch_(std::move(scratch)) {
    boost::system::error_code error;
    local_ = fromAsio(socket_.local_endpoint(error));
    const int on = 1;  // A kernel without it delivers datagrams one by one, which is read all the same.
    if (options.receiveSegmentation) ::setsockopt(nativeHandle(), IPPROTO_UDP, UDP_GRO, &on, sizeof on);
  }

  void start() { waitReadable(); }

  void send(std::span<Transmit> packets) override {
    const std::size_t done = backlog_.empty() ? transmit(packets) : 0;
    if (done < packets.size()) keep(packets.subspan(done));
  }

  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
    backlog_.clear();
  }

  int nativeHandle() override { return socket_.native_handle(); }

 private:
  // --- Sending ---

  /// Returns how many packets from the front are dealt with: all, unless the kernel's buffer is full.
  std::size_t transmit(std::span<const Transmit> packets) {
    std::size_t done = 0;
    while (done < packets.size()) {
      const std::size_t messages = prepare(packets.subspan(done));
      std::size_t sent = 0;
      while (sent < messages) {
        counters_.add(UdpCounter::SendCalls);
        const int result = ::sendmmsg(nativeHandle(), &scratch_->send.messages[sent],
                                      static_cast<unsigned>(messages - sent), MSG_NOSIGNAL);
        if (result > 0) {
          for (const auto end = sent + static_cast<std::size_t>(result); sent < end; ++sent) {
            done += packetsIn(sent);
            counters_.add(UdpCounter::Sent, packetsIn(sent));
          }
          continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return done;
        if (packetsIn(sent) > 1 && refusesSegmentation(errno)) {
          counters_.add(UdpCounter::SegmentationRefused);
          segments_ = false;
          break;  // The rest is prepared anew, one by one.
        }
        // RFC 8445 s.7.2.5.2.4 would let a hard error fail the check; it times out just as well.
        counters_.add(UdpCounter::DroppedSendError, packetsIn(sent));
        done += packetsIn(sent++);
      }
    }
    return done;
  }

  std::size_t packetsIn(std::size_t message) const { return scratch_->send.messages[message].msg_hdr.msg_iovlen; }

  /// Fills as many messages as there is room for, and returns their number.
  std::size_t prepare(std::span<const Transmit> packets) {
    auto& scratch = scratch_->send;
    std::size_t message = 0, vector = 0;
    while (!packets.empty() && message < UdpScratch::sendMessages && vector < UdpScratch::sendPackets) {
      const std::size_t room = std::min(packets.size(), UdpScratch::sendPackets - vector);
      const std::size_t count = segments_ ? runLength(packets.first(room)) : 1;
      msghdr& header = scratch.messages[message].msg_hdr;
      header = {};
      header.msg_name = &scratch.to[message];
      header.msg_namelen = store(scratch.to[message], packets.front().to, scope_);
      header.msg_iov = &scratch.vectors[vector];
      header.msg_iovlen = count;
      for (const auto& packet : packets.first(count))
        // sendmmsg does not write there; the type is shared with recvmmsg.
        scratch.vectors[vector++] = {const_cast<std::uint8_t*>(packet.packet.data()), packet.packet.size()};
      if (count > 1) putSegmentSize(header, scratch.control[message], packets.front().packet.size());
      packets = packets.subspan(count);
      ++message;
    }
    return message;
  }

  static void putSegmentSize(msghdr& header, UdpScratch::Control& control, std::size_t size) {
    const auto value = static_cast<std::uint16_t>(size);
    header.msg_control = &control;
    header.msg_controllen = CMSG_SPACE(sizeof value);
    control.header.cmsg_level = IPPROTO_UDP;
    control.header.cmsg_type = UDP_SEGMENT;
    control.header.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(&control.header), &value, sizeof value);
  }

  void keep(std::span<Transmit> packets) {
    const bool waiting = !backlog_.empty();
    const std::size_t room = std::min(packets.size(), backlogLimit - backlog_.size());
    for (auto& packet : packets.first(room)) backlog_.push_back(std::move(packet));
    counters_.add(UdpCounter::WaitedForRoom, room);
    counters_.add(UdpCounter::DroppedBacklogFull, packets.size() - room);
    if (!waiting) waitWritable();
  }

  void waitWritable() {
    socket_.async_wait(udp::socket::wait_write, [self = shared_from_this()](const boost::system::error_code&) {
      if (!self->socket_.is_open()) return;
      auto& backlog = self->backlog_;
      const std::size_t done = self->transmit(backlog);
      backlog.erase(backlog.begin(), backlog.begin() + static_cast<std::ptrdiff_t>(done));
      if (!backlog.empty()) self->waitWritable();
    });
  }

  // --- Receiving ---

  void waitReadable() {
    socket_.async_wait(udp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code&) {
      if (self->socket_.is_open()) self->readable();
    });
  }

  void readable() {
    int error = 0;
    for (int i = 0; i < receiveCallsPerWake && error == 0; ++i)
      if (!receiveBatch(error)) break;
    sink_.onBatchEnd();
    if (!socket_.is_open()) return;
    errorsInARow_ = error ? errorsInARow_ + 1 : 0;
    if (errorsInARow_ < receiveErrorLimit) return waitReadable();
    close();
    sink_.onSocketFailed(id_, std::strerror(error));
  }

  /// Delivers what one `recvmmsg` gives. False once nothing more is there.
  bool receiveBatch(int& error) {
    auto& scratch = scratch_->receive;
    for (std::size_t i = 0; i < UdpScratch::receiveMessages; ++i) {
      scratch.vectors[i] = {scratch_->receiveBuffer(i), UdpScratch::receiveBufferSize};
      msghdr& header = scratch.messages[i].msg_hdr;
      header = {};
      header.msg_name = &scratch.from[i];
      header.msg_namelen = sizeof scratch.from[i];
      header.msg_iov = &scratch.vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = &scratch.control[i];
      header.msg_controllen = sizeof scratch.control[i];
    }
    counters_.add(UdpCounter::ReceiveCalls);
    const int count =
        ::recvmmsg(nativeHandle(), scratch.messages.data(), UdpScratch::receiveMessages, MSG_DONTWAIT, nullptr);
    if (count < 0) {
      if (errno == EINTR) return true;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      counters_.add(UdpCounter::ReceiveErrors);  // ICMP's answers prove nothing, and ICE finds out by itself.
      error = errno;
      return false;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count) && socket_.is_open(); ++i)
      deliver(scratch.messages[i], scratch_->receiveBuffer(i));
    return static_cast<std::size_t>(count) == UdpScratch::receiveMessages && socket_.is_open();
  }

  void deliver(const mmsghdr& message, std::uint8_t* data) {
    const std::size_t size = message.msg_len;
    if (message.msg_hdr.msg_flags & MSG_TRUNC) return counters_.add(UdpCounter::DroppedTruncated);
    const SocketAddress from = load(*static_cast<const sockaddr_storage*>(message.msg_hdr.msg_name));
    const std::size_t segment = segmentSize(message.msg_hdr, size);
    std::size_t at = 0;
    do {  // once for an empty datagram as well
      const std::size_t length = std::min(segment, size - at);
      counters_.add(UdpCounter::Received);
      sink_.onDatagram({id_, from, {data + at, length}});
      at += length;
    } while (at < size && socket_.is_open());
  }

  /// The size of the datagrams that were merged, all but the last; `size` if there was one.
  static std::size_t segmentSize(const msghdr& header, std::size_t size) {
    auto* mutableHeader = const_cast<msghdr*>(&header);  // the macros' type
    for (cmsghdr* c = CMSG_FIRSTHDR(mutableHeader); c; c = CMSG_NXTHDR(mutableHeader, c)) {
      if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO) continue;
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(c), sizeof segment);
      if (segment > 0) return static_cast<std::size_t>(segment);
    }
    return size;
  }

  udp::socket socket_;
  SocketId id_;
  std::uint32_t scope_;
  bool segments_;
  UdpSink& sink_;
  std::shared_ptr<UdpScratch> scratch_;
  std::vector<Transmit> backlog_;
  int errorsInARow_ = 0;
};

}  // namespace

std::shared_ptr<UdpScratch> makeUdpScratch() { return std::make_shared<UdpScratch>(); }

OpenResult openBatched(asio::io_context& io, const BindUdp& request, std::uint32_t scope, const UdpOptions& options,
                       UdpSink& sink, std::shared_ptr<UdpScratch> scratch) {
  auto bound = bindSocket(io, request, scope, options);
  if (!bound) return base::unexpected(bound.error());
  auto socket = std::make_shared<BatchedUdpSocket>(std::move(*bound), request.socket, scope, options, sink,
                                                   std::move(scratch));
  socket->start();
  return socket;
}

}  // namespace parley::net

#endif  // PARLEY_BATCHED_UDP

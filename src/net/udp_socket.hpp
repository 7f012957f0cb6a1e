#pragma once

#include "base/counters.hpp"
#include "base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <parley/io.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parley::net {

/// Takes what the sockets receive. Called on the loop's thread.
class UdpSink {
 public:
  virtual ~UdpSink() = default;
  virtual void onDatagram(const Datagram& datagram) = 0;
  /// The datagrams that had come are delivered. May close any socket, the caller too.
  virtual void onBatchEnd() = 0;
  /// The socket is broken for good, and closed.
  virtual void onSocketFailed(SocketId socket, std::string_view reason) = 0;
};

/// What happened to datagrams apart from being sent and delivered, and how many system calls it took.
enum class UdpCounter : std::uint8_t {
  SendCalls,
  ReceiveCalls,
  Sent,
  Received,
  WaitedForRoom,        ///< Went by the backlog, because the kernel's buffer was full.
  DroppedBacklogFull,
  DroppedSendError,     ///< No route, message too long, refused by a firewall, …
  DroppedTruncated,     ///< Larger than the buffer for it.
  ReceiveErrors,        ///< ICMP's errors, where the system reports them here.
  SegmentationRefused,
  Count,
};

/// One bound UDP socket. There are two kinds: `openBatched` waits for readiness and then moves many datagrams in one
/// system call (Linux), `openPlain` works on any system that Asio knows. All members are for the loop's thread.
class UdpSocket {
 public:
  virtual ~UdpSocket() = default;

  /// Sends, keeps for later (bounded), or drops; never blocks. The packets are moved out of, or left for the caller to
  /// destroy. All are for this socket.
  virtual void send(std::span<Transmit> packets) = 0;
  /// Delivers nothing from here on.
  virtual void close() = 0;

  const SocketAddress& local() const { return local_; }
  const base::Counters<UdpCounter>& counters() const { return counters_; }
  virtual int nativeHandle() = 0;

 protected:
  SocketAddress local_;
  base::Counters<UdpCounter> counters_;
};

struct UdpOptions {
  std::size_t receiveBufferBytes = 4u << 20;
  std::size_t sendBufferBytes = 1u << 20;
  bool sendSegmentation = true;     ///< UDP_SEGMENT
  bool receiveSegmentation = true;  ///< UDP_GRO
};

/// Packets that a socket keeps while the kernel's buffer is full: 1024 of 1200 bytes are 100 ms at 100 Mbit/s. What is
/// older than that is better lost, so that SCTP notices.
inline constexpr std::size_t backlogLimit = 1024;

/// Receive errors in a row after which a socket is given up.
inline constexpr int receiveErrorLimit = 64;

using OpenResult = base::Result<std::shared_ptr<UdpSocket>, std::string>;

/// Binds to `request.local` on any port, or on a free one of the range, starting at a random one. `scope` is the index
/// of the interface that has a link-local address. The sink must outlive the socket's `close`.
OpenResult openPlain(boost::asio::io_context& io, const BindUdp& request, std::uint32_t scope,
                     const UdpOptions& options, UdpSink& sink);
#ifdef PARLEY_BATCHED_UDP
/// The memory that the batched sockets of one loop share.
class UdpScratch;
std::shared_ptr<UdpScratch> makeUdpScratch();
OpenResult openBatched(boost::asio::io_context& io, const BindUdp& request, std::uint32_t scope,
                       const UdpOptions& options, UdpSink& sink, std::shared_ptr<UdpScratch> scratch);
#endif

/// What both kinds do first.
base::Result<boost::asio::ip::udp::socket, std::string> bindSocket(boost::asio::io_context& io, const BindUdp& request,
                                                                  std::uint32_t scope, const UdpOptions& options);

}  // namespace parley::net

#pragma once

#include "base/counters.hpp"
#include "base/result.hpp"
#include "net/socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <parley/io.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace parley::net {

/// Takes what the sockets receive.
class UdpSink : public virtual SocketSink {
 public:
  virtual void onDatagram(const Datagram& datagram) = 0;
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
/// system call (Linux), `openPlain` works on any system that Asio knows.
class UdpSocket : public Socket {
 public:
  const base::Counters<UdpCounter>& counters() const { return counters_; }
  std::string report() const override;
  virtual int nativeHandle() = 0;

 protected:
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
/// A plain socket that has joined a multicast group on the interface of `request.local`. `interface` is its index, which
/// IPv6 needs.
OpenResult openMulticast(boost::asio::io_context& io, const BindMulticast& request, std::uint32_t interface,
                         UdpSink& sink);
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

#include "net/udp_socket.hpp"

#include "net/address.hpp"
#include "net/bind_range.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <string>

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::udp;

std::string UdpSocket::report() const {
  const auto text = [this](UdpCounter counter) { return std::to_string(counters_[counter]); };
  const auto dropped = counters_[UdpCounter::DroppedBacklogFull] + counters_[UdpCounter::DroppedSendError] +
                       counters_[UdpCounter::DroppedTruncated];
  return "UDP " + local_.toString() + ": sent " + text(UdpCounter::Sent) + " in " + text(UdpCounter::SendCalls) +
         " calls, received " + text(UdpCounter::Received) + " in " + text(UdpCounter::ReceiveCalls) +
         " calls, dropped " + std::to_string(dropped);
}

base::Result<udp::socket, std::string> bindSocket(asio::io_context& io, const BindUdp& request, std::uint32_t scope,
                                                  const UdpOptions& options) {
  boost::system::error_code error;
  udp::socket socket(io);
  socket.open(request.local.isV4() ? udp::v4() : udp::v6(), error);
  if (error) return base::unexpected("cannot make a socket: " + error.message());
  // An IPv4 peer must not show up as ::ffff:a.b.c.d: to ICE that would be another address.
  if (request.local.isV6()) socket.set_option(asio::ip::v6_only(true), error);

  boost::system::error_code ignored;  // The kernel caps the sizes; whatever it gives is good enough.
  socket.set_option(asio::socket_base::receive_buffer_size(static_cast<int>(options.receiveBufferBytes)), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(static_cast<int>(options.sendBufferBytes)), ignored);

  if (!error) error = bindInRange(socket, toAsio(request.local, scope), request.firstPort, request.lastPort);
  if (error)
    return base::unexpected("cannot bind " + rangeText({request.local, request.firstPort}, request.lastPort) + ": " +
                            error.message());
  socket.non_blocking(true, error);
  if (error) return base::unexpected("cannot make a socket non-blocking: " + error.message());
  return socket;
}

}  // namespace parley::net

#include "net/udp_socket.hpp"

#include "base/random.hpp"
#include "net/address.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <algorithm>
#include <utility>

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::udp;

namespace {

/// Taken, or reserved for others: the next port may do.
bool isTaken(const boost::system::error_code& error) {
  return error == asio::error::address_in_use || error == asio::error::access_denied ||
         error == asio::error::no_permission;
}

boost::system::error_code bindInRange(udp::socket& socket, const BindUdp& request, std::uint32_t scope) {
  boost::system::error_code error;
  const asio::ip::address address = toAsio(request.local, scope);
  if (request.lastPort == 0) {
    socket.bind({address, 0}, error);
    return error;
  }
  const std::uint32_t first = std::max<std::uint32_t>(request.firstPort, 1);
  if (request.lastPort < first) return asio::error::invalid_argument;
  const std::uint32_t count = request.lastPort - first + 1;
  // A random start (RFC 6056 s.3.3.1): ports are not to be guessed, and one that was just left is not met again at once.
  const auto start = static_cast<std::uint32_t>(base::SystemRandom().below(count));
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(first + (start + i) % count);
    socket.bind({address, port}, error);
    if (!isTaken(error)) break;
  }
  return error;
}

}  // namespace

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

  if (!error) error = bindInRange(socket, request, scope);
  if (error) {
    std::string reason = "cannot bind " + SocketAddress{request.local, request.firstPort}.toString();
    if (request.lastPort > request.firstPort) reason += "-" + std::to_string(request.lastPort);
    return base::unexpected(reason + ": " + error.message());
  }
  socket.non_blocking(true, error);
  if (error) return base::unexpected("cannot make a socket non-blocking: " + error.message());
  return socket;
}

}  // namespace parley::net

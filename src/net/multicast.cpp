#include "net/multicast.hpp"

#include "net/address.hpp"
#include "net/reuse.hpp"

#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/unicast.hpp>
#include <boost/asio/ip/v6_only.hpp>

#ifdef __linux__
#  include <netinet/in.h>
#endif

namespace parley::net {

namespace asio = boost::asio;
namespace ip = asio::ip;
using ip::udp;

namespace {

/// Linux delivers to a socket what comes for any group that any process has joined on any interface, unless it is told
/// otherwise.
void setOnlyJoinedGroups([[maybe_unused]] udp::socket& socket, [[maybe_unused]] bool v4) {
#ifdef __linux__
  const int off = 0;
#  ifdef IP_MULTICAST_ALL
  if (v4) ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
#  endif
#  ifdef IPV6_MULTICAST_ALL
  if (!v4) ::setsockopt(socket.native_handle(), IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
#  endif
#endif
}

}  // namespace

base::Result<udp::socket, boost::system::error_code> joinGroup(asio::io_context& io, const BindMulticast& request,
                                                               std::uint32_t interface) {
  boost::system::error_code error, ignored;
  const bool v4 = request.group.ip.isV4();
  if (v4 != request.local.isV4()) return base::unexpected(boost::system::error_code(asio::error::invalid_argument));
  udp::socket socket(io);
  socket.open(v4 ? udp::v4() : udp::v6(), error);
  if (error) return base::unexpected(error);
  setReuseAddress(socket);
  setReusePort(socket);
  if (!v4) socket.set_option(ip::v6_only(true), error);
  setOnlyJoinedGroups(socket, v4);
  // Not bound to `local`: a socket that has an address gets nothing that was sent to a group.
  if (!error) socket.bind({v4 ? udp::v4() : udp::v6(), request.group.port}, error);
  const auto group = toAsio(request.group.ip);
  if (v4) {
    const auto local = toAsio(request.local).to_v4();
    if (!error) socket.set_option(ip::multicast::join_group(group.to_v4(), local), error);
    if (!error) socket.set_option(ip::multicast::outbound_interface(local), error);
  } else {
    if (!error) socket.set_option(ip::multicast::join_group(group.to_v6(), interface), error);
    if (!error) socket.set_option(ip::multicast::outbound_interface(interface), error);
  }
  // RFC 6762 s.11: 255, also for what goes to one machine.
  if (!error) socket.set_option(ip::multicast::hops(255), error);
  if (!error) socket.set_option(ip::multicast::enable_loopback(true), error);
  socket.set_option(ip::unicast::hops(255), ignored);
  if (!error) socket.non_blocking(true, error);
  if (error) return base::unexpected(error);
  return socket;
}

}  // namespace parley::net

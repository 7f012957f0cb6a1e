#pragma once

#include <boost/asio/socket_base.hpp>

#ifndef _WIN32
#  include <netinet/in.h>
#  include <sys/socket.h>
#endif

/// Options that several sockets on one port take. All are wishes: what refuses them says so when it is bound.

namespace parley::net {

template <class Socket>
void setReuseAddress(Socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(boost::asio::socket_base::reuse_address(true), ignored);
}

/// All sockets of the port need it, and then those of one user share it.
template <class Socket>
void setReusePort([[maybe_unused]] Socket& socket) {
#ifdef SO_REUSEPORT
  const int on = 1;
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
#endif
}

/// Linux: an ephemeral port is chosen when the socket connects, and then may be in use with another destination.
template <class Socket>
void setPortByConnection([[maybe_unused]] Socket& socket) {
#ifdef IP_BIND_ADDRESS_NO_PORT
  const int on = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#endif
}

}  // namespace parley::net

#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <parley/address.hpp>

#include <cstdint>

namespace parley::net {

IpAddress fromAsio(const boost::asio::ip::address& address);
/// `scope` is the interface's index, and counts for link-local IPv6 addresses alone.
boost::asio::ip::address toAsio(const IpAddress& address, std::uint32_t scope = 0);

/// The zone of an IPv6 address is left behind: the socket that a datagram came by tells the interface.
SocketAddress fromAsio(const boost::asio::ip::udp::endpoint& endpoint);
SocketAddress fromAsio(const boost::asio::ip::tcp::endpoint& endpoint);
boost::asio::ip::udp::endpoint toAsio(const SocketAddress& address, std::uint32_t scope = 0);

}  // namespace parley::net

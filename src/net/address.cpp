#include "net/address.hpp"

#include <algorithm>

namespace parley::net {

namespace ip = boost::asio::ip;

IpAddress fromAsio(const ip::address& address) {
  if (address.is_v4()) return IpAddress::v4(address.to_v4().to_bytes());
  return IpAddress::v6(address.to_v6().to_bytes());
}

ip::address toAsio(const IpAddress& address, std::uint32_t scope) {
  if (address.isV4()) {
    ip::address_v4::bytes_type bytes;
    std::copy(address.bytes().begin(), address.bytes().end(), bytes.begin());
    return ip::address_v4(bytes);
  }
  ip::address_v6::bytes_type bytes;
  std::copy(address.bytes().begin(), address.bytes().end(), bytes.begin());
  return ip::address_v6(bytes, address.isLinkLocal() ? scope : 0);
}

SocketAddress fromAsio(const ip::udp::endpoint& endpoint) { return {fromAsio(endpoint.address()), endpoint.port()}; }
SocketAddress fromAsio(const ip::tcp::endpoint& endpoint) { return {fromAsio(endpoint.address()), endpoint.port()}; }

ip::udp::endpoint toAsio(const SocketAddress& address, std::uint32_t scope) {
  return {toAsio(address.ip, scope), address.port};
}

}  // namespace parley::net

#pragma once

#include "base/random.hpp"

#include <parley/address.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace parley::net {

/// Binds a socket or acceptor to `address`, on any port if `last` is 0, else on a free one of [first, last].
template <class Bindable>
boost::system::error_code bindInRange(Bindable& socket, const boost::asio::ip::address& address, std::uint16_t first,
                                      std::uint16_t last) {
  namespace error = boost::asio::error;
  boost::system::error_code result;
  if (last == 0) {
    socket.bind({address, 0}, result);
    return result;
  }
  const std::uint32_t lowest = std::max<std::uint32_t>(first, 1);
  if (last < lowest) return error::invalid_argument;
  const std::uint32_t count = last - lowest + 1;
  // A random start (RFC 6056 s.3.3.1): ports are not to be guessed, and one that was just left is not met again at once.
  const auto start = static_cast<std::uint32_t>(base::SystemRandom().below(count));
  for (std::uint32_t i = 0; i < count; ++i) {
    socket.bind({address, static_cast<std::uint16_t>(lowest + (start + i) % count)}, result);
    // Taken, or reserved for others: the next port may do.
    if (result != error::address_in_use && result != error::access_denied && result != error::no_permission) break;
  }
  return result;
}

/// "127.0.0.1:4000-4009", for messages.
inline std::string rangeText(const SocketAddress& first, std::uint16_t last) {
  return first.toString() + (last > first.port ? "-" + std::to_string(last) : "");
}

}  // namespace parley::net

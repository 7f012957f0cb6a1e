#pragma once

#include "base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <parley/io.hpp>

#include <cstdint>

namespace parley::net {

/// A socket as `BindMulticast` describes it.
base::Result<boost::asio::ip::udp::socket, boost::system::error_code> joinGroup(boost::asio::io_context& io,
                                                                                const BindMulticast& request,
                                                                                std::uint32_t interface);

}  // namespace parley::net

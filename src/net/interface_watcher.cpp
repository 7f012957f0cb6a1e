#include "net/interface_watcher.hpp"

#ifdef __linux__

#  include <linux/netlink.h>
#  include <linux/rtnetlink.h>
#  include <sys/socket.h>
#  include <boost/asio/buffer.hpp>
#  include <boost/asio/error.hpp>
#  include <boost/asio/generic/raw_protocol.hpp>
#  include <boost/asio/steady_timer.hpp>

#  include <algorithm>
#  include <array>
#  include <chrono>
#  include <optional>
#  include <utility>

namespace parley::net {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto quiet = std::chrono::milliseconds(100);
constexpr auto longestUnrest = std::chrono::seconds(1);

/// What the messages say does not matter: the list of interfaces is read anew. So lost ones (ENOBUFS) are no loss.
class Netlink : public std::enable_shared_from_this<Netlink> {
 public:
  Netlink(asio::io_context& io, std::function<void()> onChange)
      : socket_(io), timer_(io), onChange_(std::move(onChange)) {}

  bool open() {
    boost::system::error_code error;
    socket_.open(asio::generic::raw_protocol(AF_NETLINK, NETLINK_ROUTE), error);
    if (error) return false;
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    socket_.bind({&address, sizeof address}, error);
    if (!error) socket_.non_blocking(true, error);
    if (!error) wait();
    return !error;
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    onChange_ = nullptr;
  }

 private:
  void wait() {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
      if (error || !self->onChange_) return;
      self->drain();
      self->wait();
    });
  }

  void drain() {
    std::array<char, 8192> buffer;
    boost::system::error_code error;
    do socket_.receive(asio::buffer(buffer), 0, error);
    while (!error || error == asio::error::no_buffer_space);

    const auto now = Clock::now();
    if (!unrestSince_) unrestSince_ = now;
    timer_.expires_at(std::min(now + quiet, *unrestSince_ + longestUnrest));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (cancelled || !self->onChange_) return;
      self->unrestSince_.reset();
      self->onChange_();
    });
  }

  using Socket = asio::basic_raw_socket<asio::generic::raw_protocol>;
  Socket socket_;
  asio::steady_timer timer_;
  std::function<void()> onChange_;
  std::optional<Clock::time_point> unrestSince_;
};

class NetlinkWatcher final : public InterfaceWatcher {
 public:
  explicit NetlinkWatcher(std::shared_ptr<Netlink> netlink) : netlink_(std::move(netlink)) {}
  ~NetlinkWatcher() override { netlink_->close(); }

 private:
  std::shared_ptr<Netlink> netlink_;
};

}  // namespace

std::unique_ptr<InterfaceWatcher> InterfaceWatcher::create(asio::io_context& io, std::function<void()> onChange) {
  auto netlink = std::make_shared<Netlink>(io, std::move(onChange));
  if (!netlink->open()) return nullptr;
  return std::make_unique<NetlinkWatcher>(std::move(netlink));
}

}  // namespace parley::net

#else

namespace parley::net {

std::unique_ptr<InterfaceWatcher> InterfaceWatcher::create(boost::asio::io_context&, std::function<void()>) {
  return nullptr;
}

}  // namespace parley::net

#endif

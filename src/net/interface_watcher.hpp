#pragma once

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace parley::net {

/// Notices that addresses, interfaces or default routes may have changed. Linux tells by netlink; elsewhere nothing does,
/// and nothing is ever noticed.
class InterfaceWatcher {
 public:
  virtual ~InterfaceWatcher() = default;

  /// Calls `onChange` on the loop's thread once things have been quiet for 100 ms, or after a second of unrest: an
  /// interface comes up in several steps. Null if the system does not tell. Nothing is called after its destruction.
  static std::unique_ptr<InterfaceWatcher> create(boost::asio::io_context& io, std::function<void()> onChange);
};

}  // namespace parley::net

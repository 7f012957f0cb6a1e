#pragma once

#include "common/event_loop.hpp"

#include <boost/asio/steady_timer.hpp>
#include <parley/configuration.hpp>
#include <parley/runtime.hpp>

#include <memory>
#include <string>
#include <vector>

class Member;

/// Who is there. Each sees all others.
class Room {
 public:
  Room(EventLoop& loop, std::shared_ptr<parley::Runtime> runtime, parley::Configuration configuration);

  /// Somebody opened the page; null if the room is full.
  std::shared_ptr<Member> enter();
  /// What it sends is known: others can be shown it, and it can be shown others.
  void ready(Member& member);
  void left(Member& member);

 private:
  /// Each sends to all others: 12 * 11 streams of 1.5 Mbit/s are 200 Mbit/s.
  static constexpr std::size_t most = 12;

  void tick();

  EventLoop& loop_;
  std::shared_ptr<parley::Runtime> runtime_;
  parley::Configuration configuration_;
  std::vector<std::weak_ptr<Member>> entered_;
  std::vector<Member*> members_;  ///< Those that are ready.
  boost::asio::steady_timer timer_;
  int number_ = 0;
};

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <parley/executor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

/// The program's one loop. It is the executor of the connection as well, so that signalling, handlers, files and the
/// keyboard all run on the main thread, and nothing needs a lock.
class EventLoop final : public parley::Executor {
 public:
  static EventLoop& instance();
  /// How the program calls itself in what `fail` says.
  void setProgram(std::string name) { program_ = std::move(name); }

  void post(std::function<void()> task) override;
  bool isCurrent() const override { return std::this_thread::get_id() == thread_; }

  /// Runs until `exit`, and returns its code.
  int run();
  /// The first call counts.
  void exit(int code);
  /// Says what is wrong in one line, and exits with 1.
  void fail(const std::string& message);
  bool isExiting() const { return code_.has_value(); }

  /// Calls `onLine` for each line of standard input, and then once with nothing.
  void readLines(std::function<void(std::optional<std::string>)> onLine);

  boost::asio::io_context& io() { return io_; }

 private:
  EventLoop();

  std::string program_ = "parley";
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  std::thread::id thread_ = std::this_thread::get_id();
  std::optional<int> code_;
};

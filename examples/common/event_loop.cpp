#include "event_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

namespace asio = boost::asio;

EventLoop::EventLoop() : signals_(io_, SIGINT, SIGTERM) {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) exit(128 + signal);
  });
}

EventLoop& EventLoop::instance() {
  static EventLoop& loop = *new EventLoop;
  return loop;
}

void EventLoop::post(std::function<void()> task) { asio::post(io_, std::move(task)); }

int EventLoop::run() {
  const auto work = asio::make_work_guard(io_);
  io_.run();
  return code_.value_or(1);
}

void EventLoop::exit(int code) {
  if (!code_) code_ = code;
  io_.stop();
}

void EventLoop::fail(const std::string& message) {
  if (isExiting()) return;
  std::cerr << program_ << ": " << message << std::endl;
  exit(1);
}

void EventLoop::readLines(std::function<void(std::optional<std::string>)> onLine) {
  // A thread, because not everything that standard input can be is something to wait for with epoll. When the program
  // ends, it is left behind in its read: `instance` is never destroyed.
  auto handler = std::make_shared<std::function<void(std::optional<std::string>)>>(std::move(onLine));
  std::thread([this, handler] {
    for (std::string line; std::getline(std::cin, line);) post([handler, line] { (*handler)(line); });
    post([handler] { (*handler)(std::nullopt); });
  }).detach();
}

#pragma once

#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace parley::net {

/// Threads that were told to end while nobody could wait for them. The process waits for them (not for ever) before it
/// destroys what they may still use.
class LingeringThreads {
 public:
  /// The first call decides the place among the process's destructors: after everything that the threads need.
  static LingeringThreads& instance();

  /// `ended` becomes ready when the thread's work is done.
  void add(std::thread thread, std::future<void> ended);

 private:
  struct Entry {
    std::thread thread;
    std::future<void> ended;
  };
  LingeringThreads() = default;
  ~LingeringThreads();

  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace parley::net

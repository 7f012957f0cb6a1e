#pragma once

#include <parley/time.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace parley::pc {

/// Where other threads leave tasks for the engine's thread. Shared, because a timer of usrsctp that another engine's
/// thread runs may still want to wake an engine that is just being destroyed.
class Mailbox {
 public:
  using Task = std::function<void(Time now)>;

  /// Any thread.
  void post(Task task) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      tasks_.push_back(std::move(task));
      if (waiting_.exchange(true)) return;  // whoever put the first one in has woken the host
    }
    std::lock_guard lock(wakeMutex_);
    if (wake_) wake_();
  }

  /// Any thread: whether there is something to run.
  bool waiting() const { return waiting_.load(std::memory_order_acquire); }

  void setWake(std::function<void()> wake) {
    std::lock_guard lock(wakeMutex_);
    wake_ = std::move(wake);
  }
  bool hasWake() const {
    std::lock_guard lock(wakeMutex_);
    return static_cast<bool>(wake_);
  }

  /// The engine's thread: runs everything, also what the tasks post.
  void run(Time now) {
    std::vector<Task> tasks;
    for (;;) {
      {
        std::lock_guard lock(mutex_);
        tasks.swap(tasks_);
        if (tasks.empty()) {
          waiting_.store(false, std::memory_order_release);
          return;
        }
      }
      for (auto& task : tasks) task(now);
      tasks.clear();
    }
  }

  /// Nothing is taken or run any more, and when this has returned the wake hook is not called any more.
  void close() {
    setWake({});
    std::vector<Task> tasks;  // outlives the lock: a task may own what posts in its destructor
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      tasks.swap(tasks_);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  std::atomic<bool> waiting_{false};
  mutable std::mutex wakeMutex_;
  std::function<void()> wake_;
};

}  // namespace parley::pc

#pragma once

#include "pc/task_queue.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace parley::pc {

/// What a connection and the objects that it gives out have in common. The mutex guards the state of all of them and is
/// never held while code of the application runs, destructors of its handlers included.
struct Shared {
  explicit Shared(std::shared_ptr<TaskQueue> queue) : tasks(std::move(queue)) {}
  mutable std::mutex mutex;
  const std::shared_ptr<TaskQueue> tasks;
};

/// A place for one handler. The function is shared, so that it may be replaced while it runs.
template <class... Args>
class EventHandler {
 public:
  using Function = std::function<void(Args...)>;

  /// Any thread.
  void set(const Shared& shared, Function function) {
    std::shared_ptr<const Function> next;
    if (function) next = std::make_shared<const Function>(std::move(function));
    std::lock_guard lock(shared.mutex);
    if (!retired_) function_.swap(next);
  }

  /// In a task and without lock. Does nothing if there is no handler.
  template <class... Values>
  void fire(const Shared& shared, Values&&... values) const {
    std::shared_ptr<const Function> function;
    {
      std::lock_guard lock(shared.mutex);
      function = function_;
    }
    if (!function) return;
    TaskQueue::guard([&] { (*function)(std::forward<Values>(values)...); });
  }

  /// Under the lock: the event will not fire any more. Takes the handler out, for the caller to destroy without the lock,
  /// and takes no other.
  std::shared_ptr<const void> take() {
    retired_ = true;
    return std::exchange(function_, nullptr);
  }

 private:
  std::shared_ptr<const Function> function_;
  bool retired_ = false;
};

/// Handlers taken out of their places; they die with it.
using Dropped = std::vector<std::shared_ptr<const void>>;

}  // namespace parley::pc

#include "net/callback_queue.hpp"

#include <utility>

namespace parley::net {

void CallbackQueue::post(std::function<void()> task) {
  bool first;
  {
    std::lock_guard lock(mutex_);
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (first) changed_.notify_one();
}

bool CallbackQueue::isCurrent() const {
  std::lock_guard lock(mutex_);
  return thread_ == std::this_thread::get_id();
}

void CallbackQueue::run() {
  std::vector<std::function<void()>> running;
  std::unique_lock lock(mutex_);
  thread_ = std::this_thread::get_id();
  for (;;) {
    changed_.wait(lock, [this] { return !tasks_.empty() || finished_; });
    if (tasks_.empty()) return;
    running.swap(tasks_);
    lock.unlock();
    for (auto& task : running) {
      task();
      task = nullptr;  // What it holds goes before the next one runs, as in a queue of one.
    }
    running.clear();
    lock.lock();
  }
}

void CallbackQueue::finish() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_one();
}

}  // namespace parley::net

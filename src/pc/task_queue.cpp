#include "pc/task_queue.hpp"

#include "base/log.hpp"

#include <exception>
#include <utility>

namespace parley::pc {

namespace {

/// Tasks run for one post to the executor: enough to make its cost small, few enough to be fair to other connections.
constexpr int batch = 16;

thread_local const TaskQueue* running = nullptr;

}  // namespace

/// What the executor is given. If it drops it unrun, the tasks are lost, and must not keep alive what keeps the queue.
struct TaskQueue::Ticket {
  explicit Ticket(std::shared_ptr<TaskQueue> owner) : queue(std::move(owner)) {}
  ~Ticket() {
    if (queue) queue->discard();
  }
  std::shared_ptr<TaskQueue> queue;
};

void TaskQueue::post(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  tasks_.push_back(std::move(task));
  if (scheduled_) return;
  scheduled_ = true;
  if (executor_) {
    // Under the lock, so that nobody is inside the executor once `detach` has returned.
    schedule();
  } else {
    lock.unlock();
    run();
  }
}

void TaskQueue::continueWith(std::function<void()> continuation) {
  if (isCurrent())
    continuations_.push_back(std::move(continuation));
  else
    post(std::move(continuation));
}

bool TaskQueue::blockingNeverEnds() const {
  if (blocking_ == Blocking::Never || isCurrent()) return true;
  std::lock_guard lock(mutex_);
  return executor_ && executor_->isCurrent();
}

bool TaskQueue::isCurrent() const { return running == this; }

void TaskQueue::detach() {
  std::lock_guard lock(mutex_);
  executor_ = nullptr;
}

/// Under the lock, with an executor.
void TaskQueue::schedule() {
  executor_->post([ticket = std::make_shared<Ticket>(shared_from_this())] {
    auto queue = std::exchange(ticket->queue, nullptr);
    if (queue) queue->run();
  });
}

void TaskQueue::discard() {
  std::deque<std::function<void()>> lost;  // Dies without the lock.
  std::lock_guard lock(mutex_);
  lost.swap(tasks_);
  scheduled_ = false;
}

void TaskQueue::run() {
  const TaskQueue* outer = std::exchange(running, this);
  for (int done = 0;; ++done) {
    std::function<void()> task;
    {
      std::lock_guard lock(mutex_);
      if (tasks_.empty()) {
        scheduled_ = false;
        break;
      }
      if (done >= batch && executor_) {
        schedule();
        break;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    guard(task);
    while (!continuations_.empty()) {
      auto continuation = std::move(continuations_.front());
      continuations_.pop_front();
      guard(continuation);
    }
  }
  running = outer;
}

void TaskQueue::guard(const std::function<void()>& function) {
  try {
    function();
  } catch (const std::exception& error) {
    PARLEY_LOG(Error, "pc", "an exception came out of a handler: ", error.what());
  } catch (...) {
    PARLEY_LOG(Error, "pc", "an exception of unknown type came out of a handler");
  }
}

}  // namespace parley::pc

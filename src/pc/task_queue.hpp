#pragma once

#include <parley/async.hpp>
#include <parley/executor.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace parley::pc {

/// The event loop of one connection, as far as it has one: a strand over an executor. Tasks run one at a time and in
/// order; behind each run the continuations that it made ready (the microtasks of a browser), before the next task.
///
///     post ─► tasks ─► executor ─► task ─► continuations ─► task ─► continuations ─► …
///
/// Made by `std::make_shared`. Queued tasks keep it alive.
class TaskQueue final : public parley::detail::Scheduler, public std::enable_shared_from_this<TaskQueue> {
 public:
  enum class Blocking {
    Elsewhere,  ///< A thread other than the executor's may wait for what a task settles.
    Never       ///< The program has one thread, which drives the executor.
  };

  TaskQueue(Executor& executor, Blocking blocking) : executor_(&executor), blocking_(blocking) {}

  /// Any thread.
  void post(std::function<void()> task);
  void continueWith(std::function<void()> continuation) override;
  bool blockingNeverEnds() const override;
  /// Whether the caller is inside a task of this queue.
  bool isCurrent() const;

  /// The executor may end from now on: it is not used any more. Tasks that it has already still run, and all later ones
  /// with them or else in the thread that posts them.
  void detach();

  /// Calls a function of the application's and logs what it throws: the fault of one handler is not that of the next.
  static void guard(const std::function<void()>& function);

 private:
  struct Ticket;
  void schedule();
  void run();
  void discard();

  mutable std::mutex mutex_;
  Executor* executor_;
  const Blocking blocking_;
  std::deque<std::function<void()>> tasks_;
  /// `run` is under way, or given to the executor.
  bool scheduled_ = false;
  /// Only used by the thread that is in `run`.
  std::deque<std::function<void()>> continuations_;
};

}  // namespace parley::pc

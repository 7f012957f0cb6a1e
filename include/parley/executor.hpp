#pragma once

#include <parley/export.hpp>

#include <functional>

namespace parley {

/// Where a connection's events, continuations and other tasks run. An application gives its own to have them on a thread
/// of its choice; the Runtime has one, and every Engine has one that runs its tasks inside `Engine::advance`.
class PARLEY_API Executor {
 public:
  virtual ~Executor() = default;

  /// Takes a task from any thread and runs it later, never inside this call. Tasks that one connection posts run one at
  /// a time and in order; the library takes care of the former by itself, an executor of the latter. A task does not
  /// throw. Tasks that the executor drops are lost: it must outlive its connections.
  virtual void post(std::function<void()> task) = 0;

  /// Whether the caller is on a thread that runs this executor's tasks. There, a blocking `Async::get()` could never
  /// end, and is refused.
  virtual bool isCurrent() const = 0;
};

}  // namespace parley

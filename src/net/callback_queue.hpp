#pragma once

#include <parley/executor.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace parley::net {

/// The tasks of a runtime's callback thread, in the order of their coming. The thread itself is the runtime's.
class CallbackQueue final : public Executor {
 public:
  void post(std::function<void()> task) override;
  bool isCurrent() const override;

  /// Runs tasks until `finish` was called and none is left.
  void run();
  void finish();

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> tasks_;
  std::thread::id thread_;
  bool finished_ = false;
};

}  // namespace parley::net

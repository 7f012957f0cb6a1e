#pragma once

#include <deque>
#include <functional>
#include <utility>

namespace parley::pc {

/// The [[Operations]] slot of the W3C's "chain an asynchronous operation": one operation at a time. It decides, and its
/// owner runs what it says. Guarded by the connection's mutex.
class OperationsChain {
 public:
  using Operation = std::function<void()>;

  /// True if the chain was empty, so that the operation is to be started.
  bool add(Operation operation) {
    operations_.push_back(std::move(operation));
    return operations_.size() == 1;
  }
  /// The operation that is under way or to be started. Precondition: not empty.
  const Operation& first() const { return operations_.front(); }
  /// The first one is done. True if there is another one to start.
  bool finish() {
    operations_.pop_front();
    return !operations_.empty();
  }
  bool empty() const { return operations_.empty(); }

  /// [[UpdateNegotiationNeededFlagOnEmptyChain]]
  void updateNegotiationNeededWhenEmpty() { updateNegotiationNeeded_ = true; }
  bool takeUpdateNegotiationNeeded() { return std::exchange(updateNegotiationNeeded_, false); }

  /// What was chained and will not run any more, for the caller to destroy.
  std::deque<Operation> clear() { return std::exchange(operations_, {}); }

 private:
  std::deque<Operation> operations_;
  bool updateNegotiationNeeded_ = false;
};

}  // namespace parley::pc

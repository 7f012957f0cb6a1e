#include <parley/async.hpp>

#include "base/log.hpp"

namespace parley::detail {

namespace {

std::exception_ptr abortion() {
  return std::make_exception_ptr(Error(ErrorName::AbortError, "the connection was closed before this was done"));
}

}  // namespace

AsyncState::~AsyncState() {
  if (status_ != Status::Rejected || observed_) return;
  try {
    std::rethrow_exception(error_);
  } catch (const Error& error) {
    // A coroutine that ended because its connection was closed did nothing wrong.
    if (error.name() != ErrorName::AbortError)
      PARLEY_LOG(Warning, "pc", "nobody looked at a rejection: ", toString(error.name()), ": ", error.what());
  } catch (const std::exception& error) {
    PARLEY_LOG(Warning, "pc", "nobody looked at a rejection: ", error.what());
  } catch (...) {
    PARLEY_LOG(Warning, "pc", "nobody looked at a rejection of unknown type");
  }
}

void AsyncState::fulfill(const std::function<void()>& store) { settle(Status::Fulfilled, store); }

void AsyncState::reject(std::exception_ptr error) {
  settle(Status::Rejected, [&] { error_ = std::move(error); });
}

void AsyncState::abandon() {
  settle(Status::Abandoned, [&] { error_ = abortion(); });
}

void AsyncState::settle(Status status, const std::function<void()>& store) {
  std::vector<std::function<void()>> continuations;
  std::shared_ptr<Scheduler> scheduler;
  {
    std::lock_guard lock(mutex_);
    if (status_ != Status::Pending) return;
    store();
    status_ = status;
    continuations.swap(continuations_);
    scheduler = scheduler_;
  }
  settled_.notify_all();
  for (auto& continuation : continuations) {
    if (scheduler)
      scheduler->continueWith(std::move(continuation));
    else
      continuation();
  }
}

bool AsyncState::isSettled() const {
  std::lock_guard lock(mutex_);
  return status_ != Status::Pending;
}

bool AsyncState::isAbandoned() const {
  std::lock_guard lock(mutex_);
  return status_ == Status::Abandoned;
}

std::exception_ptr AsyncState::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void AsyncState::whenSettled(std::function<void()> continuation) {
  std::shared_ptr<Scheduler> scheduler;
  {
    std::lock_guard lock(mutex_);
    observed_ = true;
    if (status_ == Status::Pending) {
      continuations_.push_back(std::move(continuation));
      return;
    }
    scheduler = scheduler_;
  }
  if (scheduler)
    scheduler->continueWith(std::move(continuation));
  else
    continuation();
}

void AsyncState::wait() {
  std::unique_lock lock(mutex_);
  observed_ = true;
  if (status_ == Status::Pending) {
    auto scheduler = scheduler_;
    lock.unlock();
    if (scheduler && scheduler->blockingNeverEnds())
      throw Error(ErrorName::InvalidStateError,
                  "get() would never end: what settles this Async has to run on the thread that waits; use then() or "
                  "co_await");
    lock.lock();
  }
  settled_.wait(lock, [&] { return status_ != Status::Pending; });
}

std::shared_ptr<Scheduler> AsyncState::scheduler() const {
  std::lock_guard lock(mutex_);
  return scheduler_;
}

void AsyncState::adopt(const std::shared_ptr<Scheduler>& scheduler) {
  std::lock_guard lock(mutex_);
  if (!scheduler_) scheduler_ = scheduler;
}

}  // namespace parley::detail

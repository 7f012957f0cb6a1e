#pragma once

#include <parley/error.hpp>
#include <parley/export.hpp>

#include <condition_variable>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace parley {

template <class T>
class Async;

namespace detail {

/// Where continuations run: a connection's task queue.
class PARLEY_API Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// Any thread. Runs `continuation` after the task that is running now and before the next one; if the caller is not in
  /// a task, in a task of its own.
  virtual void continueWith(std::function<void()> continuation) = 0;
  /// True if nothing could settle an Async while the caller waits for it.
  virtual bool blockingNeverEnds() const = 0;
};

/// The part of an Async's state that does not depend on its type.
///
///     pending ──► fulfilled | rejected | abandoned (the connection was closed)
///
class PARLEY_API AsyncState {
 public:
  explicit AsyncState(std::shared_ptr<Scheduler> scheduler) : scheduler_(std::move(scheduler)) {}
  virtual ~AsyncState();
  AsyncState(const AsyncState&) = delete;
  AsyncState& operator=(const AsyncState&) = delete;

  /// All three are ignored unless pending.
  void reject(std::exception_ptr error);
  void abandon();

  bool isSettled() const;
  bool isAbandoned() const;
  /// What it was rejected with; for an abandoned one, an AbortError.
  std::exception_ptr error() const;
  /// Runs `continuation` by the scheduler once settled; at once in this thread if there is no scheduler.
  void whenSettled(std::function<void()> continuation);
  /// Returns once settled. Throws InvalidStateError where that would never be.
  void wait();

  std::shared_ptr<Scheduler> scheduler() const;
  /// A coroutine's state learns from the first Async that it awaits where it runs.
  void adopt(const std::shared_ptr<Scheduler>& scheduler);

 protected:
  /// Calls `store` under the lock if still pending.
  void fulfill(const std::function<void()>& store);

 private:
  enum class Status { Pending, Fulfilled, Rejected, Abandoned };
  void settle(Status status, const std::function<void()>& store);

  mutable std::mutex mutex_;
  std::condition_variable settled_;
  Status status_ = Status::Pending;
  std::exception_ptr error_;
  bool observed_ = false;
  std::vector<std::function<void()>> continuations_;
  std::shared_ptr<Scheduler> scheduler_;
};

template <class T>
class AsyncValue final : public AsyncState {
 public:
  using AsyncState::AsyncState;
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  void resolve(Stored value) {
    fulfill([&] { value_.emplace(std::move(value)); });
  }
  /// Precondition: fulfilled.
  const Stored& value() const { return *value_; }
  bool hasValue() const { return value_.has_value(); }

 private:
  std::optional<Stored> value_;
};

/// Calls `handler` with the rejection as an Error, whatever was thrown.
template <class Handler>
decltype(auto) callWithError(Handler& handler, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return handler(known);
  } catch (const std::exception& other) {
    return handler(Error(ErrorName::OperationError, other.what()));
  } catch (...) {
    return handler(Error(ErrorName::OperationError, "an exception of unknown type"));
  }
}

template <class R>
struct Unwrapped {
  using Type = R;
};
template <class T>
struct Unwrapped<Async<T>> {
  using Type = T;
};

template <class T, class F>
struct ContinuationResult {
  using Type = std::invoke_result_t<F&, const T&>;
};
template <class F>
struct ContinuationResult<void, F> {
  using Type = std::invoke_result_t<F&>;
};

template <class T>
struct CoroutinePromise;

}  // namespace detail

/// A promise of the W3C's API: the result of an operation that ends later. Copies share one result.
///
/// - `then` calls back on the connection's executor, after the task that settled the operation and before the next one.
/// - `co_await` does the same, and throws what the operation was rejected with. A coroutine that returns an `Async` runs
///   at once up to its first `co_await`.
/// - `get` blocks the calling thread. Where the operation could not end while it waits (in a handler, or in a program
///   that drives its engine from the same thread), it throws InvalidStateError instead.
///
/// Rejections are `Error`s. When the connection is closed, what is still pending is abandoned: `then` never calls back,
/// `get` and `co_await` throw AbortError. A rejection that nobody looked at is logged as a warning.
template <class T>
class Async {
 public:
  using Value = T;

  bool isSettled() const { return state_->isSettled(); }

  /// Blocks until settled; returns the value or throws the rejection.
  T get() const {
    state_->wait();
    return take();
  }

  /// Calls `onFulfilled(value)`. The result is settled by what that returns (an `Async` is waited for) or throws; a
  /// rejection passes through.
  template <class F>
  auto then(F onFulfilled) const {
    using Result = typename detail::Unwrapped<typename detail::ContinuationResult<T, F>::Type>::Type;
    auto next = std::make_shared<detail::AsyncValue<Result>>(state_->scheduler());
    state_->whenSettled([state = state_, next, f = std::move(onFulfilled)]() mutable {
      if (state->isAbandoned()) return next->abandon();
      if (!state->hasValue()) return next->reject(state->error());
      settleBy(next, [&]() -> decltype(auto) { return callWithValue(f, *state); });
    });
    return Async<Result>(next);
  }

  /// As above, and calls `onRejected(const Error&)` for a rejection; it returns the same type as `onFulfilled`.
  template <class F, class R>
  auto then(F onFulfilled, R onRejected) const {
    using Result = typename detail::Unwrapped<typename detail::ContinuationResult<T, F>::Type>::Type;
    auto next = std::make_shared<detail::AsyncValue<Result>>(state_->scheduler());
    state_->whenSettled([state = state_, next, f = std::move(onFulfilled), r = std::move(onRejected)]() mutable {
      if (state->isAbandoned()) return next->abandon();
      if (state->hasValue())
        settleBy(next, [&]() -> decltype(auto) { return callWithValue(f, *state); });
      else
        settleBy(next, [&]() -> decltype(auto) { return detail::callWithError(r, state->error()); });
    });
    return Async<Result>(next);
  }

  /// The `catch` of JavaScript, where that is no keyword: for the end of a chain.
  template <class R>
  Async<void> onRejected(R handler) const {
    auto next = std::make_shared<detail::AsyncValue<void>>(state_->scheduler());
    state_->whenSettled([state = state_, next, r = std::move(handler)]() mutable {
      if (state->isAbandoned()) return next->abandon();
      if (state->hasValue()) return next->resolve({});
      settleBy(next, [&] { static_cast<void>(detail::callWithError(r, state->error())); });
    });
    return Async<void>(next);
  }

  auto operator co_await() const { return Awaiter{state_}; }

  using promise_type = detail::CoroutinePromise<T>;

  /// The library's own way in; not for applications.
  explicit Async(std::shared_ptr<detail::AsyncValue<T>> state) : state_(std::move(state)) {}
  const std::shared_ptr<detail::AsyncValue<T>>& state() const { return state_; }

 private:
  template <class U>
  friend class Async;

  struct Awaiter {
    std::shared_ptr<detail::AsyncValue<T>> state;
    // A settled one is awaited too, as in JavaScript, so that the order of things does not depend on luck.
    bool await_ready() const { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> coroutine) {
      if constexpr (requires { coroutine.promise().asyncState(); })
        coroutine.promise().asyncState().adopt(state->scheduler());
      auto held = state;  // Resuming may destroy this awaiter, on another thread, before whenSettled has returned.
      held->whenSettled([coroutine] { coroutine.resume(); });
    }
    T await_resume() const { return Async(state).take(); }
  };

  T take() const {
    if (!state_->hasValue()) std::rethrow_exception(state_->error());
    if constexpr (!std::is_void_v<T>) return state_->value();
  }

  template <class F>
  static decltype(auto) callWithValue(F& f, const detail::AsyncValue<T>& state) {
    if constexpr (std::is_void_v<T>)
      return f();
    else
      return f(state.value());
  }

  template <class Result, class Call>
  static void settleBy(const std::shared_ptr<detail::AsyncValue<Result>>& next, Call call) {
    try {
      using Returned = std::decay_t<decltype(call())>;
      if constexpr (std::is_same_v<Returned, Async<Result>>) {
        auto inner = call().state();
        next->adopt(inner->scheduler());
        inner->whenSettled([inner, next] {
          if (inner->isAbandoned()) return next->abandon();
          if (!inner->hasValue()) return next->reject(inner->error());
          next->resolve(inner->value());
        });
      } else if constexpr (std::is_void_v<Result>) {
        call();
        next->resolve({});
      } else {
        next->resolve(call());
      }
    } catch (...) {
      next->reject(std::current_exception());
    }
  }

  std::shared_ptr<detail::AsyncValue<T>> state_;
};

namespace detail {

template <class T>
struct CoroutinePromiseBase {
  std::shared_ptr<AsyncValue<T>> state = std::make_shared<AsyncValue<T>>(nullptr);

  AsyncState& asyncState() { return *state; }
  Async<T> get_return_object() { return Async<T>(state); }
  std::suspend_never initial_suspend() noexcept { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void unhandled_exception() { state->reject(std::current_exception()); }
};

template <class T>
struct CoroutinePromise : CoroutinePromiseBase<T> {
  void return_value(T value) { this->state->resolve(std::move(value)); }
};

template <>
struct CoroutinePromise<void> : CoroutinePromiseBase<void> {
  void return_void() { state->resolve({}); }
};

}  // namespace detail

}  // namespace parley

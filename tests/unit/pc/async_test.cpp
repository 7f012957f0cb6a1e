#include "pc/task_queue.hpp"
#include "support/catch.hpp"

#include <parley/async.hpp>
#include <parley/log.hpp>

#include <atomic>
#include <deque>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace parley;
using pc::TaskQueue;

namespace {

class ManualExecutor final : public Executor {
 public:
  void post(std::function<void()> task) override { tasks.push_back(std::move(task)); }
  bool isCurrent() const override { return running == std::this_thread::get_id(); }
  void runAll() {
    running = std::this_thread::get_id();
    while (!tasks.empty()) {
      auto task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
    running = std::thread::id();
  }
  std::deque<std::function<void()>> tasks;
  std::atomic<std::thread::id> running{};  ///< The thread that runs tasks now.
};

template <class T>
struct Fixture {
  ManualExecutor executor;
  std::shared_ptr<TaskQueue> queue = std::make_shared<TaskQueue>(executor, TaskQueue::Blocking::Elsewhere);
  std::shared_ptr<detail::AsyncValue<T>> state = std::make_shared<detail::AsyncValue<T>>(queue);
  Async<T> async{state};

  void resolve(typename detail::AsyncValue<T>::Stored value) {
    queue->post([this, value] { state->resolve(value); });
    executor.runAll();
  }
  void reject(ErrorName name, const std::string& message) {
    queue->post([this, name, message] { state->reject(std::make_exception_ptr(Error(name, message))); });
    executor.runAll();
  }
};

ErrorName nameOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.name();
  }
  FAIL("nothing was thrown");
  return {};
}

Async<int> addOne(Async<int> input) {
  const int value = co_await input;
  co_return value + 1;
}

Async<void> store(Async<int> input, std::string& out) {
  try {
    out = std::to_string(co_await addOne(input));
  } catch (const Error& error) {
    out = std::string(toString(error.name()));
  }
}

}  // namespace

TEST_CASE("then is called back by the executor, with the value, also when it comes late") {
  Fixture<int> f;
  int early = 0, late = 0;
  f.async.then([&](int value) { early = value; });
  f.resolve(7);
  CHECK(early == 7);
  f.async.then([&](int value) { late = value; });
  CHECK(late == 0);
  f.executor.runAll();
  CHECK(late == 7);
}

TEST_CASE("then chains values, errors, and Asyncs that its callbacks return") {
  Fixture<int> f;
  Fixture<std::string> inner;
  std::string result;
  f.async.then([&](int) { return inner.async; })
      .then([](const std::string& text) { return text.size(); })
      .then([&](std::size_t size) { result = std::to_string(size); });
  f.resolve(1);
  CHECK(result.empty());
  inner.resolve("four");
  f.executor.runAll();
  CHECK(result == "4");
}

TEST_CASE("A rejection passes the callbacks for values and reaches the first one for errors") {
  Fixture<int> f;
  bool skipped = true;
  std::string seen;
  auto end = f.async.then([&](int) { skipped = false; }).onRejected([&](const Error& error) { seen = error.what(); });
  f.reject(ErrorName::OperationError, "did not work");
  CHECK(skipped);
  CHECK(seen == "did not work");
  CHECK_NOTHROW(end.get());
}

TEST_CASE("onRejected beside onFulfilled recovers with a value") {
  Fixture<int> f;
  auto recovered = f.async.then([](int value) { return value; }, [](const Error&) { return -1; });
  f.reject(ErrorName::OperationError, "did not work");
  CHECK(recovered.get() == -1);
}

TEST_CASE("What a callback throws rejects the next Async, as an Error for callbacks and as it was for get") {
  Fixture<int> f;
  std::string seen;
  auto next = f.async.then([](int) -> int { throw std::out_of_range("too far"); });
  next.onRejected([&](const Error& error) { seen = error.what(); });
  f.resolve(1);
  CHECK(seen == "too far");
  CHECK_THROWS_AS(next.get(), std::out_of_range);
}

TEST_CASE("Only the first of several settlements counts") {
  Fixture<int> f;
  f.resolve(1);
  f.resolve(2);
  f.state->abandon();
  CHECK(f.async.get() == 1);
}

TEST_CASE("get blocks until another thread has run the task that settles") {
  Fixture<int> f;
  std::thread other([&] { f.resolve(5); });
  CHECK(f.async.get() == 5);
  other.join();
}

TEST_CASE("get refuses to wait where nothing could settle the Async") {
  Fixture<int> f;
  std::string thrown;
  f.queue->post([&] { thrown = toString(nameOf([&] { f.async.get(); })); });
  f.executor.runAll();
  CHECK(thrown == "InvalidStateError");
  f.resolve(3);
  f.queue->post([&] { CHECK(f.async.get() == 3); });  // A settled one is no problem.
  f.executor.runAll();
}

TEST_CASE("An abandoned Async never calls back, and throws AbortError to those who wait") {
  Fixture<int> f;
  bool called = false;
  auto next = f.async.then([&](int) { called = true; }, [&](const Error&) { called = true; });
  std::string coroutine;
  auto waits = store(f.async, coroutine);
  f.state->abandon();
  f.executor.runAll();
  CHECK_FALSE(called);
  CHECK(nameOf([&] { f.async.get(); }) == ErrorName::AbortError);
  CHECK(nameOf([&] { next.get(); }) == ErrorName::AbortError);
  CHECK(coroutine == "AbortError");
  CHECK(waits.isSettled());
}

TEST_CASE("Coroutines await, return and reject") {
  Fixture<int> f;
  std::string out;
  auto done = store(f.async, out);
  auto failing = addOne(f.async);
  CHECK(out.empty());
  SECTION("a value") {
    f.resolve(41);
    CHECK(out == "42");
    CHECK(done.isSettled());
    CHECK(failing.get() == 42);
  }
  SECTION("an error") {
    f.reject(ErrorName::SyntaxError, "what is this");
    CHECK(out == "SyntaxError");
    CHECK(nameOf([&] { failing.get(); }) == ErrorName::SyntaxError);
  }
}

TEST_CASE("A rejection that nobody looks at is logged once") {
  std::vector<std::string> lines;
  setLogHandler(LogLevel::Warning, [&](const LogLine& line) { lines.emplace_back(line.text); });
  {
    Fixture<int> seen, unseen;
    seen.async.onRejected([](const Error&) {});
    seen.reject(ErrorName::OperationError, "seen");
    unseen.reject(ErrorName::OperationError, "unseen");
  }
  setLogHandler(LogLevel::Warning);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("unseen") != std::string::npos);
}

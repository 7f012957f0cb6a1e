#include "pc/task_queue.hpp"
#include "pc/operations_chain.hpp"
#include "support/catch.hpp"

#include <parley/log.hpp>

#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

using namespace parley;
using pc::OperationsChain;
using pc::TaskQueue;

namespace {

/// An executor that runs its tasks when the test says so.
class ManualExecutor final : public Executor {
 public:
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  bool isCurrent() const override { return running_; }
  bool runOne() {
    if (tasks_.empty()) return false;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    running_ = true;
    task();
    running_ = false;
    return true;
  }
  void runAll() {
    while (runOne()) {
    }
  }

 private:
  std::deque<std::function<void()>> tasks_;
  bool running_ = false;
};

struct Fixture {
  ManualExecutor executor;
  std::shared_ptr<TaskQueue> queue = std::make_shared<TaskQueue>(executor, TaskQueue::Blocking::Elsewhere);
  std::vector<std::string> log;
  std::function<void()> note(std::string text) {
    return [this, text] { log.push_back(text); };
  }
};

}  // namespace

TEST_CASE("Tasks run in order, and never inside post") {
  Fixture f;
  f.queue->post(f.note("1"));
  f.queue->post(f.note("2"));
  CHECK(f.log.empty());
  f.executor.runAll();
  CHECK(f.log == std::vector<std::string>{"1", "2"});
}

TEST_CASE("Continuations run behind their task and before the next one, with those that they make") {
  Fixture f;
  f.queue->post([&] {
    f.queue->post(f.note("third task"));
    f.queue->continueWith([&] {
      f.log.push_back("continuation");
      f.queue->continueWith(f.note("its continuation"));
    });
    f.log.push_back("first task");
  });
  f.queue->post(f.note("second task"));
  f.executor.runAll();
  CHECK(f.log ==
        std::vector<std::string>{"first task", "continuation", "its continuation", "second task", "third task"});
}

TEST_CASE("A continuation from outside of a task is a task") {
  Fixture f;
  f.queue->post(f.note("task"));
  f.queue->continueWith(f.note("continuation"));
  CHECK(f.log.empty());
  f.executor.runAll();
  CHECK(f.log == std::vector<std::string>{"task", "continuation"});
}

TEST_CASE("A task that throws does not stop the next one") {
  setLogHandler(LogLevel::Off);
  Fixture f;
  f.queue->post([] { throw std::runtime_error("an application's fault"); });
  f.queue->post(f.note("next"));
  f.executor.runAll();
  setLogHandler(LogLevel::Warning);
  CHECK(f.log == std::vector<std::string>{"next"});
}

TEST_CASE("A queue with many tasks lets others on its executor run in between") {
  Fixture f;
  for (int i = 0; i < 100; ++i) f.queue->post(f.note("mine"));
  f.executor.post(f.note("theirs"));
  f.executor.runAll();
  REQUIRE(f.log.size() == 101);
  CHECK(f.log.back() == "mine");
}

TEST_CASE("A detached queue does not use its executor, and loses nothing") {
  Fixture f;
  f.queue->post(f.note("1"));
  f.queue->detach();
  f.queue->post(f.note("2"));  // Joins what the executor has already.
  f.executor.runAll();
  f.queue->post(f.note("3"));
  CHECK_FALSE(f.executor.runOne());
  CHECK(f.log == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("A queue knows who is inside it, and where waiting would never end") {
  Fixture f;
  CHECK_FALSE(f.queue->isCurrent());
  CHECK_FALSE(f.queue->blockingNeverEnds());
  bool inside = false, never = false;
  f.queue->post([&] {
    inside = f.queue->isCurrent();
    never = f.queue->blockingNeverEnds();
  });
  f.executor.runAll();
  CHECK(inside);
  CHECK(never);
  auto single = std::make_shared<TaskQueue>(f.executor, TaskQueue::Blocking::Never);
  CHECK(single->blockingNeverEnds());
}

TEST_CASE("The operations chain starts one operation at a time") {
  OperationsChain chain;
  CHECK(chain.empty());
  CHECK(chain.add([] {}));
  CHECK_FALSE(chain.add([] {}));
  CHECK(chain.finish());
  CHECK_FALSE(chain.finish());
  CHECK(chain.empty());
  CHECK(chain.add([] {}));
}

TEST_CASE("The operations chain remembers once that negotiation has to be looked at") {
  OperationsChain chain;
  CHECK_FALSE(chain.takeUpdateNegotiationNeeded());
  chain.updateNegotiationNeededWhenEmpty();
  CHECK(chain.takeUpdateNegotiationNeeded());
  CHECK_FALSE(chain.takeUpdateNegotiationNeeded());
}

TEST_CASE("Tasks that the executor drops die with what they hold") {
  auto held = std::make_shared<int>(1);
  {
    Fixture f;
    f.queue->post([held, queue = f.queue] {});
  }
  CHECK(held.use_count() == 1);
}

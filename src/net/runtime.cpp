#include <parley/runtime.hpp>

#include "base/random.hpp"
#include "net/callback_queue.hpp"
#include "net/host.hpp"
#include "net/lingering_threads.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <parley/error.hpp>

#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#if __has_include(<pthread.h>)
#  define PARLEY_HAS_PTHREAD
#  include <pthread.h>
#  include <signal.h>
#endif

namespace parley {
namespace {

/// A thread, and a promise of its end that can be waited for with a limit.
struct Worker {
  std::thread thread;
  std::future<void> ended;
};

/// Signals are for the application's threads: they are blocked in ours, which inherit the mask.
Worker startWorker([[maybe_unused]] const char* name, std::function<void()> work) {
  std::promise<void> promise;
  Worker worker;
  worker.ended = promise.get_future();
#ifdef PARLEY_HAS_PTHREAD
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto restore = [&before](void*) { pthread_sigmask(SIG_SETMASK, &before, nullptr); };
  const std::unique_ptr<void, decltype(restore)> guard(&before, restore);
#endif
  worker.thread = std::thread([name, work = std::move(work), promise = std::move(promise)]() mutable {
#if defined(PARLEY_HAS_PTHREAD) && defined(__linux__)
    pthread_setname_np(pthread_self(), name);
#endif
    work();
    work = nullptr;
    promise.set_value();
  });
  return worker;
}

/// What the loop's thread owns.
struct Loop {
  explicit Loop(const net::Host::Options& options) : engine(std::in_place, engineOptions()), host(io, *engine, options) {}

  static Engine::Options engineOptions() {
    Engine::Options options;
    options.wallClockOffset = net::wallClockOffset();
    return options;
  }

  boost::asio::io_context io{1};
  std::optional<Engine> engine;
  net::Host host;
};

}  // namespace

struct Runtime::Threads {
  std::shared_ptr<net::CallbackQueue> callbacks = std::make_shared<net::CallbackQueue>();
  std::shared_ptr<Loop> loop;
  /// True if a host name was still being looked up when the loop ended.
  std::future<bool> loopEnded;
  Worker loopWorker;
  Worker callbackWorker;
};

Runtime::Runtime(const Options& options) : threads_(std::make_unique<Threads>()) {
  // OpenSSL must register its clean-up with the process before `LingeringThreads` does, which is to run first.
  base::SystemRandom().u32();
  net::LingeringThreads::instance();

  net::Host::Options hostOptions;
  hostOptions.udp.receiveBufferBytes = options.receiveBufferBytes;
  hostOptions.udp.sendBufferBytes = options.sendBufferBytes;
  hostOptions.udp.sendSegmentation = hostOptions.udp.receiveSegmentation = options.segmentationOffload;

  auto& threads = *threads_;
  try {
    threads.loop = std::make_shared<Loop>(hostOptions);
    threads.callbackWorker = startWorker("parley-handlers", [queue = threads.callbacks] { queue->run(); });
    auto loopEnded = std::make_shared<std::promise<bool>>();
    threads.loopEnded = loopEnded->get_future();
    threads.loopWorker = startWorker("parley-loop", [loop = threads.loop, queue = threads.callbacks, loopEnded]() mutable {
      loop->io.run();
      loop->engine.reset();
      queue->finish();
      loopEnded->set_value(loop->host.lookups() > 0);
    });
  } catch (const std::system_error& error) {  // no descriptors or no threads left
    if (threads.callbackWorker.thread.joinable()) {
      threads.callbacks->finish();
      threads.callbackWorker.thread.join();
    }
    throw Error(ErrorName::OperationError, std::string("cannot start the runtime: ") + error.what());
  }
}

Runtime::~Runtime() {
  auto& threads = *threads_;
  auto loop = std::move(threads.loop);
  boost::asio::post(loop->io, [host = &loop->host] { host->finish(); });
  loop.reset();

  auto linger = [](Worker& worker) {
    net::LingeringThreads::instance().add(std::move(worker.thread), std::move(worker.ended));
  };
  const auto self = std::this_thread::get_id();
  if (self == threads.loopWorker.thread.get_id() || self == threads.callbackWorker.thread.get_id()) {
    linger(threads.loopWorker);
    linger(threads.callbackWorker);
    return;
  }
  const bool resolving = threads.loopEnded.get();
  if (resolving)
    linger(threads.loopWorker);
  else
    threads.loopWorker.thread.join();
  threads.callbackWorker.thread.join();
}

std::shared_ptr<Runtime> Runtime::create() { return create(Options{}); }

std::shared_ptr<Runtime> Runtime::create(const Options& options) {
  return std::shared_ptr<Runtime>(new Runtime(options));
}

std::shared_ptr<Runtime> Runtime::shared() {
  static std::mutex mutex;
  static std::weak_ptr<Runtime> latest;
  std::lock_guard lock(mutex);
  auto runtime = latest.lock();
  if (!runtime) latest = runtime = create();
  return runtime;
}

Engine& Runtime::engine() { return *threads_->loop->engine; }
Executor& Runtime::executor() { return *threads_->callbacks; }

}  // namespace parley

#include <parley/peer_connection.hpp>
#include <parley/runtime.hpp>

#include "net/host.hpp"

#include <chrono>
#include <exception>
#include <utility>

// The members of PeerConnection that need a Runtime. They are here because `pc` knows no sockets and no threads.

namespace parley {
namespace {

/// Continuations on a runtime's callback thread, for an operation that belongs to no connection.
class RuntimeScheduler final : public detail::Scheduler {
 public:
  explicit RuntimeScheduler(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}
  void continueWith(std::function<void()> continuation) override {
    // The task holds the runtime, so that the thread is not waited for while it is about to run it.
    runtime_->executor().post([runtime = runtime_, run = std::move(continuation)] { run(); });
  }
  bool blockingNeverEnds() const override { return runtime_->executor().isCurrent(); }

 private:
  std::shared_ptr<Runtime> runtime_;
};

}  // namespace

PeerConnection::PeerConnection() : PeerConnection(Configuration{}) {}

PeerConnection::PeerConnection(Configuration configuration)
    : PeerConnection(Runtime::shared(), std::move(configuration)) {}

PeerConnection::PeerConnection(std::shared_ptr<Runtime> runtime, Configuration configuration)
    : PeerConnection(runtime->engine(), runtime->executor(), std::move(configuration), runtime) {}

Async<Certificate> PeerConnection::generateCertificate(const KeygenAlgorithm& algorithm) {
  auto runtime = Runtime::shared();
  auto result = std::make_shared<detail::AsyncValue<Certificate>>(std::make_shared<RuntimeScheduler>(runtime));
  runtime->executor().post([runtime, result, algorithm] {
    const auto sinceEpoch = net::now().time_since_epoch() + net::wallClockOffset();
    try {
      result->resolve(
          Certificate::generate(algorithm, std::chrono::duration_cast<std::chrono::milliseconds>(sinceEpoch)));
    } catch (...) {
      result->reject(std::current_exception());
    }
  });
  return Async<Certificate>(result);
}

}  // namespace parley

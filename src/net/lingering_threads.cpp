#include "net/lingering_threads.hpp"

#include <chrono>
#include <utility>

namespace parley::net {
namespace {
/// A loop ends within milliseconds; a handler of the application, or the system's resolver, may never do.
constexpr auto patience = std::chrono::seconds(1);
}  // namespace

LingeringThreads& LingeringThreads::instance() {
  static LingeringThreads threads;
  return threads;
}

void LingeringThreads::add(std::thread thread, std::future<void> ended) {
  std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](Entry& entry) {
    if (entry.ended.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
    entry.thread.join();
    return true;
  });
  entries_.push_back({std::move(thread), std::move(ended)});
}

LingeringThreads::~LingeringThreads() {
  for (auto& entry : entries_) {
    // A handler may have called exit(): then this is its thread.
    const bool self = entry.thread.get_id() == std::this_thread::get_id();
    if (!self && entry.ended.wait_for(patience) == std::future_status::ready)
      entry.thread.join();
    else
      entry.thread.detach();
  }
}

}  // namespace parley::net

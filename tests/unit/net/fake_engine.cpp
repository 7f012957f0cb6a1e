#include "fake_engine.hpp"

#include <utility>

namespace parley::pc {

void EngineCore::post(std::function<void(Time)> task) {
  {
    std::lock_guard lock(mutex_);
    mail_.push_back(std::move(task));
  }
  if (wake) wake();
}

void EngineCore::post(std::function<void()> task) {
  post([task = std::move(task)](Time) { task(); });
}

void EngineCore::advance(Time now) {
  ++advances;
  std::vector<std::function<void(Time)>> mail;
  {
    std::lock_guard lock(mutex_);
    mail.swap(mail_);
  }
  for (auto& task : mail) task(now);
  if (timer && *timer <= now) {
    timer.reset();
    onTimer(now);
  }
}

Time EngineCore::deadline() const {
  std::lock_guard lock(mutex_);
  if (!mail_.empty()) return Time::min();
  return timer.value_or(never);
}

}  // namespace parley::pc

namespace parley {

Engine::Engine() : Engine(Options{}) {}
Engine::Engine(const Options&) : core_(std::make_unique<pc::EngineCore>()) {}
Engine::~Engine() = default;

void Engine::handle(const Datagram& datagram, Time) {
  core_->datagrams.push_back({datagram.socket, datagram.from, {datagram.bytes.begin(), datagram.bytes.end()}});
  if (core_->onDatagram) core_->onDatagram();
}

namespace {
void answered(pc::EngineCore& core, pc::EngineCore::Answer answer) {
  core.answers.push_back(std::move(answer));
  if (core.onAnswer) core.onAnswer();
}
}  // namespace

void Engine::handle(const SocketBound& bound, Time) { answered(*core_, bound); }
void Engine::handle(const SocketFailed& failed, Time) { answered(*core_, failed); }
void Engine::handle(const TcpConnected& connected, Time) { answered(*core_, connected); }
void Engine::handle(const TcpAccepted& accepted, Time) { answered(*core_, accepted); }
void Engine::handle(const StreamBacklog& backlog, Time) { answered(*core_, backlog); }
void Engine::handle(const InterfacesChanged& changed, Time) { answered(*core_, changed); }
void Engine::handle(const StreamData& data, Time) {
  auto& stream = core_->streams[data.socket];
  stream.insert(stream.end(), data.bytes.begin(), data.bytes.end());
}
void Engine::handle(const InterfacesListed& listed, Time) { answered(*core_, listed); }
void Engine::handle(const Resolved& resolved, Time) { answered(*core_, resolved); }

std::optional<Engine::Output> Engine::poll() {
  if (core_->outputs.empty()) return std::nullopt;
  auto output = std::move(core_->outputs.front());
  core_->outputs.pop_front();
  return output;
}

Time Engine::deadline() const { return core_->deadline(); }
void Engine::advance(Time now) { core_->advance(now); }
void Engine::post(std::function<void(Time)> task) { core_->post(std::move(task)); }
void Engine::setWake(std::function<void()> wake) { core_->wake = std::move(wake); }
Executor& Engine::executor() { return *core_; }

}  // namespace parley

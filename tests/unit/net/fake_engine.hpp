#pragma once

#include <parley/engine.hpp>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley::pc {

/// Stands in for the engine behind `parley::Engine`, which this executable defines by itself: it says what a test tells
/// it to, and keeps what the host answers. So the host is tested without the protocols above.
///
/// All but `post` is for the loop's thread: tests reach in by `post`.
class EngineCore final : public Executor {
 public:
  struct Received {
    SocketId socket;
    SocketAddress from;
    std::vector<std::uint8_t> bytes;
  };
  using Answer = std::variant<SocketBound, SocketFailed, TcpConnected, TcpAccepted, StreamBacklog, InterfacesListed,
                              InterfacesChanged, Resolved>;

  void post(std::function<void(Time)> task);
  void post(std::function<void()> task) override;
  bool isCurrent() const override { return false; }
  void advance(Time now);
  Time deadline() const;

  std::deque<Engine::Output> outputs;
  std::vector<Received> datagrams;
  std::map<SocketId, std::vector<std::uint8_t>> streams;  ///< All that came by each.
  std::vector<Answer> answers;
  std::function<void()> onAnswer;     ///< After each answer.
  std::function<void()> onDatagram;   ///< After each datagram.
  std::function<void()> onDestroyed;
  std::optional<Time> timer;
  std::function<void(Time)> onTimer;
  int advances = 0;
  std::function<void()> wake;

  ~EngineCore() override {
    if (onDestroyed) onDestroyed();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::function<void(Time)>> mail_;
};

}  // namespace parley::pc

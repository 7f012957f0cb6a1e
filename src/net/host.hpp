#pragma once

#include "net/interface_watcher.hpp"
#include "net/interfaces.hpp"
#include "net/tcp_listener.hpp"
#include "net/udp_socket.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <parley/engine.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace parley::net {

/// The clock of the library, as this host reads it.
Time now();
/// What to add to `now()` to get the time since 1970.
Duration wallClockOffset();

/// Drives one engine from one io_context: does what the engine asks for, and tells it what comes.
///
///     socket readable ─► handle… ─┐
///     timer, wake, answer ────────┴─► advance ─► poll… ─► open, close, list, resolve; send… ─► timer
///
/// All members are for the io_context's one thread, or for before it runs; the engine's wake hook is for any.
class Host final : public UdpSink, public ListenerSink {
 public:
  struct Options {
    UdpOptions udp;
    bool plain = false;  ///< The portable backend, even if there is a faster one.
  };

  Host(boost::asio::io_context& io, Engine& engine, const Options& options);
  ~Host() override;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Sends what the engine still has to say, and ends the io_context's run.
  void finish();

  /// Host names that are being looked up. The system's resolver cannot be interrupted: to destroy the io_context then
  /// takes until it gives up.
  std::size_t lookups() const { return lookups_; }

 private:
  void onDatagram(const Datagram& datagram) override;
  void onBatchEnd() override;
  void onSocketFailed(SocketId socket, std::string_view reason) override;
  void onStreamData(const StreamData& data) override;
  void onStreamBacklog(const StreamBacklog& backlog) override;
  void onTcpConnected(const TcpConnected& connected) override;
  SocketId onTcpAccepting() override;
  void onTcpAccepted(const TcpAccepted& accepted, std::shared_ptr<TcpStream> stream) override;
  void onInterfacesChanged();

  void wake();
  void cycle();
  void drain();
  void arm();

  void perform(Transmit& transmit);
  void perform(const BindUdp& request);
  void perform(const BindMulticast& request);
  void perform(const ListenTcp& request);
  void perform(const ConnectTcp& request);
  void perform(const CloseSocket& request);
  void perform(const ListInterfaces& request);
  void perform(const Resolve& request);

  std::uint32_t scopeOf(const IpAddress& local) const;
  /// Keeps the socket, or tells the engine that there is none.
  template <class Opened>
  bool keep(SocketId id, Opened opened);
  void flush();
  void close(SocketId id);

  boost::asio::io_context& io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  boost::asio::ip::udp::resolver resolver_;
  Engine& engine_;
  Options options_;
#ifdef PARLEY_BATCHED_UDP
  std::shared_ptr<UdpScratch> scratch_;
#endif

  std::unordered_map<SocketId, std::shared_ptr<Socket>> sockets_;
  std::uint32_t nextAccepted_ = static_cast<std::uint32_t>(firstAcceptedSocket);
  InterfaceList interfaces_;                   ///< The latest that the engine knows of.
  std::unique_ptr<InterfaceWatcher> watcher_;  ///< From the first time on that the engine asked for them.
  std::vector<Transmit> outgoing_;             ///< Made since the last flush, in order.
  Time armed_ = never;
  std::size_t lookups_ = 0;
  bool finished_ = false;
  std::atomic<bool> woken_{false};  ///< A cycle is posted.
};

}  // namespace parley::net

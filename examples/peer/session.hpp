#pragma once

#include "common/event_loop.hpp"
#include "file_receiver.hpp"
#include "file_sender.hpp"
#include "common/negotiation.hpp"
#include "options.hpp"
#include "stages.hpp"

#include <boost/asio/steady_timer.hpp>
#include <parley/peer_connection.hpp>
#include <parley/runtime.hpp>

#include <functional>
#include <list>
#include <memory>
#include <string>

/// The connection to the other peer, and what goes over it: chat lines on the channel "chat", and files. Ends the
/// program when its task is done or failed.
class Session {
 public:
  /// `emit` takes the messages of the negotiation to the other side.
  Session(EventLoop& loop, const Options& options, bool trickle, std::function<void(const nlohmann::json&)> emit);
  ~Session();

  /// One side calls this, when the other one is there.
  void offer();
  bool take(const nlohmann::json& message) { return negotiation_.take(message); }
  /// Chat, or a command.
  void line(const std::string& line);
  /// No more lines come: as /quit, once the files are sent.
  void inputEnded();
  bool isOpen() const { return stages_.has(Stages::Open); }

 private:
  void watchTransport();
  void adoptChat(std::shared_ptr<parley::DataChannel> channel);
  void opened();
  void connectionChanged();
  void peerLeft();
  void quit();
  void sendFile(const std::filesystem::path& path);
  void receiveFile(std::shared_ptr<parley::DataChannel> channel);
  /// The program's one file is there, or will not be.
  void done(const TransferResult& result);
  void printPath(std::function<void()> then);
  void printStatistics();
  void fail(const std::string& message);

  EventLoop& loop_;
  const Options& options_;
  parley::PeerConnection connection_;
  Negotiation negotiation_;
  Stages stages_;
  std::shared_ptr<parley::DataChannel> chat_;
  std::list<std::unique_ptr<FileSender>> senders_;
  std::list<std::unique_ptr<FileReceiver>> receivers_;
  boost::asio::steady_timer patience_;  ///< For a connection that comes up or comes back.
  bool transportWatched_ = false;
  bool quitting_ = false;
  bool quitWhenSent_ = false;
  bool done_ = false;  ///< With the one file of the command line.
};

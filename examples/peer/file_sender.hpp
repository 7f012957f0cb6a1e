#pragma once

#include "progress_bar.hpp"
#include "sha256.hpp"

#include <parley/data_channel.hpp>
#include <parley/peer_connection.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// \file
/// A file travels on a channel of its own, labelled "file", in this order:
///
///     sender    text    {"type": "file", "name": …, "size": …}
///     sender    binary  the file, in messages of at most 64 KiB
///     sender    text    {"type": "end", "sha256": …}
///     receiver  text    {"type": "ack", "sha256": …}, or at any time {"type": "ack", "error": …}
///     sender    closes the channel

inline constexpr const char* fileChannelLabel = "file";

/// How a transfer ended.
struct TransferResult {
  bool ok = false;
  std::string text;  ///< What to tell the user.
};

/// Sends one file. Reads it while it goes, so that memory stays bounded.
class FileSender {
 public:
  /// Makes the channel. Throws std::runtime_error, and makes none, if the file cannot be read. `done` is called once, and
  /// may destroy this.
  FileSender(const std::filesystem::path& path, parley::PeerConnection& connection, std::size_t maxMessageSize,
             std::function<void(TransferResult)> done);
  ~FileSender();

  /// The connection is gone.
  void fail(const std::string& reason);

 private:
  void start();
  void pump();
  void acknowledged(const parley::Message& message);
  void finish(TransferResult result);

  std::string name_;
  std::uint64_t size_ = 0, sent_ = 0;
  std::ifstream file_;
  std::shared_ptr<parley::DataChannel> channel_;
  std::vector<std::uint8_t> chunk_;
  Sha256 hash_;
  std::string sha256_;  ///< Set when all was sent.
  std::unique_ptr<ProgressBar> progress_;
  std::function<void(TransferResult)> done_;
};

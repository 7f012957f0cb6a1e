#pragma once

#include "file_sender.hpp"

/// Receives the file of one channel (file_sender.hpp has the protocol) into a hidden ".NAME.part", which gets its name
/// when the hash agrees, and is removed otherwise. An existing file is never replaced: the new one becomes "NAME (1)".
class FileReceiver {
 public:
  /// `done` is called once: when the sender has closed the channel, or on failure. It may destroy this.
  FileReceiver(std::filesystem::path folder, std::shared_ptr<parley::DataChannel> channel,
               std::function<void(TransferResult)> done);
  ~FileReceiver();

  void fail(const std::string& reason);

 private:
  void onText(const std::string& line);
  void onBytes(std::span<const std::uint8_t> bytes);
  void begin(const std::string& name, std::uint64_t size);
  void end(const std::string& sha256);
  void closed();
  void finish(TransferResult result);

  std::filesystem::path folder_;
  std::shared_ptr<parley::DataChannel> channel_;
  std::string name_;
  std::uint64_t size_ = 0, received_ = 0;
  std::filesystem::path part_;
  std::ofstream file_;
  Sha256 hash_;
  std::unique_ptr<ProgressBar> progress_;  ///< There from the header on.
  TransferResult result_;                  ///< Good once the file is in its place.
  std::function<void(TransferResult)> done_;
};

/// A name from elsewhere, made safe: no folders, no control characters, not hidden, not empty, not too long.
std::string safeFileName(const std::string& name);

#include "file_sender.hpp"

#include "common/json.hpp"

#include <parley/error.hpp>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <utility>

using nlohmann::json;

namespace {

/// As in the protocol of most web applications; every stack takes messages of this size.
constexpr std::size_t chunkSize = 65'536;
/// Two marks for what waits in the channel: 4 MiB keep a path of 335 Mbit/s with 100 ms busy, and a quarter of it is left
/// when the next part of the file is read.
constexpr std::size_t highMark = 4u << 20, lowMark = 1u << 20;

}  // namespace

FileSender::FileSender(const std::filesystem::path& path, parley::PeerConnection& connection, std::size_t maxMessageSize,
                       std::function<void(TransferResult)> done)
    : name_(path.filename().string()), file_(path, std::ios::binary), chunk_(std::min(chunkSize, maxMessageSize)), done_(std::move(done)) {
  std::error_code error;
  size_ = std::filesystem::file_size(path, error);
  if (error || !file_) throw std::runtime_error("cannot read " + path.string());
  channel_ = connection.createDataChannel(fileChannelLabel);
  channel_->bufferedAmountLowThreshold(lowMark);
  channel_->onOpen([this] { start(); });
  channel_->onBufferedAmountLow([this] { pump(); });
  channel_->onMessage([this](const parley::Message& message) { acknowledged(message); });
  channel_->onClose([this] { fail("the other side closed the channel before it had the whole file"); });
}

FileSender::~FileSender() {
  channel_->onOpen({});
  channel_->onBufferedAmountLow({});
  channel_->onMessage({});
  channel_->onClose({});
  channel_->close();
}

void FileSender::start() {
  progress_ = std::make_unique<ProgressBar>("sending " + name_, size_);
  channel_->send(toLine({{"type", "file"}, {"name", name_}, {"size", size_}}));
  pump();
}

void FileSender::pump() {
  if (!progress_ || !sha256_.empty()) return;
  try {
    while (sent_ < size_ && channel_->bufferedAmount() < highMark) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), size_ - sent_));
      file_.read(reinterpret_cast<char*>(chunk_.data()), static_cast<std::streamsize>(wanted));
      if (file_.gcount() != static_cast<std::streamsize>(wanted)) return fail("the file could not be read to its end");
      const std::span<const std::uint8_t> bytes(chunk_.data(), wanted);
      hash_.add(bytes);
      channel_->send(bytes);
      sent_ += wanted;
    }
    progress_->update(sent_ - std::min<std::uint64_t>(sent_, channel_->bufferedAmount()));
    if (sent_ < size_) return;
    sha256_ = hash_.finish();
    channel_->send(toLine({{"type", "end"}, {"sha256", sha256_}}));
  } catch (const parley::Error& error) {
    fail(error.what());
  }
}

void FileSender::acknowledged(const parley::Message& message) {
  const auto* line = std::get_if<std::string>(&message);
  const json ack = line ? parseJson(*line) : json();
  if (!ack.is_object() || text(ack, "type") != "ack") return;
  if (const auto error = text(ack, "error"); !error.empty()) return fail("the other side says: " + error);
  if (sha256_.empty() || text(ack, "sha256") != sha256_) return fail("the other side has a file with another SHA-256");
  progress_->finish(size_);
  char speed[64];
  std::snprintf(speed, sizeof speed, "%.1f Mbit/s", progress_->megabitsPerSecond(size_));
  finish({true, "sent " + name_ + ", " + formatBytes(size_) + ", goodput " + speed + ", SHA-256 " + sha256_ +
                    " confirmed by the other side"});
}

void FileSender::fail(const std::string& reason) { finish({false, "sending " + name_ + " failed: " + reason}); }

void FileSender::finish(TransferResult result) {
  progress_.reset();
  if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

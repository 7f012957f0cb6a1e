#include "file_receiver.hpp"

#include "common/json.hpp"

#include <parley/error.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// `name`, or "name (1).txt" and so on, so that nothing is there yet.
fs::path freePath(const fs::path& folder, const std::string& name, const std::string& prefix = "",
                  const std::string& suffix = "") {
  const fs::path plain(name);
  std::error_code error;
  for (int i = 0;; ++i) {
    const std::string number = i == 0 ? "" : " (" + std::to_string(i) + ")";
    const fs::path path = folder / (prefix + plain.stem().string() + number + plain.extension().string() + suffix);
    if (!fs::exists(fs::symlink_status(path, error))) return path;
  }
}

}  // namespace

std::string safeFileName(const std::string& name) {
  std::string safe = name.substr(name.find_last_of("/\\") + 1);
  for (char& c : safe)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || std::strchr("<>:\"|?*", c)) c = '_';
  safe.erase(0, safe.find_first_not_of(". "));
  // File systems take 255 bytes; ".part" and a number need some. A cut must not split a UTF-8 character.
  constexpr std::size_t limit = 200;
  if (safe.size() > limit) {
    const auto extension = fs::path(safe).extension().string();
    std::size_t cut = limit - (extension.size() < 20 ? extension.size() : 0);
    while (cut > 0 && (static_cast<unsigned char>(safe[cut]) & 0xc0) == 0x80) --cut;
    safe = safe.substr(0, cut) + (extension.size() < 20 ? extension : "");
  }
  return safe.empty() ? "file" : safe;
}

FileReceiver::FileReceiver(fs::path folder, std::shared_ptr<parley::DataChannel> channel,
                           std::function<void(TransferResult)> done)
    : folder_(std::move(folder)), channel_(std::move(channel)), done_(std::move(done)) {
  channel_->onMessage([this](const parley::Message& message) {
    if (!done_ || result_.ok) return;
    if (const auto* line = std::get_if<std::string>(&message))
      onText(*line);
    else
      onBytes(std::get<std::vector<std::uint8_t>>(message));
  });
  channel_->onClose([this] { closed(); });
}

FileReceiver::~FileReceiver() {
  channel_->onMessage({});
  channel_->onClose({});
  file_.close();
  std::error_code ignored;
  if (!part_.empty()) fs::remove(part_, ignored);
}

void FileReceiver::onText(const std::string& line) {
  const json message = parseJson(line);
  const std::string type = message.is_object() ? text(message, "type") : "";
  if (type == "file" && !progress_ && message.contains("size") && message["size"].is_number_unsigned())
    begin(text(message, "name"), message["size"].get<std::uint64_t>());
  else if (type == "end" && progress_)
    end(text(message, "sha256"));
  else
    fail("the other side does not keep to the protocol of files");
}

void FileReceiver::begin(const std::string& name, std::uint64_t size) {
  name_ = safeFileName(name);
  size_ = size;
  progress_ = std::make_unique<ProgressBar>("receiving " + name_, size_);
  std::error_code error;
  const auto space = fs::space(folder_, error);
  if (!error && space.available < size_)
    return fail("no room for " + formatBytes(size_) + " in " + folder_.string());
  part_ = freePath(folder_, name_, ".", ".part");
  file_.open(part_, std::ios::binary | std::ios::trunc);
  if (!file_) return fail("cannot write " + part_.string() + ": " + std::strerror(errno));
}

void FileReceiver::onBytes(std::span<const std::uint8_t> bytes) {
  if (!progress_ || bytes.size() > size_ - received_) return fail("the other side sends more than it announced");
  file_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file_) return fail("cannot write " + part_.string() + ": " + std::strerror(errno));
  hash_.add(bytes);
  received_ += bytes.size();
  progress_->update(received_);
}

void FileReceiver::end(const std::string& sha256) {
  const double speed = progress_->megabitsPerSecond(received_);
  progress_->finish(received_);
  if (received_ != size_) return fail("bytes are missing");
  const std::string ours = hash_.finish();
  if (ours != sha256) return fail("the SHA-256 does not agree");
  file_.close();
  if (!file_) return fail("cannot write " + part_.string() + ": " + std::strerror(errno));
  const fs::path path = freePath(folder_, name_);
  std::error_code error;
  fs::rename(part_, path, error);
  if (error) return fail("cannot make " + path.string() + ": " + error.message());
  part_.clear();

  char goodput[64];
  std::snprintf(goodput, sizeof goodput, "%.1f Mbit/s", speed);
  result_ = {true, "received " + path.string() + ", " + formatBytes(size_) + ", goodput " + goodput + ", SHA-256 " + ours +
                       " agrees"};
  try {
    // The sender closes the channel when it has this; only then may the connection go.
    channel_->send(toLine({{"type", "ack"}, {"sha256", ours}}));
  } catch (const parley::Error&) {
    closed();
  }
}

void FileReceiver::closed() {
  if (result_.ok) return finish(result_);
  fail(progress_ ? "the other side went away in the middle of it" : "the other side closed the channel");
}

void FileReceiver::fail(const std::string& reason) {
  if (result_.ok) return finish(result_);  // The file is here and whole; that the goodbye was lost changes nothing.
  try {
    channel_->send(toLine({{"type", "ack"}, {"error", reason}}));
  } catch (const parley::Error&) {  // closed: nobody listens any more
  }
  finish({false, "receiving " + (name_.empty() ? "a file" : name_) + " failed: " + reason});
}

void FileReceiver::finish(TransferResult result) {
  progress_.reset();
  if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

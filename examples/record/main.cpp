// parley-record FILE: stores what the browser that opens the page sends, as it comes: nothing is decoded or encoded
// here.
#include "common/event_loop.hpp"
#include "common/page.hpp"
#include "common/page_call.hpp"
#include "media/media_writer.hpp"

#include <CLI/CLI.hpp>
#include <parley/log.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace parley;

namespace {

struct Options {
  std::string file;
  std::string video = "video/VP8";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8767;
  bool verbose = false;
};

/// When the frames of a track were made, counted from the first frame of all: RTP's clock begins anywhere and goes
/// round.
class Clock {
 public:
  explicit Clock(std::uint32_t rate) : rate_(rate) {}

  /// `start` is when the recording began by our clock; the first frame is placed by its arrival.
  Duration of(const EncodedFrame& frame, Time start) {
    if (!last_) {
      first_ = frame.receiveTime.value_or(start) - start;
    } else {
      units_ += static_cast<std::int32_t>(frame.rtpTimestamp - *last_);
    }
    last_ = frame.rtpTimestamp;
    return first_ +
           std::chrono::duration_cast<Duration>(std::chrono::duration<double>(static_cast<double>(units_) / rate_));
  }

 private:
  std::uint32_t rate_;
  std::optional<std::uint32_t> last_;
  std::int64_t units_ = 0;
  Duration first_{};
};

class Caller final : public PageCall {
 public:
  Caller(EventLoop& loop, std::shared_ptr<Runtime> runtime, Configuration configuration, const Options& options)
      : PageCall(loop, std::move(runtime), std::move(configuration)), options_(options) {}

 private:
  struct Track {
    std::size_t index;
    Clock clock;
    std::shared_ptr<MediaStreamTrack> track;
  };

  void begin() override {
    // One of each kind; the page offers, and we take the codec that the file shall have.
    for (const auto& [kind, mimeType] :
         {std::pair{MediaKind::Audio, std::string("audio/opus")}, std::pair{MediaKind::Video, options_.video}}) {
      tracks_.push_back({tracks_.size(), Clock(kind == MediaKind::Audio ? 48'000 : 90'000), nullptr});
      wanted_.push_back({kind, mimeType});
    }
    writer_.emplace(options_.file, wanted_);
    connection().onTrack([this](const TrackEvent& event) {
      const std::size_t index = event.track->kind() == MediaKind::Audio ? 0 : 1;
      auto& track = tracks_[index];
      if (track.track) return;  // a second camera is not recorded
      track.track = event.track;
      std::vector<RtpCodec> codecs;
      for (const auto& codec : RtpReceiver::getCapabilities(event.track->kind()).codecs)
        if (codec.mimeType == wanted_[index].mimeType || codec.mimeType.ends_with("/rtx")) codecs.push_back(codec);
      event.transceiver->setCodecPreferences(codecs);
      event.track->onFrame([this, &track](const EncodedFrame& frame) { record(track, frame); });
    });
    say({{"record", options_.video}});
    std::cout << "Somebody has come." << std::endl;
  }

  void record(Track& track, const EncodedFrame& frame) {
    try {
      if (frame.mimeType != wanted_[track.index].mimeType) return;
      if (!start_) start_ = frame.receiveTime.value_or(Time{});
      writer_->write(track.index, track.clock.of(frame, *start_), frame);
    } catch (const std::exception& error) {
      failed(error.what());
    }
  }

  void other(const nlohmann::json& message) override {
    if (message.contains("stop")) hangUp();
  }

  void end() override {
    try {
      writer_->finish();
      std::cout << options_.file << ": " << writer_->framesWritten(1) << " frames of video, "
                << writer_->framesWritten(0) << " of audio" << std::endl;
      loop().exit(0);
    } catch (const std::exception& error) {
      failed(error.what());
    }
  }

  void failed(const std::string& what) { loop().fail(what); }

  const Options& options_;
  std::vector<MediaWriter::Track> wanted_;
  std::optional<MediaWriter> writer_;
  std::vector<Track> tracks_;
  std::optional<Time> start_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Records what the first browser that opens the page sends, until it stops or goes.");
  app.add_option("FILE", options.file, "Where to: .webm (VP8, VP9, AV1), .mp4 (H264, AV1), .mkv (all)")->required();
  app.add_option("--codec", options.video, "video/VP8, video/VP9, video/H264 or video/AV1");
  app.add_option("--bind", options.address, "Serve the page at this address");
  app.add_option("--port", options.port, "Serve the page at this port; 0: any");
  app.add_flag("-v,--verbose", options.verbose, "Log what the library does");
  CLI11_PARSE(app, argc, argv);
  if (options.verbose) setLogHandler(LogLevel::Debug);
  EventLoop& loop = EventLoop::instance();
  loop.setProgram("record");
  try {
    const auto runtime = Runtime::create();
    Configuration configuration;
    configuration.extensions.includeLoopback = true;
    bool taken = false;
    const PageServer server(loop, options.address, options.port, page, [&]() -> std::shared_ptr<PageCall> {
      if (std::exchange(taken, true)) return nullptr;
      return std::make_shared<Caller>(loop, runtime, configuration, options);
    });
    return loop.run();
  } catch (const std::exception& error) {
    std::cerr << "record: " << error.what() << std::endl;
  }
  return 1;
}

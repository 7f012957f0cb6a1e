// parley-play FILE: whoever opens the page sees and hears the file, from its beginning, as it is: nothing is decoded or
// encoded here.
#include "common/event_loop.hpp"
#include "common/page.hpp"
#include "common/page_call.hpp"
#include "media/media_reader.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/steady_timer.hpp>
#include <parley/log.hpp>

#include <algorithm>
#include <chrono>
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
  std::string address = "127.0.0.1";
  std::uint16_t port = 8766;
  bool loop = false;
  bool verbose = false;
};

/// One viewer: a reader of its own, so that everybody sees the file from the beginning.
class Viewer final : public PageCall {
 public:
  Viewer(EventLoop& loop, std::shared_ptr<Runtime> runtime, Configuration configuration, const Options& options)
      : PageCall(loop, std::move(runtime), std::move(configuration)),
        options_(options),
        reader_(options.file),
        timer_(loop.io()) {}

 private:
  void begin() override {
    const auto stream = MediaStream::create();
    for (const auto& track : reader_.tracks()) {
      tracks_.push_back(EncodedTrack::create(track.kind, options_.file));
      stream->addTrack(tracks_.back());
      const auto transceiver =
          connection().addTransceiver(tracks_.back(), {RtpTransceiverDirection::SendOnly, {stream}, {}});
      preferCodec(*transceiver, track);
    }
    connection().onConnectionStateChange([this] {
      const auto state = connection().connectionState();
      if (state == PeerConnectionState::Connected && !started_) {
        started_ = true;
        start_ = std::chrono::steady_clock::now();
        next();
      } else if (state == PeerConnectionState::Failed) {
        hangUp();
      }
    });
    negotiation().offer();
    std::cout << "Somebody watches." << std::endl;
  }

  /// Offers the file's codec alone (in all its profiles), and what repairs its losses.
  static void preferCodec(RtpTransceiver& transceiver, const MediaReader::Track& track) {
    std::vector<RtpCodec> codecs;
    for (const auto& codec : RtpSender::getCapabilities(track.kind).codecs) {
      const auto name = codec.mimeType.substr(codec.mimeType.find('/') + 1);
      if (codec.mimeType == track.mimeType || name == "rtx") codecs.push_back(codec);
    }
    transceiver.setCodecPreferences(std::move(codecs));
  }

  /// Sends what is due, and waits for what comes after it.
  void next() {
    for (;;) {
      if (!frame_) {
        frame_ = reader_.next();
        if (!frame_ && options_.loop) {
          reader_.rewind();
          offset_ = last_ + std::chrono::milliseconds(40);
          frame_ = reader_.next();
        }
        if (!frame_) {
          say({{"ended", true}});
          return;
        }
        frame_->time += offset_;
      }
      const auto due = start_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(frame_->time);
      if (due > std::chrono::steady_clock::now()) {
        timer_.expires_at(due);
        timer_.async_wait([this](const boost::system::error_code& error) {
          if (!error) next();
        });
        return;
      }
      last_ = std::max(last_, frame_->time);
      const auto rate = reader_.tracks()[frame_->track].clockRate;
      frame_->frame.rtpTimestamp = static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(frame_->time).count() * rate / 1'000'000);
      tracks_[frame_->track]->write(std::move(frame_->frame));
      frame_.reset();
    }
  }

  void end() override {
    timer_.cancel();
    std::cout << "Somebody has gone." << std::endl;
  }

  const Options& options_;
  MediaReader reader_;
  std::vector<std::shared_ptr<EncodedTrack>> tracks_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point start_{};
  std::optional<MediaReader::Frame> frame_;
  Duration offset_{}, last_{};
  bool started_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Sends a file of encoded media (WebM, MP4, IVF, Ogg, raw H.264) to everybody who opens the page.");
  app.add_option("FILE", options.file, "What to play")->required();
  app.add_option("--bind", options.address, "Serve the page at this address");
  app.add_option("--port", options.port, "Serve the page at this port; 0: any");
  app.add_flag("--loop", options.loop, "Begin again at the end");
  app.add_flag("-v,--verbose", options.verbose, "Log what the library does");
  CLI11_PARSE(app, argc, argv);
  if (options.verbose) setLogHandler(LogLevel::Debug);
  EventLoop& loop = EventLoop::instance();
  loop.setProgram("play");
  try {
    const MediaReader probe(options.file);  // says at once what is wrong with the file
    for (const auto& track : probe.tracks()) std::cout << track.mimeType << std::endl;
    const auto runtime = Runtime::create();
    Configuration configuration;
    configuration.extensions.includeLoopback = true;
    const PageServer server(loop, options.address, options.port, page,
                            [&] { return std::make_shared<Viewer>(loop, runtime, configuration, options); });
    return loop.run();
  } catch (const std::exception& error) {
    std::cerr << "play: " << error.what() << std::endl;
  }
  return 1;
}

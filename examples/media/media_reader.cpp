#include "media_reader.hpp"

#include "codec_names.hpp"

extern "C" {
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
}

#include <chrono>
#include <span>
#include <stdexcept>
#include <utility>

using namespace parley;

namespace {

constexpr AVRational nanoseconds{1, 1'000'000'000};

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + describeError(error));
}

}  // namespace

/// One of the file's streams, behind its filter.
struct MediaReader::Source {
  struct End {
    void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
  };
  std::size_t track = 0;
  const CodecName* codec = nullptr;
  AVStream* stream = nullptr;
  std::unique_ptr<AVBSFContext, End> filter;
  Duration frameDuration{};  ///< For files that have no times, such as raw H.264.
  std::optional<Duration> last;
};

struct MediaReader::File {
  struct EndInput {
    void operator()(AVFormatContext* input) const { avformat_close_input(&input); }
  };
  struct EndPacket {
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  };
  std::string path;
  std::unique_ptr<AVFormatContext, EndInput> input;
  std::unique_ptr<AVPacket, EndPacket> packet{av_packet_alloc()};
  std::vector<Source> sources;
  Source* ready = nullptr;  ///< Its filter may have another frame.
  std::size_t ending = 0;   ///< At the end: how many filters were flushed.
  bool ended = false;
};

MediaReader::MediaReader(const std::string& path) : file_(std::make_unique<File>()) {
  av_log_set_level(AV_LOG_QUIET);
  file_->path = path;
  AVFormatContext* input = nullptr;
  if (const int error = avformat_open_input(&input, path.c_str(), nullptr, nullptr); error < 0) fail(path, error);
  file_->input.reset(input);
  if (const int error = avformat_find_stream_info(input, nullptr); error < 0) fail(path, error);
  std::string refused;
  for (const auto type : {AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO}) {
    const int index = av_find_best_stream(input, type, -1, -1, nullptr, 0);
    if (index < 0) continue;
    AVStream* stream = input->streams[index];
    const CodecName* codec = codecOfFile(stream->codecpar->codec_id);
    if (!codec) {
      refused += std::string(refused.empty() ? "" : ", ") + avcodec_get_name(stream->codecpar->codec_id);
      continue;
    }
    Source source;
    source.track = tracks_.size();
    source.codec = codec;
    source.stream = stream;
    AVBSFContext* filter = nullptr;
    int error = *codec->fromFile ? av_bsf_list_parse_str(codec->fromFile, &filter) : av_bsf_get_null_filter(&filter);
    if (error >= 0) {
      source.filter.reset(filter);
      avcodec_parameters_copy(filter->par_in, stream->codecpar);
      filter->time_base_in = stream->time_base;
      error = av_bsf_init(filter);
    }
    if (error < 0) fail(path, error);
    const AVRational rate = av_guess_frame_rate(input, stream, nullptr);
    if (rate.num > 0) source.frameDuration = Duration(av_rescale_q(1, av_inv_q(rate), nanoseconds));
    file_->sources.push_back(std::move(source));
    tracks_.push_back({type == AVMEDIA_TYPE_AUDIO ? MediaKind::Audio : MediaKind::Video, std::string(codec->mimeType),
                       codec->clockRate, static_cast<std::uint16_t>(stream->codecpar->width),
                       static_cast<std::uint16_t>(stream->codecpar->height)});
  }
  if (tracks_.empty())
    throw std::runtime_error(path + ": nothing in it can be sent" +
                             (refused.empty() ? "" : " (it has " + refused + ")"));
}

MediaReader::~MediaReader() = default;

std::optional<MediaReader::Frame> MediaReader::take(Source& source) {
  AVPacket& packet = *file_->packet;
  const int error = av_bsf_receive_packet(source.filter.get(), &packet);
  if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return std::nullopt;
  if (error < 0) fail(file_->path, error);

  Frame result;
  result.track = source.track;
  const auto base = source.filter->time_base_out;
  const auto stamp = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  const auto start = source.stream->start_time != AV_NOPTS_VALUE ? source.stream->start_time : 0;
  if (stamp != AV_NOPTS_VALUE)
    result.time =
        Duration(av_rescale_q(stamp, base, nanoseconds) - av_rescale_q(start, source.stream->time_base, nanoseconds));
  else
    result.time = source.last ? *source.last + source.frameDuration : Duration(0);
  source.last = result.time;

  auto& frame = result.frame;
  frame.kind = tracks_[source.track].kind;
  frame.mimeType = tracks_[source.track].mimeType;
  frame.data = FrameData(std::span<const std::uint8_t>(packet.data, static_cast<std::size_t>(packet.size)));
  frame.type = frame.kind == MediaKind::Audio || (packet.flags & AV_PKT_FLAG_KEY) ? EncodedFrameType::Key
                                                                                  : EncodedFrameType::Delta;
  frame.rtpTimestamp =
      static_cast<std::uint32_t>(av_rescale(result.time.count(), source.codec->clockRate, nanoseconds.den));
  if (packet.duration > 0) frame.duration = Duration(av_rescale_q(packet.duration, base, nanoseconds));
  frame.width = tracks_[source.track].width;
  frame.height = tracks_[source.track].height;
  av_packet_unref(&packet);
  return result;
}

std::optional<MediaReader::Frame> MediaReader::next() {
  for (;;) {
    if (file_->ready)
      if (auto frame = take(*file_->ready)) return frame;
    file_->ready = nullptr;
    if (file_->ended) {
      if (file_->ending == file_->sources.size()) return std::nullopt;
      file_->ready = &file_->sources[file_->ending++];
      av_bsf_send_packet(file_->ready->filter.get(), nullptr);
      continue;
    }
    const int error = av_read_frame(file_->input.get(), file_->packet.get());
    if (error == AVERROR_EOF) {
      file_->ended = true;
      continue;
    }
    if (error < 0) fail(file_->path, error);
    for (auto& source : file_->sources)
      if (source.stream->index == file_->packet->stream_index) file_->ready = &source;
    if (!file_->ready) {
      av_packet_unref(file_->packet.get());
    } else if (const int refused = av_bsf_send_packet(file_->ready->filter.get(), file_->packet.get()); refused < 0) {
      fail(file_->path, refused);
    }
  }
}

// Seeking finds key frames of video, and would leave out sound that begins before the first.
void MediaReader::rewind() { file_ = std::move(MediaReader(file_->path).file_); }

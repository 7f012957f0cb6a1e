#include "media_writer.hpp"

#include "codec_names.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace parley;

namespace {

constexpr AVRational nanoseconds{1, 1'000'000'000};
/// About ten seconds of audio and video that wait for the other track's first frame. Whoever has not come by then is
/// left out of the file.
constexpr std::size_t maxWaiting = 1'000;

/// RFC 7845 s.5.1: 48 kHz stereo without delay, which is what WebRTC's Opus can always be decoded as.
constexpr std::array<std::uint8_t, 19> opusHead = {'O', 'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 2,
                                                   0,   0,   0x80, 0xBB, 0,   0,   0,   0,   0};

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + describeError(error));
}

struct PacketEnd {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using PacketPointer = std::unique_ptr<AVPacket, PacketEnd>;

PacketPointer packetOf(const EncodedFrame& frame) {
  PacketPointer packet(av_packet_alloc());
  if (const int error = av_new_packet(packet.get(), static_cast<int>(frame.data.size())); error < 0)
    fail("out of memory", error);
  std::copy_n(frame.data.data(), frame.data.size(), packet->data);
  if (frame.type == EncodedFrameType::Key) packet->flags |= AV_PKT_FLAG_KEY;
  return packet;
}

void setExtradata(AVCodecParameters& parameters, std::span<const std::uint8_t> bytes) {
  parameters.extradata = static_cast<std::uint8_t*>(av_mallocz(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  std::copy(bytes.begin(), bytes.end(), parameters.extradata);
  parameters.extradata_size = static_cast<int>(bytes.size());
}

/// The parameter sets or the sequence header of a key frame, which MP4 and Matroska want in front.
void extractExtradata(AVCodecParameters& parameters, const EncodedFrame& frame) {
  const auto* description = av_bsf_get_by_name("extract_extradata");
  AVBSFContext* filter = nullptr;
  if (!description || av_bsf_alloc(description, &filter) < 0) return;
  avcodec_parameters_copy(filter->par_in, &parameters);
  filter->time_base_in = nanoseconds;
  if (av_bsf_init(filter) >= 0 && av_bsf_send_packet(filter, packetOf(frame).get()) >= 0) {
    PacketPointer out(av_packet_alloc());
    if (av_bsf_receive_packet(filter, out.get()) >= 0) {
      std::size_t size = 0;
      if (const auto* data = av_packet_get_side_data(out.get(), AV_PKT_DATA_NEW_EXTRADATA, &size))
        setExtradata(parameters, {data, size});
    }
  }
  av_bsf_free(&filter);
}

}  // namespace

struct MediaWriter::File {
  struct Stream {
    const CodecName* codec = nullptr;
    MediaKind kind = MediaKind::Video;
    AVStream* stream = nullptr;  ///< None before its first frame, or if it came too late.
    std::int64_t last = INT64_MIN;
    std::uint64_t frames = 0;
  };
  struct Waiting {
    std::size_t track;
    Duration time;
    PacketPointer packet;
  };
  struct EndOutput {
    void operator()(AVFormatContext* output) const {
      if (output->pb) avio_closep(&output->pb);
      avformat_free_context(output);
    }
  };

  std::string path;
  std::unique_ptr<AVFormatContext, EndOutput> output;
  std::vector<Stream> streams;
  std::deque<Waiting> waiting;
  bool begun = false, finished = false;

  void add(Stream& stream, const EncodedFrame& frame);
  void begin();
  void put(Stream& stream, Duration time, AVPacket& packet);
};

MediaWriter::MediaWriter(const std::string& path, std::vector<Track> tracks) : file_(std::make_unique<File>()) {
  av_log_set_level(AV_LOG_QUIET);
  file_->path = path;
  AVFormatContext* output = nullptr;
  if (const int error = avformat_alloc_output_context2(&output, nullptr, nullptr, path.c_str()); error < 0)
    throw std::runtime_error(path +
                             ": the ending of the name must say the format (.webm, .mp4, .mkv, .ivf, .h264, .ogg)");
  file_->output.reset(output);
  for (const auto& track : tracks) {
    const auto* codec = codecOfMimeType(track.mimeType);
    if (!codec ||
        avformat_query_codec(output->oformat, static_cast<AVCodecID>(codec->ffmpegId), FF_COMPLIANCE_EXPERIMENTAL) == 0)
      throw std::runtime_error(path + ": such a file has no place for " + track.mimeType);
    file_->streams.push_back({codec, track.kind});
  }
  if (const int error = avio_open(&output->pb, path.c_str(), AVIO_FLAG_WRITE); error < 0) fail(path, error);
}

MediaWriter::~MediaWriter() {
  try {
    finish();
  } catch (const std::exception&) {
  }
}

void MediaWriter::File::add(Stream& stream, const EncodedFrame& frame) {
  stream.stream = avformat_new_stream(output.get(), nullptr);
  if (!stream.stream) throw std::bad_alloc();
  stream.stream->time_base = {1, static_cast<int>(stream.codec->clockRate)};
  auto& parameters = *stream.stream->codecpar;
  parameters.codec_id = static_cast<AVCodecID>(stream.codec->ffmpegId);
  if (stream.kind == MediaKind::Video) {
    parameters.codec_type = AVMEDIA_TYPE_VIDEO;
    parameters.width = frame.width;
    parameters.height = frame.height;
    extractExtradata(parameters, frame);
  } else {
    parameters.codec_type = AVMEDIA_TYPE_AUDIO;
    const bool opus = parameters.codec_id == AV_CODEC_ID_OPUS;
    // G.722 samples at 16 kHz, whatever its RTP clock says (RFC 3551 s.4.5.2).
    parameters.sample_rate =
        parameters.codec_id == AV_CODEC_ID_ADPCM_G722 ? 16'000 : static_cast<int>(stream.codec->clockRate);
    av_channel_layout_default(&parameters.ch_layout, opus ? 2 : 1);
    if (opus) setExtradata(parameters, opusHead);
  }
}

void MediaWriter::File::begin() {
  begun = true;
  if (const int error = avformat_write_header(output.get(), nullptr); error < 0) fail(path, error);
  for (auto& frame : std::exchange(waiting, {}))
    if (streams[frame.track].stream) put(streams[frame.track], frame.time, *frame.packet);
}

void MediaWriter::File::put(Stream& stream, Duration time, AVPacket& packet) {
  packet.stream_index = stream.stream->index;
  auto stamp = av_rescale_q(time.count(), nanoseconds, stream.stream->time_base);
  stamp = std::max(stamp, stream.last + 1);  // containers want them to rise
  // Until the next frame has come, a frame lasts as long as the one before; without that MP4 would not show the last
  // one.
  if (packet.duration == 0 && stream.frames > 0) packet.duration = stamp - stream.last;
  stream.last = stamp;
  packet.pts = packet.dts = stamp;
  if (const int error = av_interleaved_write_frame(output.get(), &packet); error < 0) fail(path, error);
  ++stream.frames;
}

void MediaWriter::write(std::size_t track, Duration time, const EncodedFrame& frame) {
  auto& file = *file_;
  auto& stream = file.streams.at(track);
  if (!stream.stream) {
    if (file.begun || frame.type != EncodedFrameType::Key) return;
    if (stream.kind == MediaKind::Video && (frame.width == 0 || frame.height == 0)) return;
    file.add(stream, frame);
  }
  auto packet = packetOf(frame);
  if (file.begun) return file.put(stream, time, *packet);
  file.waiting.push_back({track, time, std::move(packet)});
  const bool allThere =
      std::all_of(file.streams.begin(), file.streams.end(), [](const auto& s) { return s.stream != nullptr; });
  if (allThere || file.waiting.size() >= maxWaiting) file.begin();
}

void MediaWriter::finish() {
  if (std::exchange(file_->finished, true)) return;
  if (!file_->begun) {
    if (file_->waiting.empty()) throw std::runtime_error(file_->path + ": nothing was recorded");
    file_->begin();
  }
  if (const int error = av_write_trailer(file_->output.get()); error < 0) fail(file_->path, error);
  if (const int error = avio_closep(&file_->output->pb); error < 0) fail(file_->path, error);
}

std::uint64_t MediaWriter::framesWritten(std::size_t track) const { return file_->streams.at(track).frames; }

#pragma once

#include <parley/encoded_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Reads encoded frames out of a file: WebM, MP4, IVF, Ogg, raw H.264 and whatever else FFmpeg opens, as long as RTP
/// has a payload format for what is inside. Nothing is decoded.
class MediaReader {
 public:
  struct Track {
    parley::MediaKind kind = parley::MediaKind::Video;
    std::string mimeType;
    std::uint32_t clockRate = 90'000;
    std::uint16_t width = 0, height = 0;
  };
  struct Frame {
    std::size_t track = 0;
    parley::Duration time{};  ///< Since the file's beginning.
    parley::EncodedFrame frame;
  };

  /// At most one track of each kind, the one that FFmpeg thinks best. Throws std::runtime_error if the file cannot be
  /// opened, or nothing in it can be sent.
  explicit MediaReader(const std::string& path);
  ~MediaReader();
  MediaReader(const MediaReader&) = delete;
  MediaReader& operator=(const MediaReader&) = delete;

  const std::vector<Track>& tracks() const { return tracks_; }
  /// The next frame in the order of the file, nothing at its end. Throws std::runtime_error if the file is damaged.
  std::optional<Frame> next();
  /// Begins again.
  void rewind();

 private:
  struct Source;
  std::optional<Frame> take(Source& source);

  struct File;
  std::unique_ptr<File> file_;
  std::vector<Track> tracks_;
};

#pragma once

#include <parley/encoded_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// Writes encoded frames into a file, whose format its name says: .webm (VP8, VP9, AV1, Opus), .mp4 (H.264, H.265, AV1,
/// VP9, Opus), .ivf, .h264, .ogg, .mkv (anything). Nothing is encoded.
///
/// A file must say at its beginning what is in it, and only a key frame tells that of video. So frames wait, a bounded
/// number of them, until there is one of each track.
class MediaWriter {
 public:
  struct Track {
    parley::MediaKind kind = parley::MediaKind::Video;
    std::string mimeType;
  };

  /// Throws std::runtime_error if the file cannot be made or its format has no place for such tracks.
  MediaWriter(const std::string& path, std::vector<Track> tracks);
  /// Ends the file, as `finish` does, but tells nobody if that fails.
  ~MediaWriter();
  MediaWriter(const MediaWriter&) = delete;
  MediaWriter& operator=(const MediaWriter&) = delete;

  /// `time` counts from the beginning of the recording. Frames of video before the first key frame are left out. Throws
  /// std::runtime_error if the file cannot be written.
  void write(std::size_t track, parley::Duration time, const parley::EncodedFrame& frame);
  /// Ends the file. A track that nothing came for is left out. Throws std::runtime_error if it cannot be written, or
  /// nothing was.
  void finish();

  std::uint64_t framesWritten(std::size_t track) const;

 private:
  struct File;
  std::unique_ptr<File> file_;
};

// Copies a file, frame by frame.
#include "media/media_reader.hpp"
#include "media/media_writer.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    MediaReader reader(argv[1]);
    std::vector<MediaWriter::Track> tracks;
    for (const auto& track : reader.tracks()) tracks.push_back({track.kind, track.mimeType});
    // Twice, so that rewinding is tried as well: what is counted is the second time.
    while (reader.next()) continue;
    reader.rewind();
    MediaWriter writer(argv[2], tracks);
    while (auto frame = reader.next()) writer.write(frame->track, frame->time, frame->frame);
    writer.finish();
    for (std::size_t i = 0; i < tracks.size(); ++i)
      std::cout << tracks[i].mimeType << " " << writer.framesWritten(i) << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}

#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/extension/timing.hpp"
#include "rtp/extension/transport.hpp"
#include "rtp/extension/video.hpp"
#include "rtp/extension/video_layers_allocation.hpp"
#include "support/check.hpp"

#include <cstdint>
#include <vector>

namespace {

using namespace parley;
using namespace parley::rtp::extension;

/// What parses is written, and what is written parses and is written alike.
template <Extension E>
void check(base::Bytes input) {
  auto value = E::parse(input);
  if (!value) return;
  std::vector<std::uint8_t> bytes(value->size());
  value->write(bytes);
  auto again = E::parse(bytes);
  FUZZ_CHECK(again.has_value());
  std::vector<std::uint8_t> twice(again->size());
  again->write(twice);
  FUZZ_CHECK(bytes == twice);
}

void checkDescriptor(DependencyDescriptorReader& reader, base::Bytes input) {
  auto descriptor = reader.read(input);
  if (!descriptor) return;
  std::vector<std::uint8_t> bytes(dependencyDescriptorSize(*descriptor));
  writeDependencyDescriptor(*descriptor, bytes);
  // The structure, if it was brought, is there again; the reader does not change for it.
  DependencyDescriptorReader copy = reader;
  auto again = copy.read(bytes);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->dependencies == descriptor->dependencies && *again->structure == *descriptor->structure);
  FUZZ_CHECK(again->frameNumber == descriptor->frameNumber && again->activeTargets == descriptor->activeTargets);
  FUZZ_CHECK(again->resolution == descriptor->resolution);
  FUZZ_CHECK(chooseTemplate(*descriptor->structure, descriptor->dependencies).has_value());
}

}  // namespace

// Each header extension. The first octet says where the input of the stateful one, the dependency descriptor, is cut in two:
// the second is read with the structure of the first.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  base::Bytes input(data + 1, size - 1);
  check<Mid>(input);
  check<Rid>(input);
  check<RepairedRid>(input);
  check<AudioLevel>(input);
  check<MixerAudioLevels>(input);
  check<TransportSequenceNumber>(input);
  check<AbsSendTime>(input);
  check<TransmissionTimeOffset>(input);
  check<AbsCaptureTime>(input);
  check<PlayoutDelay>(input);
  check<VideoOrientation>(input);
  check<VideoContentType>(input);
  check<VideoLayersAllocation>(input);
  check<DependencyDescriptorBytes>(input);
  std::size_t cut = data[0] < input.size() ? data[0] : input.size();
  DependencyDescriptorReader reader;
  checkDescriptor(reader, input.first(cut));
  checkDescriptor(reader, input.subspan(cut));
  return 0;
}

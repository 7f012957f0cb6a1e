#include "rtp/bits.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "support/catch.hpp"
#include "support/vector_file.hpp"

#include <string>
#include <vector>

using namespace parley;
using namespace parley::rtp::extension;

namespace {

std::string hexOf(const DependencyDescriptor& descriptor) {
  std::vector<std::uint8_t> bytes(dependencyDescriptorSize(descriptor));
  writeDependencyDescriptor(descriptor, bytes);
  return base::toHex(bytes);
}

std::string indications(const DependencyDescriptor& descriptor) {
  std::string text;
  for (std::size_t i = 0; i < descriptor.structure->targets; ++i)
    text += "-DSR"[static_cast<std::size_t>(descriptor.dependencies.indications[i])];
  return text;
}

template <class Values>
std::string join(const Values& values, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + std::to_string(values[i]);
  return text.empty() ? "none" : text;
}

/// Two temporal layers of one spatial layer, as one chain protects them: L1T2.
std::shared_ptr<DependencyStructure> twoTemporalLayers() {
  auto structure = std::make_shared<DependencyStructure>();
  structure->templateIdOffset = 60;
  structure->targets = 2;
  structure->chains = 1;
  using enum DecodeTargetIndication;
  FrameDependencies key, base, upper;
  key.indications = {Switch, Switch};
  base.indications = {Switch, Switch};
  base.differences[base.differenceCount++] = 2;
  base.chainDifferences[0] = 2;
  upper.temporalId = 1;
  upper.indications = {NotPresent, Discardable};
  upper.differences[upper.differenceCount++] = 1;
  upper.chainDifferences[0] = 1;
  structure->templates = {key, base, upper};
  structure->resolutions = {{1280, 720}};
  return structure;
}

}  // namespace

TEST_CASE("numbers below n take one bit less where they can (av1-rtp-spec A.8.2, n = 5)") {
  const char* codes[] = {"00", "01", "10", "110", "111"};
  for (std::uint32_t value = 0; value < 5; ++value) {
    std::vector<std::uint8_t> bytes(1);
    rtp::BitWriter writer(bytes);
    writer.nonSymmetric(5, value);
    std::string written;
    for (std::size_t i = 0; i < writer.bits(); ++i) written += bytes[0] >> (7 - i) & 1 ? '1' : '0';
    CHECK(written == codes[value]);
    CHECK(rtp::BitReader(bytes).nonSymmetric(5) == value);
  }
  CHECK(rtp::BitReader({}).nonSymmetric(1) == 0);
}

TEST_CASE("the descriptors that a browser sent for three spatial layers are read, and written as they came") {
  DependencyDescriptorReader reader;
  std::optional<std::uint32_t> active;
  for (const auto& record : test::readVectorFile(PARLEY_STANDARDS, "rtp/dependency_descriptor.vec")) {
    INFO(record.name);
    auto bytes = base::fromHex(record.values.at("extension"));
    if (record.has("expect_text")) {
      CHECK_FALSE(DependencyDescriptorReader().read(bytes));
      continue;
    }
    auto descriptor = reader.read(bytes);
    REQUIRE(descriptor);
    auto number = [&](const char* key) { return std::stoll(record.values.at(key)); };
    auto text = [&](const char* key) { return record.values.at(key); };
    CHECK(descriptor->startOfFrame == (number("start_of_frame_dec") != 0));
    CHECK(descriptor->endOfFrame == (number("end_of_frame_dec") != 0));
    CHECK(descriptor->templateId == number("template_id_dec"));
    CHECK(descriptor->frameNumber == number("frame_number_dec"));
    if (descriptor->activeTargets) active = descriptor->activeTargets;
    if (record.has("active_mask_dec")) CHECK(active == number("active_mask_dec"));
    const auto& frame = descriptor->dependencies;
    CHECK(frame.spatialId == number("spatial_id_dec"));
    CHECK(frame.temporalId == number("temporal_id_dec"));
    CHECK(indications(*descriptor) == text("dtis_text"));
    CHECK(join(frame.differences, frame.differenceCount) == text("fdiffs_text"));
    CHECK(join(frame.chainDifferences, descriptor->structure->chains) == text("chain_fdiffs_text"));
    REQUIRE(descriptor->resolution);
    CHECK(std::to_string(descriptor->resolution->width) + "x" + std::to_string(descriptor->resolution->height) ==
          text("max_render_text"));
    CHECK(hexOf(*descriptor) == text("extension"));

    auto raw = DependencyDescriptorBytes::parse(bytes);
    REQUIRE(raw);
    CHECK(raw->startOfFrame == descriptor->startOfFrame);
    CHECK(raw->endOfFrame == descriptor->endOfFrame);
    CHECK(raw->templateId() == descriptor->templateId);
    CHECK(raw->frameNumber() == descriptor->frameNumber);
    CHECK(raw->bringsStructure() == descriptor->bringsStructure);
  }
}

TEST_CASE("a descriptor of our own comes back, with its structure, its templates, and what differs from them") {
  DependencyDescriptor sent;
  sent.structure = twoTemporalLayers();
  sent.startOfFrame = true;
  sent.frameNumber = 0xffff;
  sent.bringsStructure = true;
  sent.dependencies = sent.structure->templates[0];
  sent.templateId = chooseTemplate(*sent.structure, sent.dependencies).value();
  CHECK(sent.templateId == 60);

  DependencyDescriptorReader reader;
  auto got = reader.read(base::fromHex(hexOf(sent)));
  REQUIRE(got);
  CHECK(*got->structure == *sent.structure);
  CHECK(got->activeTargets == 3u);
  CHECK(got->dependencies == sent.dependencies);
  CHECK(got->resolution->width == 1280);
  CHECK(got->frameNumber == 0xffff);

  // As a template says it: three octets.
  sent.bringsStructure = false;
  sent.frameNumber = 0;
  sent.dependencies = sent.structure->templates[2];
  sent.templateId = chooseTemplate(*sent.structure, sent.dependencies).value();
  CHECK(sent.templateId == 62);
  CHECK(hexOf(sent) == "be0000");
  CHECK(reader.read(base::fromHex(hexOf(sent)))->dependencies == sent.dependencies);

  // Other than any template.
  sent.dependencies.indications[1] = DecodeTargetIndication::Required;
  sent.dependencies.differenceCount = 3;
  sent.dependencies.differences = {1, 200, 4096};
  sent.dependencies.chainDifferences[0] = 255;
  sent.activeTargets = 2;
  CHECK(chooseTemplate(*sent.structure, sent.dependencies) == 62);
  got = reader.read(base::fromHex(hexOf(sent)));
  REQUIRE(got);
  CHECK(got->dependencies == sent.dependencies);
  CHECK(got->activeTargets == 2u);
  sent.dependencies.spatialId = 1;
  CHECK_FALSE(chooseTemplate(*sent.structure, sent.dependencies));
}

TEST_CASE("decode targets have the highest layer that they need") {
  auto structure = twoTemporalLayers();
  CHECK(structure->temporalIdOf(0) == 0);
  CHECK(structure->temporalIdOf(1) == 1);
  CHECK(structure->spatialIdOf(1) == 0);
  CHECK(structure->allTargets() == 3);
}

TEST_CASE("without the structure, or with templates of another one, a descriptor says nothing") {
  DependencyDescriptorReader reader;
  CHECK_FALSE(reader.read(base::fromHex("be0000")));
  DependencyDescriptor sent;
  sent.structure = twoTemporalLayers();
  sent.bringsStructure = true;
  sent.templateId = 60;
  REQUIRE(reader.read(base::fromHex(hexOf(sent))));
  CHECK(reader.read(base::fromHex("be0000")));
  CHECK_FALSE(reader.read(base::fromHex("bf0000")));
  CHECK_FALSE(reader.read(base::fromHex("800000")));
}

TEST_CASE("a descriptor that was cut anywhere is refused, and leaves the structure as it was") {
  DependencyDescriptor sent;
  sent.structure = twoTemporalLayers();
  sent.bringsStructure = true;
  sent.templateId = 60;
  auto text = hexOf(sent);
  DependencyDescriptorReader reader;
  for (std::size_t n = 0; n < text.size(); n += 2) {
    CHECK_FALSE(reader.read(base::fromHex(text.substr(0, n))));
    CHECK_FALSE(reader.structure());
  }
}

TEST_CASE("templates and differences without end are refused") {
  DependencyDescriptorReader reader;
  // next_layer_idc is zero for ever: more templates than ids.
  CHECK_FALSE(reader.read(std::vector<std::uint8_t>(250, 0x00)));
  auto endless = base::fromHex("000000800000");
  endless.resize(250);
  CHECK_FALSE(reader.read(endless));
  // One template of one target, whose differences go on.
  auto differences = base::fromHex("000000" "8000" "06");
  differences.resize(250, 0xff);
  CHECK_FALSE(reader.read(differences));
}

TEST_CASE("a descriptor is copied to another packet of the frame with flags of its own") {
  auto bytes = base::fromHex("be0000");
  auto raw = DependencyDescriptorBytes::parse(bytes);
  REQUIRE(raw);
  CHECK(raw->startOfFrame);
  raw->startOfFrame = false;
  raw->endOfFrame = true;
  std::vector<std::uint8_t> copy(raw->size());
  raw->write(copy);
  CHECK(base::toHex(copy) == "7e0000");
  CHECK_FALSE(DependencyDescriptorBytes::parse(base::fromHex("be00")));
}

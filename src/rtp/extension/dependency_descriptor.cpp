#include "rtp/extension/dependency_descriptor.hpp"

#include "rtp/bits.hpp"

#include <algorithm>
#include <cassert>

// The functions are named after those of av1-rtp-spec A.8.2.

namespace parley::rtp::extension {

namespace {

constexpr std::size_t mandatorySize = 3;
constexpr std::size_t maximumTemplates = 64;
/// A.8.2: next_layer_idc.
enum NextLayer : std::uint32_t { SameLayer = 0, NextTemporal = 1, NextSpatial = 2, NoMore = 3 };

bool readTemplateLayers(BitReader& bits, DependencyStructure& structure) {
  FrameDependencies current;
  std::uint32_t next = SameLayer;
  do {
    if (structure.templates.size() == maximumTemplates) return false;
    structure.templates.push_back(current);
    next = bits.fixed(2);
    if (next == NextTemporal) {
      ++current.temporalId;
    } else if (next == NextSpatial) {
      current.temporalId = 0;
      ++current.spatialId;
    }
    // The ids are of three and two bits in AV1; a run of templates cannot go beyond eight layers of either.
    if (current.temporalId > 7 || current.spatialId > 7) return false;
  } while (next != NoMore && bits.ok());
  return bits.ok();
}

void readIndications(BitReader& bits, std::size_t targets, FrameDependencies& frame) {
  for (std::size_t i = 0; i < targets; ++i) frame.indications[i] = static_cast<DecodeTargetIndication>(bits.fixed(2));
}

bool addDifference(FrameDependencies& frame, std::uint32_t minusOne) {
  if (frame.differenceCount == FrameDependencies::maximumDifferences) return false;
  frame.differences[frame.differenceCount++] = static_cast<std::uint16_t>(minusOne + 1);
  return true;
}

bool readTemplateDifferences(BitReader& bits, FrameDependencies& frame) {
  while (bits.flag())
    if (!addDifference(frame, bits.fixed(4))) return false;
  return bits.ok();
}

bool readFrameDifferences(BitReader& bits, FrameDependencies& frame) {
  frame.differenceCount = 0;
  frame.differences = {};
  while (unsigned size = bits.fixed(2))
    if (!addDifference(frame, bits.fixed(4 * size))) return false;
  return bits.ok();
}

void readTemplateChains(BitReader& bits, DependencyStructure& structure) {
  structure.chains = static_cast<std::uint8_t>(bits.nonSymmetric(structure.targets + 1u));
  if (structure.chains == 0) return;
  for (std::size_t i = 0; i < structure.targets; ++i)
    structure.protectingChain[i] = static_cast<std::uint8_t>(bits.nonSymmetric(structure.chains));
  for (FrameDependencies& frame : structure.templates)
    for (std::size_t i = 0; i < structure.chains; ++i)
      frame.chainDifferences[i] = static_cast<std::uint8_t>(bits.fixed(4));
}

std::shared_ptr<const DependencyStructure> readStructure(BitReader& bits) {
  auto structure = std::make_shared<DependencyStructure>();
  structure->templateIdOffset = static_cast<std::uint8_t>(bits.fixed(6));
  structure->targets = static_cast<std::uint8_t>(bits.fixed(5) + 1);
  if (!readTemplateLayers(bits, *structure)) return nullptr;
  for (FrameDependencies& frame : structure->templates) readIndications(bits, structure->targets, frame);
  for (FrameDependencies& frame : structure->templates)
    if (!readTemplateDifferences(bits, frame)) return nullptr;
  readTemplateChains(bits, *structure);
  if (bits.flag())
    for (std::uint8_t i = 0; i < structure->spatialLayers(); ++i) {
      std::uint32_t width = bits.fixed(16) + 1;
      structure->resolutions.push_back({width, bits.fixed(16) + 1});
    }
  return bits.ok() ? structure : nullptr;
}

void writeTemplateLayers(BitWriter& bits, const DependencyStructure& structure) {
  for (std::size_t i = 1; i < structure.templates.size(); ++i) {
    const FrameDependencies &before = structure.templates[i - 1], &frame = structure.templates[i];
    bits.fixed(2, frame.spatialId != before.spatialId     ? NextSpatial
                  : frame.temporalId != before.temporalId ? NextTemporal
                                                          : SameLayer);
  }
  bits.fixed(2, NoMore);
}

void writeIndications(BitWriter& bits, std::size_t targets, const FrameDependencies& frame) {
  for (std::size_t i = 0; i < targets; ++i) bits.fixed(2, static_cast<std::uint32_t>(frame.indications[i]));
}

void writeTemplateChains(BitWriter& bits, const DependencyStructure& structure) {
  bits.nonSymmetric(structure.targets + 1u, structure.chains);
  if (structure.chains == 0) return;
  for (std::size_t i = 0; i < structure.targets; ++i) bits.nonSymmetric(structure.chains, structure.protectingChain[i]);
  for (const FrameDependencies& frame : structure.templates)
    for (std::size_t i = 0; i < structure.chains; ++i) bits.fixed(4, frame.chainDifferences[i]);
}

void writeStructure(BitWriter& bits, const DependencyStructure& structure) {
  bits.fixed(6, structure.templateIdOffset);
  bits.fixed(5, structure.targets - 1u);
  writeTemplateLayers(bits, structure);
  for (const FrameDependencies& frame : structure.templates) writeIndications(bits, structure.targets, frame);
  for (const FrameDependencies& frame : structure.templates) {
    for (std::uint16_t difference : frame.frameDifferences()) {
      bits.flag(true);
      bits.fixed(4, difference - 1u);
    }
    bits.flag(false);
  }
  writeTemplateChains(bits, structure);
  bits.flag(!structure.resolutions.empty());
  for (const auto& resolution : structure.resolutions) {
    bits.fixed(16, resolution.width - 1);
    bits.fixed(16, resolution.height - 1);
  }
}

void writeFrameDifferences(BitWriter& bits, const FrameDependencies& frame) {
  for (std::uint16_t difference : frame.frameDifferences()) {
    unsigned size = difference <= 16 ? 1 : difference <= 256 ? 2 : 3;
    bits.fixed(2, size);
    bits.fixed(4 * size, difference - 1u);
  }
  bits.fixed(2, 0);
}

const FrameDependencies& templateOf(const DependencyStructure& structure, std::uint8_t templateId) {
  return structure.templates[(templateId + 64u - structure.templateIdOffset) % 64];
}

bool sameDifferences(const FrameDependencies& a, const FrameDependencies& b) {
  auto left = a.frameDifferences(), right = b.frameDifferences();
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

void write(BitWriter& bits, const DependencyDescriptor& descriptor) {
  const DependencyStructure& structure = *descriptor.structure;
  const FrameDependencies &frame = descriptor.dependencies, &base = templateOf(structure, descriptor.templateId);
  bool customIndications = frame.indications != base.indications;
  bool customDifferences = !sameDifferences(frame, base);
  bool customChains = frame.chainDifferences != base.chainDifferences;

  bits.flag(descriptor.startOfFrame);
  bits.flag(descriptor.endOfFrame);
  bits.fixed(6, descriptor.templateId);
  bits.fixed(16, descriptor.frameNumber);
  if (!descriptor.bringsStructure && !descriptor.activeTargets && !customIndications && !customDifferences &&
      !customChains)
    return;
  // A structure makes all targets active unless it is followed by something else.
  bool saysActive = descriptor.activeTargets &&
                    !(descriptor.bringsStructure && *descriptor.activeTargets == structure.allTargets());
  bits.flag(descriptor.bringsStructure);
  bits.flag(saysActive);
  bits.flag(customIndications);
  bits.flag(customDifferences);
  bits.flag(customChains);
  if (descriptor.bringsStructure) writeStructure(bits, structure);
  if (saysActive) bits.fixed(structure.targets, *descriptor.activeTargets);
  if (customIndications) writeIndications(bits, structure.targets, frame);
  if (customDifferences) writeFrameDifferences(bits, frame);
  if (customChains)
    for (std::size_t i = 0; i < structure.chains; ++i) bits.fixed(8, frame.chainDifferences[i]);
}

}  // namespace

std::uint8_t DependencyStructure::spatialIdOf(std::size_t target) const {
  std::uint8_t highest = 0;
  for (const FrameDependencies& frame : templates)
    if (frame.indications[target] != DecodeTargetIndication::NotPresent) highest = std::max(highest, frame.spatialId);
  return highest;
}

std::uint8_t DependencyStructure::temporalIdOf(std::size_t target) const {
  std::uint8_t highest = 0;
  for (const FrameDependencies& frame : templates)
    if (frame.indications[target] != DecodeTargetIndication::NotPresent) highest = std::max(highest, frame.temporalId);
  return highest;
}

std::size_t dependencyDescriptorSize(const DependencyDescriptor& descriptor) {
  BitWriter bits;
  write(bits, descriptor);
  return (bits.bits() + 7) / 8;
}

void writeDependencyDescriptor(const DependencyDescriptor& descriptor, base::MutableBytes room) {
  assert(room.size() >= dependencyDescriptorSize(descriptor));
  std::fill(room.begin(), room.end(), std::uint8_t{0});
  BitWriter bits(room);
  write(bits, descriptor);
}

std::optional<std::uint8_t> chooseTemplate(const DependencyStructure& structure, const FrameDependencies& dependencies) {
  const FrameDependencies* chosen = nullptr;
  for (const FrameDependencies& candidate : structure.templates) {
    if (candidate.spatialId != dependencies.spatialId || candidate.temporalId != dependencies.temporalId) continue;
    bool same = candidate.indications == dependencies.indications && sameDifferences(candidate, dependencies) &&
                candidate.chainDifferences == dependencies.chainDifferences;
    if (!chosen || same) chosen = &candidate;
    if (same) break;
  }
  if (!chosen) return std::nullopt;
  auto index = static_cast<std::size_t>(chosen - structure.templates.data());
  return static_cast<std::uint8_t>((structure.templateIdOffset + index) % 64);
}

std::optional<DependencyDescriptor> DependencyDescriptorReader::read(base::Bytes value) {
  if (value.size() < mandatorySize) return std::nullopt;
  BitReader bits(value);
  DependencyDescriptor descriptor;
  descriptor.startOfFrame = bits.flag();
  descriptor.endOfFrame = bits.flag();
  descriptor.templateId = static_cast<std::uint8_t>(bits.fixed(6));
  descriptor.frameNumber = static_cast<std::uint16_t>(bits.fixed(16));
  descriptor.structure = structure_;

  bool saysActive = false, customIndications = false, customDifferences = false, customChains = false;
  if (value.size() > mandatorySize) {
    descriptor.bringsStructure = bits.flag();
    saysActive = bits.flag();
    customIndications = bits.flag();
    customDifferences = bits.flag();
    customChains = bits.flag();
    if (descriptor.bringsStructure) {
      descriptor.structure = readStructure(bits);
      if (!descriptor.structure) return std::nullopt;
      descriptor.activeTargets = descriptor.structure->allTargets();
    }
  }
  if (!descriptor.structure) return std::nullopt;
  const DependencyStructure& structure = *descriptor.structure;
  if (saysActive) descriptor.activeTargets = bits.fixed(structure.targets);

  std::size_t index = (descriptor.templateId + 64u - structure.templateIdOffset) % 64;
  if (index >= structure.templates.size()) return std::nullopt;
  FrameDependencies& frame = descriptor.dependencies;
  frame = structure.templates[index];
  if (customIndications) readIndications(bits, structure.targets, frame);
  if (customDifferences && !readFrameDifferences(bits, frame)) return std::nullopt;
  if (customChains)
    for (std::size_t i = 0; i < structure.chains; ++i)
      frame.chainDifferences[i] = static_cast<std::uint8_t>(bits.fixed(8));
  if (!structure.resolutions.empty()) descriptor.resolution = structure.resolutions[frame.spatialId];
  if (!bits.ok()) return std::nullopt;
  structure_ = descriptor.structure;
  return descriptor;
}

std::optional<DependencyDescriptorBytes> DependencyDescriptorBytes::parse(base::Bytes value) {
  if (value.size() < mandatorySize) return std::nullopt;
  return DependencyDescriptorBytes{value, (value[0] & 0x80) != 0, (value[0] & 0x40) != 0};
}

void DependencyDescriptorBytes::write(base::MutableBytes room) const {
  std::copy(bytes.begin(), bytes.end(), room.begin());
  room[0] = static_cast<std::uint8_t>((startOfFrame ? 0x80 : 0) | (endOfFrame ? 0x40 : 0) | (room[0] & 0x3f));
}

}  // namespace parley::rtp::extension

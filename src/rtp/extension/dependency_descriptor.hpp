#pragma once

#include "rtp/extension/extension.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace parley::rtp::extension {

/// av1-rtp-spec table A.1: what a frame is to one decode target.
enum class DecodeTargetIndication : std::uint8_t { NotPresent, Discardable, Switch, Required };

/// What a frame depends on, and what depends on it (av1-rtp-spec A.8.2: frame_dependency_definition and templates).
struct FrameDependencies {
  static constexpr std::size_t maximumTargets = 32;
  static constexpr std::size_t maximumChains = 32;
  /// A template can tell 16 differences apart; codecs refer to no more than 8 frames.
  static constexpr std::size_t maximumDifferences = 16;

  std::uint8_t spatialId = 0;
  std::uint8_t temporalId = 0;
  std::uint8_t differenceCount = 0;
  /// By the structure's number of targets.
  std::array<DecodeTargetIndication, maximumTargets> indications{};
  /// How many frames back, by frame number, those are that this one refers to: 1 to 4096, in a template to 16.
  std::array<std::uint16_t, maximumDifferences> differences{};
  /// By the structure's number of chains: how many frames back the chain's frame before is; 0 for none.
  std::array<std::uint8_t, maximumChains> chainDifferences{};

  std::span<const std::uint16_t> frameDifferences() const { return {differences.data(), differenceCount}; }
  bool operator==(const FrameDependencies&) const = default;
};

/// What all frames of a coded video sequence have in common (av1-rtp-spec A.8.2: template_dependency_structure).
struct DependencyStructure {
  struct Resolution {
    std::uint32_t width = 0;  ///< Pixels: 1 to 65536.
    std::uint32_t height = 0;
    bool operator==(const Resolution&) const = default;
  };

  std::uint8_t templateIdOffset = 0;
  std::uint8_t targets = 1;  ///< 1 to 32.
  std::uint8_t chains = 0;   ///< 0 to `targets`.
  std::array<std::uint8_t, FrameDependencies::maximumTargets> protectingChain{};  ///< Of each target.
  /// 1 to 64, in the order of layers: each has the layer of the one before, the next temporal layer of it, or the lowest one
  /// of the next spatial layer.
  std::vector<FrameDependencies> templates;
  std::vector<Resolution> resolutions;  ///< None, or one for each spatial layer.

  std::uint8_t spatialLayers() const { return templates.empty() ? 0 : templates.back().spatialId + 1; }
  std::uint32_t allTargets() const { return targets >= 32 ? 0xffffffff : (1u << targets) - 1; }
  /// The highest layer that the target includes (A.8.2: decode_target_layers).
  std::uint8_t spatialIdOf(std::size_t target) const;
  std::uint8_t temporalIdOf(std::size_t target) const;
  bool operator==(const DependencyStructure&) const = default;
};

/// One packet's descriptor.
struct DependencyDescriptor {
  bool startOfFrame = false;
  bool endOfFrame = false;
  std::uint8_t templateId = 0;  ///< 6 bits.
  std::uint16_t frameNumber = 0;
  FrameDependencies dependencies = {};
  /// Of the frame; nothing if the structure does not tell.
  std::optional<DependencyStructure::Resolution> resolution = std::nullopt;
  /// A bit for each decode target that is available, the lowest for the first. Of the packets that follow, too, until it is
  /// said again; all of them if a new structure says nothing.
  std::optional<std::uint32_t> activeTargets = std::nullopt;
  /// Shared with all descriptors that need it; the first packet of a coded video sequence brings a new one.
  std::shared_ptr<const DependencyStructure> structure = nullptr;
  bool bringsStructure = false;
};

/// Octets of the descriptor when written, with the structure if `bringsStructure`. Precondition: there is a structure, and
/// its templates include `templateId`, of the layer that the dependencies say.
std::size_t dependencyDescriptorSize(const DependencyDescriptor& descriptor);
/// Precondition: room for that.
void writeDependencyDescriptor(const DependencyDescriptor& descriptor, base::MutableBytes room);
/// The template that describes a frame best: one that says the same, else the first of its layer. Nothing if no template has
/// the layer.
std::optional<std::uint8_t> chooseTemplate(const DependencyStructure& structure, const FrameDependencies& dependencies);

/// Reads the descriptors of one stream, which mean nothing without the structure that came before them. Only a descriptor
/// with a structure allocates.
class DependencyDescriptorReader {
 public:
  /// Nothing for a malformed one, and for one whose structure did not come: its template is none of ours.
  std::optional<DependencyDescriptor> read(base::Bytes value);
  const std::shared_ptr<const DependencyStructure>& structure() const { return structure_; }

 private:
  std::shared_ptr<const DependencyStructure> structure_;
};

/// A descriptor as it lies in the packet: what can be read without its structure, and copied to another packet.
struct DependencyDescriptorBytes {
  static constexpr std::string_view uri =
      "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

  base::Bytes bytes;
  bool startOfFrame = false;
  bool endOfFrame = false;

  std::uint8_t templateId() const { return bytes[0] & 0x3f; }
  std::uint16_t frameNumber() const { return base::load16(bytes.data() + 1); }
  bool bringsStructure() const { return bytes.size() > 3 && (bytes[3] & 0x80) != 0; }

  static std::optional<DependencyDescriptorBytes> parse(base::Bytes value);
  std::size_t size() const { return bytes.size(); }
  /// With the flags of this struct instead of those in the bytes.
  void write(base::MutableBytes room) const;
};

static_assert(Extension<DependencyDescriptorBytes>);

}  // namespace parley::rtp::extension

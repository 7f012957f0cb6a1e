#pragma once

#include "dtls/fingerprint.hpp"
#include "ice/credentials.hpp"
#include "pc/transport_plan.hpp"
#include "sdp/description.hpp"

#include <parley/configuration.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Questions to a description, with JSEP's notions of sections in use, bundles and inherited values.

namespace parley::pc {

/// RFC 3264 s.6: the port is zero, and not only because the section waits for its bundle (RFC 9143 s.6).
bool isRejected(const sdp::MediaSection& section);

std::optional<std::string> midOf(const sdp::MediaSection& section);
std::optional<std::size_t> sectionWithMid(const sdp::Description& description, const std::string& mid);

/// The older form, `DTLS/SCTP 5000` with a=sctpmap, which aiortc still writes.
bool isOldSctp(const sdp::MediaSection& section);

/// The section for data channels: in use, and of a kind that we can serve. A second one is not for us (RFC 8831 s.6.1:
/// one association). `preferred` is looked at first.
std::optional<std::size_t> dataSection(const sdp::Description& description, std::optional<std::size_t> preferred = {});

/// The sections that share a transport: a BUNDLE group, or a section outside of any.
struct Bundle {
  /// The connection's name for the transport, from 1 on and never used twice; 0 before there is one. A description that
  /// is applied gives it, and it stays through restarts, and whatever section is the first.
  TransportId transport = 0;
  /// In the order of the group, never empty. What the first one says about the transport holds for all (RFC 9143
  /// s.7.3.2, the tagged section).
  std::vector<std::size_t> sections;

  std::size_t anchor() const { return sections.front(); }
  bool contains(std::size_t section) const;
};

/// The sections of a description that we can serve: the data section and the media sections with a format that we know.
struct SectionsInUse {
  /// In the order of their sections.
  std::vector<Bundle> bundles;
  std::optional<std::size_t> data;

  bool empty() const { return bundles.empty(); }
  const Bundle* bundleOf(std::size_t section) const;
  const Bundle* ofTransport(TransportId transport) const;
  bool contains(std::size_t section) const { return bundleOf(section) != nullptr; }
};
/// Bundles without names. `preferredData` is looked at first for the data section.
SectionsInUse sectionsInUse(const sdp::Description& description, std::optional<std::size_t> preferredData = {});
/// Those that an answer of ours may accept (RFC 9429 s.5.3.1): with MaxBundle the bundle of the first section, with
/// Balanced those of the first section of each kind. What was in use before goes first. `maxTransports` of them,
/// whatever the policy.
SectionsInUse acceptable(const sdp::Description& offer, SectionsInUse offered, BundlePolicy policy,
                         const SectionsInUse& before);

/// The BUNDLE group of a section, or null.
const sdp::Group* bundleGroupOf(const sdp::Description& description, std::size_t section);

/// What a description says about a transport.
struct TransportView {
  ice::Credentials credentials;
  bool iceLite = false;
  bool renomination = false;
  /// RFC 8445 s.14.2: whoever proposes no pause between checks has the default.
  std::chrono::milliseconds icePacing{50};
  std::vector<dtls::Fingerprint> fingerprints;
  sdp::Setup::Role setup = sdp::Setup::Role::Actpass;
  std::optional<std::string> tlsId;
};

/// Reads the transport of section `index`. What the section lacks comes from its bundle's tagged section (RFC 9143
/// s.7.1.3) or from the session. Precondition: the description passed `sdp::verify`.
TransportView viewTransport(const sdp::Description& description, std::size_t index);

/// What a description says about its data section.
struct DataView {
  std::uint16_t sctpPort = 0;
  std::optional<std::uint64_t> maxMessageSize;
  std::optional<std::vector<std::uint8_t>> sctpInit;  ///< draft-hancke-tsvwg-snap
};

/// Precondition: the section is one for data.
DataView viewData(const sdp::MediaSection& section);

/// The sections whose candidates are for the transport of section `index`: itself, and those of its bundle that show
/// the same credentials or none.
bool sharesTransport(const sdp::Description& description, std::size_t index, std::size_t other);

/// The ufrag that holds for a section, its own or an inherited one.
std::optional<std::string> ufragOf(const sdp::Description& description, std::size_t index);

/// Whether a=ice-options names `option` anywhere.
bool hasIceOption(const sdp::Description& description, const std::string& option);

}  // namespace parley::pc

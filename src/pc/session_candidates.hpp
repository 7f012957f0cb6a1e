#pragma once

#include "base/result.hpp"
#include "ice/candidate.hpp"
#include "pc/session_negotiation.hpp"
#include "sdp/description.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace parley::pc {

/// The candidates that we gathered, by generation, and how they join a description.
class GatheredCandidates {
 public:
  void add(std::string_view ufrag, const ice::Candidate& candidate);
  void complete(std::string_view ufrag);
  /// Forgets all other generations.
  void keepOnly(const std::set<std::string>& ufrags);
  /// RFC 9429 s.5.2.2: candidate lines, the end of them, and the default candidate in the m= and c= lines.
  void insertInto(sdp::Description& description, const SectionsInUse& used) const;

 private:
  struct Generation {
    std::string ufrag;
    std::vector<ice::Candidate> candidates;
    bool complete = false;
  };
  Generation& generation(std::string_view ufrag);

  std::vector<Generation> generations_;
};

/// Lines that a remote description brings or that addIceCandidate adds to it: an honest peer sends some tens of them.
/// What is beyond is dropped.
inline constexpr std::size_t maxRemoteCandidates = 512;

/// What a remote description brings for a transport.
struct DescribedCandidates {
  TransportId transport = 0;
  /// In the order of the description.
  std::vector<ice::Candidate> candidates;
  bool end = false;  ///< These are all.
};
/// The error is a sentence: a line that is no candidate.
base::Result<DescribedCandidates, std::string> candidatesFor(const sdp::Description& description, const Bundle& bundle);

/// Remembers a line of addIceCandidate, once.
void addLine(RemoteDescription& description, std::size_t section, const std::string& line);

/// The text as given, with the added lines at the end of their sections.
std::string textOf(const RemoteDescription& description);

}  // namespace parley::pc

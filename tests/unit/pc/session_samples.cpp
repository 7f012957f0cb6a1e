#include "pc/session.hpp"
#include "pc/session_sections.hpp"
#include "sdp/parse.hpp"
#include "session_support.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

namespace {

struct Sample {
  std::string name;
  std::string text;
};

/// The descriptions that real stacks wrote, whose names contain `part`.
std::vector<Sample> samples(const std::string& part) {
  const auto folder = std::filesystem::path(PARLEY_STANDARDS) / "sdp";
  std::vector<Sample> found;
  if (!std::filesystem::exists(folder)) {
    WARN("no sample descriptions: " << folder << " does not exist");
    return found;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (entry.path().extension() != ".sdp" || name.find(part) == std::string::npos) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    INFO("reading " << entry.path());
    REQUIRE(file);
    found.push_back({name, {std::istreambuf_iterator<char>(file), {}}});
  }
  std::sort(found.begin(), found.end(), [](const Sample& a, const Sample& b) { return a.name < b.name; });
  CHECK(found.size() > 20);
  return found;
}

}  // namespace

TEST_CASE("every offer of a real stack is answered, with its data section accepted and the rest rejected") {
  for (const auto& sample : samples("offer")) {
    INFO(sample.name);
    Party party{5, 0x55};
    auto& session = party.session;
    auto applied = session.setRemote(SdpType::Offer, sample.text);
    INFO((applied ? std::string() : applied.error().message));
    REQUIRE(applied);
    CHECK(session.pendingRemote()->sdp == sample.text);
    auto answer = session.createAnswer();
    REQUIRE(answer);
    auto answered = session.setLocal(SdpType::Answer, *answer);
    REQUIRE(answered);

    const auto tree = sdp::parse(*answer);
    REQUIRE(tree);
    CHECK(tree->media.size() == count("\n" + sample.text, "\nm="));
    const bool hasData = contains(sample.text, "m=application");
    CHECK(answered->plan.sctp.has_value() == hasData);
    CHECK(answered->plan.dtls.has_value() == hasData);
    CHECK(session.transportSection().has_value() == hasData);
    std::size_t live = 0;
    for (const auto& section : tree->media) live += !isRejected(section);
    CHECK(live == (hasData ? 1u : 0u));

    // The same offer again is a re-offer, and we can offer as well.
    REQUIRE(session.setRemote(SdpType::Offer, sample.text));
    REQUIRE(session.setLocal(SdpType::Answer));
    auto offer = session.createOffer();
    REQUIRE(offer);
    REQUIRE(session.setLocal(SdpType::Offer, *offer));
  }
}

TEST_CASE("every data-only answer of a real stack is taken as the answer to our offer") {
  const auto all = samples("answer");
  std::size_t taken = 0;
  for (const auto& sample : all) {
    const bool dataOnly = count("\n" + sample.text, "\nm=") == 1 && contains(sample.text, "m=application") &&
                          contains(sample.text, "UDP/DTLS/SCTP") &&
                          // They answered offers whose mid was this one, mostly; ours has it too.
                          contains(sample.text, "\na=mid:0\r\n");
    if (!dataOnly) continue;
    INFO(sample.name);
    Party party{6, 0x66};
    party.session.wantDataChannel();
    auto offer = *party.session.createOffer();
    REQUIRE(party.session.setLocal(SdpType::Offer, offer));
    auto applied = party.session.setRemote(SdpType::Answer, sample.text);
    INFO((applied ? std::string() : applied.error().message));
    REQUIRE(applied);
    CHECK(applied->plan.sctp);
    CHECK(applied->plan.dtls);
    CHECK(applied->remoteCandidates.empty() == !contains(sample.text, "a=candidate:"));
    ++taken;
  }
  if (!all.empty()) CHECK(taken >= 10);
}

TEST_CASE("an offer without any one of its lines is taken, or refused with a reason and without effect") {
  Party offerer{1, 0xaa};
  offerer.session.wantDataChannel();
  const auto offer = *offerer.session.createOffer() +
                     "a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host\r\na=end-of-candidates\r\n";
  std::size_t taken = 0, refused = 0;
  for (std::size_t begin = 0; begin < offer.size();) {
    const auto end = offer.find("\r\n", begin) + 2;
    const auto line = offer.substr(begin, end - begin);
    const auto changed = offer.substr(0, begin) + offer.substr(end);
    begin = end;
    INFO("without " << line);
    Party fresh{3, 0xcc};
    const auto before = visible(fresh.session);
    auto applied = fresh.session.setRemote(SdpType::Offer, changed);
    if (applied) {
      ++taken;
      CHECK(fresh.session.setLocal(SdpType::Answer));
    } else {
      ++refused;
      CHECK(applied.error().message.size() > 10);
      CHECK(visible(fresh.session) == before);
    }
    const bool needed = line.starts_with("a=ice-ufrag") || line.starts_with("a=ice-pwd") ||
                        line.starts_with("a=fingerprint") || line.starts_with("a=setup") ||
                        line.starts_with("a=sctp-port") || line.starts_with("a=mid") || line.starts_with("v=") ||
                        line.starts_with("o=") || line.starts_with("s=") || line.starts_with("t=");
    if (needed) CHECK_FALSE(applied);
    const bool optional = line.starts_with("a=max-message-size") || line.starts_with("a=tls-id") ||
                          line.starts_with("a=ice-options") || line.starts_with("a=group") ||
                          line.starts_with("a=candidate") || line.starts_with("a=end-of") ||
                          line.starts_with("a=extmap-allow-mixed");
    if (optional) CHECK(applied);
  }
  CHECK(taken >= 7);
  CHECK(refused >= 10);
}

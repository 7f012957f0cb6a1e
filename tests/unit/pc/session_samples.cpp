#include "pc/media_codecs.hpp"
#include "pc/session.hpp"
#include "pc/session_media.hpp"
#include "pc/session_sections.hpp"
#include "sample_answers.hpp"
#include "sdp/parse.hpp"
#include "session_support.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

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

/// "audio sendrecv opus red PCMU | video rejected | data": the formats without their numbers; a plus is for retransmission.
std::string summary(const sdp::Description& description) {
  std::string out;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto& section = description.media[i];
    if (i > 0) out += " | ";
    out += section.kind == "application" ? "data" : section.kind;
    if (isRejected(section)) {
      out += " rejected";
      if (section.kind == "application") out.replace(out.size() - 13, 4, "application");
      continue;
    }
    if (!kindOf(section)) continue;
    using enum sdp::Direction;
    const auto direction = directionOf(description, i);
    out += direction == SendRecv ? " sendrecv" : direction == SendOnly ? " sendonly"
         : direction == RecvOnly ? " recvonly" : " inactive";
    for (const auto& codec : codecsOf(section)) out += codec.isRtx() ? "+" : " " + codec.name;
  }
  return out;
}

}  // namespace

TEST_CASE("every offer of a real stack is answered as the table says") {
  const auto all = samples("offer");
  if (all.empty()) return;
  std::map<std::string, std::string> due;
  for (const auto& row : dueAnswers) due.emplace(row.name, row.answer);
  for (const auto& sample : all) {
    INFO(sample.name);
    Party party{5, 0x55};
    auto& session = party.session;
    auto applied = session.setRemote(SdpType::Offer, sample.text);
    INFO((applied ? std::string() : applied.error().message));
    REQUIRE(applied);
    CHECK(session.pendingRemote()->sdp == sample.text);
    // We would send as well, where we may.
    for (const auto& transceiver : std::vector(session.transceivers())) session.useForTrack(transceiver.id, {"s"});
    auto answer = session.createAnswer();
    REQUIRE(answer);
    auto answered = session.setLocal(SdpType::Answer, *answer);
    REQUIRE(answered);

    const auto tree = sdp::parse(*answer);
    REQUIRE(tree);
    CHECK(summary(*tree) == due[sample.name]);
    CHECK(tree->media.size() == count("\n" + sample.text, "\nm="));
    const bool hasData = contains(summary(*tree), "data");
    std::size_t live = 0;
    for (const auto& section : tree->media) live += !isRejected(section);
    std::size_t associations = 0, planned = 0;
    for (const auto& transport : answered->plan) {
      CHECK(transport.dtls);
      CHECK(session.transportSection(transport.id));
      associations += transport.sctp.has_value();
      planned += transport.media.sections.size();
      for (const auto& media : transport.media.sections) {
        if (media.sending) CHECK_FALSE(media.sending->codecs.empty());
        if (media.receiving) CHECK_FALSE(media.receiving->codecs.empty());
      }
    }
    CHECK(answered->plan.empty() == (live == 0));
    CHECK(associations == (hasData ? 1 : 0));
    CHECK(planned == live - associations);
    CHECK(session.transceivers().size() == planned);

    // The same offer again is a re-offer that changes nothing, and we can offer as well.
    REQUIRE(session.setRemote(SdpType::Offer, sample.text));
    auto again = session.setLocal(SdpType::Answer);
    REQUIRE(again);
    REQUIRE(again->plan.size() == answered->plan.size());
    for (std::size_t i = 0; i < again->plan.size(); ++i) {
      CHECK(again->plan[i].id == answered->plan[i].id);
      CHECK(again->plan[i].media == answered->plan[i].media);
    }
    auto offer = session.createOffer();
    REQUIRE(offer);
    REQUIRE(session.setLocal(SdpType::Offer, *offer));
  }
  CHECK(due.size() == all.size());
}

TEST_CASE("an offer of ours with the sections of a real stack's answer takes that answer") {
  std::size_t taken = 0;
  const auto all = samples("answer");
  for (const auto& sample : all) {
    INFO(sample.name);
    const auto tree = sdp::parse(sample.text);
    REQUIRE(tree);
    Party party{6, 0x66};
    auto& session = party.session;
    bool data = false, last = true;
    for (const auto& section : tree->media) {
      const auto kind = kindOf(section);
      // Data is last in an offer of ours.
      if (data) last = false;
      if (!kind) data = true;
      if (!kind) continue;
      Session::NewTransceiver wanted;
      wanted.kind = *kind;
      session.addTransceiver(std::move(wanted));
    }
    if (data) session.wantDataChannel();
    auto offer = session.createOffer();
    REQUIRE(offer);
    const auto ours = sdp::parse(*offer);
    REQUIRE(ours);
    bool same = last && ours->media.size() == tree->media.size();
    for (std::size_t i = 0; same && i < tree->media.size(); ++i)
      same = midOf(ours->media[i]) == midOf(tree->media[i]) && ours->media[i].protocol == tree->media[i].protocol;
    if (!same) continue;  // The mids of its offer were others.
    REQUIRE(session.setLocal(SdpType::Offer, *offer));
    auto applied = session.setRemote(SdpType::Answer, sample.text);
    INFO((applied ? std::string() : applied.error().message));
    // What it answered was another offer: an anchor that is rejected, say, or sections out of the bundle.
    if (!applied) {
      CHECK(toString(applied.error().name) == "InvalidAccessError");
      continue;
    }
    ++taken;
    std::size_t live = 0;
    for (const auto& section : tree->media) live += kindOf(section) && !isRejected(section);
    std::size_t planned = 0;
    for (const auto& transport : applied->plan) planned += transport.media.sections.size();
    CHECK(planned == live);
  }
  if (!all.empty()) CHECK(taken >= 40);
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
    CHECK(applied->plan.front().sctp);
    CHECK(applied->plan.front().dtls);
    CHECK(applied->remoteCandidates.front().candidates.empty() == !contains(sample.text, "a=candidate:"));
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

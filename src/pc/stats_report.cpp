#include <parley/stats.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <type_traits>

namespace parley {

namespace {

/// Writes one JSON object, member by member; a member without value is left out.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_.push_back('{'); }
  void end() { out_.push_back('}'); }

  void key(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    quote(name);
    out_.push_back(':');
  }

  template <class Value>
  void member(std::string_view name, const Value& value) {
    key(name);
    write(value);
  }
  template <class Value>
  void member(std::string_view name, const std::optional<Value>& value) {
    if (value) member(name, *value);
  }

  void quote(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out_.push_back('"');
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_.push_back('\\');
        out_.push_back(c);
      } else if (byte < 0x20) {
        out_ += "\\u00";
        out_.push_back(digits[byte >> 4]);
        out_.push_back(digits[byte & 15]);
      } else {
        out_.push_back(c);
      }
    }
    out_.push_back('"');
  }

 private:
  template <class Value>
  void write(const Value& value) {
    if constexpr (std::is_same_v<Value, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::is_integral_v<Value>) {
      out_ += std::to_string(value);
    } else if constexpr (std::is_floating_point_v<Value>) {
      // The shortest text that reads back as the same number.
      std::array<char, 32> text{};
      const auto [last, error] = std::to_chars(text.data(), text.data() + text.size(), value);
      out_.append(text.data(), error == std::errc{} ? last : text.data());
    } else if constexpr (std::is_enum_v<Value>) {
      quote(toString(value));
    } else {
      quote(value);
    }
  }

  std::string& out_;
  bool first_ = true;
};

void members(JsonObject& json, const PeerConnectionStats& s) {
  json.member("dataChannelsOpened", s.dataChannelsOpened);
  json.member("dataChannelsClosed", s.dataChannelsClosed);
}

void members(JsonObject& json, const TransportStats& s) {
  json.member("packetsSent", s.packetsSent);
  json.member("packetsReceived", s.packetsReceived);
  json.member("bytesSent", s.bytesSent);
  json.member("bytesReceived", s.bytesReceived);
  json.member("iceRole", s.iceRole);
  json.member("iceLocalUsernameFragment", s.iceLocalUsernameFragment);
  json.member("dtlsState", s.dtlsState);
  json.member("iceState", s.iceState);
  json.member("selectedCandidatePairId", s.selectedCandidatePairId);
  json.member("localCertificateId", s.localCertificateId);
  json.member("remoteCertificateId", s.remoteCertificateId);
  json.member("tlsVersion", s.tlsVersion);
  json.member("dtlsCipher", s.dtlsCipher);
  json.member("dtlsRole", s.dtlsRole);
  json.member("srtpCipher", s.srtpCipher);
  json.member("selectedCandidatePairChanges", s.selectedCandidatePairChanges);
}

void members(JsonObject& json, const IceCandidateStats& s) {
  json.member("transportId", s.transportId);
  json.member("address", s.address);
  json.member("port", s.port);
  json.member("protocol", s.protocol);
  json.member("candidateType", s.candidateType);
  json.member("priority", s.priority);
  if (s.relayProtocol) json.member("relayProtocol", std::string(toString(*s.relayProtocol)));
  json.member("url", s.url);
  json.member("foundation", s.foundation);
  json.member("relatedAddress", s.relatedAddress);
  json.member("relatedPort", s.relatedPort);
  json.member("usernameFragment", s.usernameFragment);
  json.member("tcpType", s.tcpType);
}

void members(JsonObject& json, const CandidatePairStats& s) {
  json.member("transportId", s.transportId);
  json.member("localCandidateId", s.localCandidateId);
  json.member("remoteCandidateId", s.remoteCandidateId);
  json.member("state", s.state);
  json.member("nominated", s.nominated);
  json.member("packetsSent", s.packetsSent);
  json.member("packetsReceived", s.packetsReceived);
  json.member("bytesSent", s.bytesSent);
  json.member("bytesReceived", s.bytesReceived);
  json.member("lastPacketSentTimestamp", s.lastPacketSentTimestamp);
  json.member("lastPacketReceivedTimestamp", s.lastPacketReceivedTimestamp);
  json.member("totalRoundTripTime", s.totalRoundTripTime);
  json.member("currentRoundTripTime", s.currentRoundTripTime);
  json.member("requestsReceived", s.requestsReceived);
  json.member("requestsSent", s.requestsSent);
  json.member("responsesReceived", s.responsesReceived);
  json.member("responsesSent", s.responsesSent);
  json.member("consentRequestsSent", s.consentRequestsSent);
  json.member("packetsDiscardedOnSend", s.packetsDiscardedOnSend);
  json.member("bytesDiscardedOnSend", s.bytesDiscardedOnSend);
}

void members(JsonObject& json, const DataChannelStats& s) {
  json.member("label", s.label);
  json.member("protocol", s.protocol);
  json.member("dataChannelIdentifier", s.dataChannelIdentifier);
  json.member("state", s.state);
  json.member("messagesSent", s.messagesSent);
  json.member("bytesSent", s.bytesSent);
  json.member("messagesReceived", s.messagesReceived);
  json.member("bytesReceived", s.bytesReceived);
}

void members(JsonObject& json, const CertificateStats& s) {
  json.member("fingerprint", s.fingerprint);
  json.member("fingerprintAlgorithm", s.fingerprintAlgorithm);
  json.member("base64Certificate", s.base64Certificate);
  json.member("issuerCertificateId", s.issuerCertificateId);
}

std::string_view typeOf(const PeerConnectionStats&) { return "peer-connection"; }
std::string_view typeOf(const TransportStats&) { return "transport"; }
std::string_view typeOf(const IceCandidateStats& s) { return s.remote ? "remote-candidate" : "local-candidate"; }
std::string_view typeOf(const CandidatePairStats&) { return "candidate-pair"; }
std::string_view typeOf(const DataChannelStats&) { return "data-channel"; }
std::string_view typeOf(const CertificateStats&) { return "certificate"; }

}  // namespace

const std::string& id(const Stats& stats) {
  return std::visit([](const auto& s) -> const std::string& { return s.id; }, stats);
}

double timestamp(const Stats& stats) {
  return std::visit([](const auto& s) { return s.timestamp; }, stats);
}

std::string_view type(const Stats& stats) {
  return std::visit([](const auto& s) { return typeOf(s); }, stats);
}

const Stats* StatsReport::get(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

std::string StatsReport::toJson() const {
  std::string out;
  JsonObject report(out);
  for (const auto& [key, stats] : entries_) {
    report.key(key);
    JsonObject object(out);
    object.member("id", id(stats));
    object.member("timestamp", timestamp(stats));
    object.member("type", type(stats));
    std::visit([&](const auto& s) { members(object, s); }, stats);
    // Our own addition; a map, which the W3C's dictionaries do not have.
    if (const auto* transport = std::get_if<TransportStats>(&stats)) {
      object.key("drops");
      JsonObject drops(out);
      for (const auto& [reason, count] : transport->drops) drops.member(reason, count);
      drops.end();
    }
    object.end();
  }
  report.end();
  return out;
}

}  // namespace parley

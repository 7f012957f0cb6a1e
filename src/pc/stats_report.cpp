#include "pc/stats_members.hpp"

#include <parley/stats.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

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
    } else if constexpr (std::is_same_v<Value, std::map<std::string, std::uint64_t>>) {
      JsonObject record(out_);
      for (const auto& [name, number] : value) record.member(name, number);
      record.end();
    } else if constexpr (std::is_enum_v<Value>) {
      quote(toString(value));
    } else {
      quote(value);
    }
  }

  std::string& out_;
  bool first_ = true;
};

std::string_view typeOf(const PeerConnectionStats&) { return "peer-connection"; }
std::string_view typeOf(const TransportStats&) { return "transport"; }
std::string_view typeOf(const CodecStats&) { return "codec"; }
std::string_view typeOf(const InboundRtpStreamStats&) { return "inbound-rtp"; }
std::string_view typeOf(const RemoteInboundRtpStreamStats&) { return "remote-inbound-rtp"; }
std::string_view typeOf(const OutboundRtpStreamStats&) { return "outbound-rtp"; }
std::string_view typeOf(const RemoteOutboundRtpStreamStats&) { return "remote-outbound-rtp"; }
std::string_view typeOf(const MediaSourceStats&) { return "media-source"; }
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
    std::visit(
        [&](const auto& s) {
          pc::visitMembers(s, [&](std::string_view name, const auto& value) { object.member(name, value); });
        },
        stats);
    object.end();
  }
  report.end();
  return out;
}

}  // namespace parley

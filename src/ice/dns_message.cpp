#include "ice/dns_message.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

namespace {

constexpr std::uint16_t internet = 1;
constexpr std::uint16_t topBit = 0x8000;  // of the class: "unicast" in questions, "cache-flush" in answers
/// RFC 1035 s.3.1: 255 octets, and so at most 127 labels.
constexpr std::size_t maxName = 255;
/// RFC 6762 s.17: messages are at most as long as fit into 9000 bytes; an honest one has few records.
constexpr std::size_t maxRecords = 64;

class Reader {
 public:
  explicit Reader(base::Bytes bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }

  std::uint16_t u16() {
    if (!has(2)) return 0;
    const auto value = static_cast<std::uint16_t>(bytes_[at_] << 8 | bytes_[at_ + 1]);
    at_ += 2;
    return value;
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  base::Bytes take(std::size_t n) {
    if (!has(n)) return {};
    at_ += n;
    return bytes_.subspan(at_ - n, n);
  }

  /// RFC 1035 s.4.1.4: labels, and pointers to labels further to the front; each pointer leads further to the front than
  /// the one before, so that there is an end.
  std::string name() {
    std::string out;
    std::size_t at = at_;
    std::size_t limit = bytes_.size();
    bool jumped = false;
    while (true) {
      if (at >= limit) return fail();
      const std::uint8_t length = bytes_[at];
      if ((length & 0xc0) == 0xc0) {
        if (at + 1 >= limit) return fail();
        const std::size_t to = static_cast<std::size_t>((length & 0x3f) << 8 | bytes_[at + 1]);
        if (!std::exchange(jumped, true)) at_ = at + 2;
        if (to >= at) return fail();
        limit = at;
        at = to;
        continue;
      }
      if (length > 63 || at + 1 + length > limit) return fail();
      if (length == 0) {
        if (!jumped) at_ = at + 1;
        return out;
      }
      if (out.size() + length + 1 > maxName) return fail();
      if (!out.empty()) out.push_back('.');
      for (std::size_t i = 0; i < length; ++i) {
        const char c = static_cast<char>(bytes_[at + 1 + i]);
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
      }
      at += 1u + length;
    }
  }

 private:
  bool has(std::size_t n) {
    if (failed_ || bytes_.size() - at_ < n) failed_ = true;
    return !failed_;
  }
  std::string fail() {
    failed_ = true;
    return {};
  }

  base::Bytes bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

class Writer {
 public:
  Writer(std::uint16_t id, bool response, std::uint16_t questions, std::uint16_t answers) {
    // RFC 6762 s.18.4: an answer is authoritative.
    for (std::uint16_t value : {id, static_cast<std::uint16_t>(response ? 0x8400 : 0), questions, answers,
                                std::uint16_t{0}, std::uint16_t{0}})
      u16(value);
  }
  void u16(std::uint16_t value) {
    out_.push_back(static_cast<std::uint8_t>(value >> 8));
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void name(std::string_view name) {
    while (!name.empty()) {
      const auto label = name.substr(0, name.find('.'));
      out_.push_back(static_cast<std::uint8_t>(label.size()));
      out_.insert(out_.end(), label.begin(), label.end());
      name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    out_.push_back(0);
  }
  void address(std::string_view owner, const IpAddress& address, std::uint16_t klass, std::uint32_t ttl) {
    name(owner);
    u16(static_cast<std::uint16_t>(address.isV4() ? DnsMessage::Type::A : DnsMessage::Type::Aaaa));
    u16(klass);
    u16(static_cast<std::uint16_t>(ttl >> 16));
    u16(static_cast<std::uint16_t>(ttl));
    u16(static_cast<std::uint16_t>(address.bytes().size()));
    out_.insert(out_.end(), address.bytes().begin(), address.bytes().end());
  }
  std::vector<std::uint8_t> take() { return std::move(out_); }

 private:
  std::vector<std::uint8_t> out_;
};

}  // namespace

std::optional<DnsMessage> DnsMessage::parse(base::Bytes bytes) {
  Reader in(bytes);
  DnsMessage message;
  message.id = in.u16();
  const std::uint16_t flags = in.u16();
  message.isResponse = flags & 0x8000;
  if (flags & 0x780f) return std::nullopt;
  const std::size_t questions = in.u16();
  std::size_t records = in.u16();
  records += in.u16();
  records += in.u16();
  if (in.failed() || questions > maxRecords || records > maxRecords) return std::nullopt;
  for (std::size_t i = 0; i < questions; ++i) {
    Question question;
    question.name = in.name();
    question.type = static_cast<Type>(in.u16());
    const std::uint16_t klass = in.u16();
    if (in.failed()) return std::nullopt;
    question.unicast = klass & topBit;
    if ((klass & ~topBit) == internet || (klass & ~topBit) == 255) message.questions.push_back(std::move(question));
  }
  for (std::size_t i = 0; i < records; ++i) {
    Answer answer;
    answer.name = in.name();
    const auto type = static_cast<Type>(in.u16());
    const std::uint16_t klass = in.u16();
    answer.ttl = in.u32();
    const auto data = in.take(in.u16());
    if (in.failed()) return std::nullopt;
    if ((klass & ~topBit) != internet) continue;
    if (type == Type::A && data.size() == 4)
      answer.address = IpAddress::v4(data[0], data[1], data[2], data[3]);
    else if (type == Type::Aaaa && data.size() == 16)
      answer.address = IpAddress::v6(data.first<16>());
    else
      continue;
    message.answers.push_back(std::move(answer));
  }
  return message;
}

std::vector<std::uint8_t> dnsQuestion(std::string_view name, DnsMessage::Type type) {
  Writer out(0, false, 1, 0);
  out.name(name);
  out.u16(static_cast<std::uint16_t>(type));
  out.u16(internet);
  return out.take();
}

std::vector<std::uint8_t> dnsAnswer(std::string_view name, const IpAddress& address, std::uint32_t ttl) {
  Writer out(0, true, 0, 1);
  out.address(name, address, internet | topBit, ttl);
  return out.take();
}

std::vector<std::uint8_t> dnsUnicastAnswer(std::uint16_t id, const DnsMessage::Question& question,
                                           const IpAddress& address, std::uint32_t ttl) {
  Writer out(id, true, 1, 1);
  out.name(question.name);
  out.u16(static_cast<std::uint16_t>(question.type));
  out.u16(internet);
  out.address(question.name, address, internet, ttl);
  return out.take();
}

}  // namespace parley::ice

#pragma once

#include "base/bytes.hpp"

#include <parley/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::ice {

/// A message of multicast DNS (RFC 6762 s.18, RFC 1035 s.4), as far as candidates need it: questions and answers about
/// addresses of names.
struct DnsMessage {
  enum class Type : std::uint16_t { A = 1, Aaaa = 28, Any = 255 };

  struct Question {
    std::string name;  ///< Lower case, without the last dot.
    Type type{};
    bool unicast = false;  ///< The answer may come by unicast (RFC 6762 s.5.4).
  };
  struct Answer {
    std::string name;
    IpAddress address;
    std::uint32_t ttl = 0;  ///< Seconds; 0: the name is given up (RFC 6762 s.10.1).
  };

  std::uint16_t id = 0;
  bool isResponse = false;
  std::vector<Question> questions;
  /// The address records of all sections. Others are skipped.
  std::vector<Answer> answers;

  /// Nothing if it is damaged, or not of the kind that RFC 6762 s.18 allows (opcode and response code are zero).
  static std::optional<DnsMessage> parse(base::Bytes bytes);
};

/// RFC 6762 s.5.4: a question to all, for one type of address. Precondition: each label of `name` has 1 to 63 characters.
std::vector<std::uint8_t> dnsQuestion(std::string_view name, DnsMessage::Type type);

/// RFC 6762 s.6: the answer to all, or unasked. The record is the only one of its name (cache-flush, s.10.2).
std::vector<std::uint8_t> dnsAnswer(std::string_view name, const IpAddress& address, std::uint32_t ttl);

/// RFC 6762 s.6.7: the answer to one who does not speak multicast DNS; it repeats the id and the question.
std::vector<std::uint8_t> dnsUnicastAnswer(std::uint16_t id, const DnsMessage::Question& question,
                                           const IpAddress& address, std::uint32_t ttl);

}  // namespace parley::ice

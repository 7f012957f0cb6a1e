#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace parley::test {

// RFC 5769 s.2.1 to s.2.4.
inline constexpr std::string_view rfc5769Request =
    "000100582112a442b7e7a701bc34d686fa87dfae"          // header
    "802200105354554e207465737420636c69656e74"          // SOFTWARE "STUN test client"
    "002400046e0001ff"                                  // PRIORITY
    "80290008932ff9b151263b36"                          // ICE-CONTROLLED
    "000600096576746a3a68367659202020"                  // USERNAME "evtj:h6vY", padded with spaces
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"  // MESSAGE-INTEGRITY
    "80280004e57a3bcf";                                 // FINGERPRINT
inline constexpr std::string_view rfc5769Ipv4Response =
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"  // SOFTWARE "test vector", padded with a space
    "002000080001a147e112a643"          // XOR-MAPPED-ADDRESS
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96";
inline constexpr std::string_view rfc5769Ipv6Response =
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c";
inline constexpr std::string_view rfc5769LongTerm =
    "000100602112a44278ad3433c6ad72c029da412e"
    "00060012e3839ee38388e383aae38383e382afe382b90000"                          // USERNAME
    "0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341"          // NONCE
    "0014000b6578616d706c652e6f726700"                                          // REALM
    "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666";                         // MESSAGE-INTEGRITY
inline constexpr std::string_view rfc5769Password = "VOkJxbRl1RmTxUk/WvJxBt";

// RFC 8489 appendix B.1, as corrected by erratum 6268.
inline constexpr std::string_view rfc8489B1 =
    "000100902112a44278ad3433c6ad72c029da412e"
    "001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"  // USERHASH
    "001500296f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341000000"  // NONCE
    "0014000b6578616d706c652e6f726700"                                          // REALM
    "001d000400020000"                                                          // PASSWORD-ALGORITHM
    "001c0020b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65";
// The same as the RFC prints it: the length is of a longer message, and PASSWORD-ALGORITHM is missing.
inline constexpr std::string_view rfc8489B1Printed =
    "0001009c2112a44278ad3433c6ad72c029da412e"
    "001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"
    "001500296f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341000000"
    "0014000b6578616d706c652e6f726700"
    "001c0020e4686c8f0edeb59013e07090010a93efccbccc544c0a45d9f830aa6d6f735a01";
inline constexpr std::string_view matrix = "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9";
inline constexpr std::string_view matrixPassword = "TheMatrIX";

inline std::vector<std::uint8_t> octets(std::string_view hex) { return base::fromHex(hex); }

}  // namespace parley::test

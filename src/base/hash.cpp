#include "base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>

#if defined(__x86_64__) && defined(__GNUC__)
#  include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#  include <arm_acle.h>
#  include <sys/auxv.h>
#endif

namespace parley::base {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> digest(const EVP_MD* md, Bytes data) {
  std::array<std::uint8_t, N> out{};
  unsigned length = 0;
  if (EVP_Digest(data.data(), data.size(), out.data(), &length, md, nullptr) != 1 || length != N) std::abort();
  return out;
}

template <std::size_t N>
std::array<std::uint8_t, N> hmac(const EVP_MD* md, Bytes key, Bytes data) {
  std::array<std::uint8_t, N> out{};
  unsigned length = 0;
  static const std::uint8_t none = 0;  // a null key means "the previous one" to OpenSSL
  if (!HMAC(md, key.empty() ? &none : key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(),
            &length) ||
      length != N)
    std::abort();
  return out;
}

/// Slicing by four: table[k][b] is the checksum of byte b followed by k zero bytes.
struct CrcTables {
  std::uint32_t table[4][256];
  constexpr explicit CrcTables(std::uint32_t polynomial) : table() {
    for (std::uint32_t b = 0; b < 256; ++b) {
      std::uint32_t c = b;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ polynomial : c >> 1;
      table[0][b] = c;
    }
    for (std::uint32_t b = 0; b < 256; ++b)
      for (int k = 1; k < 4; ++k) table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 255];
  }
  constexpr std::uint32_t run(Bytes data, std::uint32_t c) const {
    const std::uint8_t* p = data.data();
    std::size_t n = data.size();
    for (; n >= 4; p += 4, n -= 4) {
      c ^= std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24;
      c = table[3][c & 255] ^ table[2][c >> 8 & 255] ^ table[1][c >> 16 & 255] ^ table[0][c >> 24];
    }
    for (; n; ++p, --n) c = c >> 8 ^ table[0][(c ^ *p) & 255];
    return c;
  }
};

constexpr CrcTables ieee{0xedb88320};
constexpr CrcTables castagnoli{0x82f63b78};

// Held here because on most processors the instruction keeps the tests away from the second table.
constexpr std::uint8_t digits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
static_assert(~ieee.run(digits, ~0u) == 0xcbf43926);
static_assert(~castagnoli.run(digits, ~0u) == 0xe3069283);

#if defined(__x86_64__) && defined(__GNUC__)
bool haveCrc32c() { return __builtin_cpu_supports("sse4.2"); }
__attribute__((target("sse4.2"))) std::uint32_t crc32cByHardware(Bytes data, std::uint32_t seed) {
  const std::uint8_t* p = data.data();
  std::size_t n = data.size();
  std::uint64_t c = seed;
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    c = _mm_crc32_u64(c, word);
  }
  auto c32 = static_cast<std::uint32_t>(c);
  for (; n; ++p, --n) c32 = _mm_crc32_u8(c32, *p);
  return c32;
}
#elif defined(__aarch64__) && defined(__linux__)
bool haveCrc32c() { return getauxval(AT_HWCAP) & (1u << 7); }  // HWCAP_CRC32
__attribute__((target("+crc"))) std::uint32_t crc32cByHardware(Bytes data, std::uint32_t c) {
  const std::uint8_t* p = data.data();
  std::size_t n = data.size();
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    c = __crc32cd(c, word);
  }
  for (; n; ++p, --n) c = __crc32cb(c, *p);
  return c;
}
#else
bool haveCrc32c() { return false; }
std::uint32_t crc32cByHardware(Bytes, std::uint32_t) { return 0; }
#endif

}  // namespace

std::array<std::uint8_t, 16> md5(Bytes data) { return digest<16>(EVP_md5(), data); }
std::array<std::uint8_t, 32> sha256(Bytes data) { return digest<32>(EVP_sha256(), data); }
std::array<std::uint8_t, 20> hmacSha1(Bytes key, Bytes data) { return hmac<20>(EVP_sha1(), key, data); }
std::array<std::uint8_t, 32> hmacSha256(Bytes key, Bytes data) { return hmac<32>(EVP_sha256(), key, data); }

bool equalConstantTime(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

std::uint32_t crc32(Bytes data, std::uint32_t seed) { return ~ieee.run(data, ~seed); }

std::uint32_t crc32c(Bytes data, std::uint32_t seed) {
  static const bool hardware = haveCrc32c();
  return ~(hardware ? crc32cByHardware(data, ~seed) : castagnoli.run(data, ~seed));
}

}  // namespace parley::base

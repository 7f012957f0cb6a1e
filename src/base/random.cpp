#include "base/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>

namespace parley::base {

std::uint32_t Random::u32() {
  std::uint8_t b[4];
  fill(b);
  return load32(b);
}

std::uint64_t Random::u64() {
  std::uint8_t b[8];
  fill(b);
  return load64(b);
}

std::uint64_t Random::below(std::uint64_t bound) {
  assert(bound > 0);
  // Values below this threshold would make the low remainders more likely than the others.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;)
    if (std::uint64_t value = u64(); value >= threshold) return value % bound;
}

double Random::unit() { return static_cast<double>(u64() >> 11) * 0x1.0p-53; }

std::string Random::text(std::size_t length, std::string_view alphabet) {
  std::string result(length, ' ');
  for (auto& c : result) c = alphabet[below(alphabet.size())];
  return result;
}

void SystemRandom::fill(MutableBytes bytes) {
  // Without random bits there are no keys; going on would be worse than ending.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (auto& s : state_) {  // splitmix64 spreads the seed over the state
    seed += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    s = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::next() {
  auto rotl = [](std::uint64_t x, int k) { return x << k | x >> (64 - k); };
  std::uint64_t result = rotl(state_[1] * 5, 7) * 9, t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotl(state_[3], 45);
  return result;
}

void SeededRandom::fill(MutableBytes bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint8_t b[8];
    store64(b, next());
    std::memcpy(bytes.data() + i, b, std::min<std::size_t>(8, bytes.size() - i));
  }
}

}  // namespace parley::base

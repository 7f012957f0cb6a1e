#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::base {

/// Where a machine gets its random bits. Injected, so that a seeded run repeats itself.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes bytes) = 0;

  std::uint32_t u32();
  std::uint64_t u64();
  /// Uniform in [0, bound). Precondition: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  double unit();
  /// `length` characters drawn from `alphabet`.
  std::string text(std::size_t length, std::string_view alphabet);
};

/// The operating system's generator, by OpenSSL. Thread-safe.
class SystemRandom final : public Random {
 public:
  void fill(MutableBytes bytes) override;
};

/// A reproducible sequence for tests and simulations (xoshiro256**). Never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(MutableBytes bytes) override;

 private:
  std::uint64_t next();
  std::uint64_t state_[4];
};

}  // namespace parley::base

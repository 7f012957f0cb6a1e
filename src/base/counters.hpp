#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::base {

/// How often each thing happened that is dropped rather than reported. `Reason` is an enum that ends in `Count`.
template <class Reason>
class Counters {
 public:
  void add(Reason reason, std::uint64_t n = 1) { values_[static_cast<std::size_t>(reason)] += n; }
  std::uint64_t operator[](Reason reason) const { return values_[static_cast<std::size_t>(reason)]; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (auto v : values_) sum += v;
    return sum;
  }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Reason::Count)> values_{};
};

}  // namespace parley::base

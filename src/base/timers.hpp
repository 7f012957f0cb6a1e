#pragma once

#include <parley/time.hpp>

#include <array>
#include <cstddef>

namespace parley::base {

/// A machine's deadlines, one for each value of `Name` (an enum that ends in `Count`). A deadline that is not set is
/// `never`. The names make a log line say why a machine woke.
template <class Name>
class Timers {
 public:
  Timers() { at_.fill(never); }

  void set(Name name, Time at) { at_[index(name)] = at; }
  void setIfSooner(Name name, Time at) {
    if (at < at_[index(name)]) set(name, at);
  }
  void stop(Name name) { set(name, never); }
  void stopAll() { at_.fill(never); }
  bool running(Name name) const { return at_[index(name)] != never; }
  Time at(Name name) const { return at_[index(name)]; }

  /// The earliest deadline.
  Time next() const { return at_[index(nextName())]; }
  Name nextName() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < at_.size(); ++i)
      if (at_[i] < at_[best]) best = i;
    return static_cast<Name>(best);
  }

  /// True once when the deadline has come: it is stopped by this.
  bool expired(Name name, Time now) {
    if (at_[index(name)] > now) return false;
    stop(name);
    return true;
  }

 private:
  static constexpr std::size_t index(Name name) { return static_cast<std::size_t>(name); }
  std::array<Time, static_cast<std::size_t>(Name::Count)> at_;
};

}  // namespace parley::base

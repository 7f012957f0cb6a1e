#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace parley::rtp::rtcp {

/// How a record of fixed size lies in a packet: by its own `wireSize`, `read` and `write`, or by a specialisation.
template <class T>
struct Wire {
  static constexpr std::size_t size = T::wireSize;
  static T read(const std::uint8_t* at) { return T::read(at); }
  static void write(const T& value, std::uint8_t* at) { value.write(at); }
};
template <>
struct Wire<std::uint32_t> {
  static constexpr std::size_t size = 4;
  static std::uint32_t read(const std::uint8_t* at) { return base::load32(at); }
  static void write(std::uint32_t value, std::uint8_t* at) { base::store32(at, value); }
};

/// A list of records that is borrowed: of a packet that was read, where each is decoded as it is asked for, or of an array
/// that is to be written. So one struct serves both ways, and neither allocates.
template <class T>
class Records {
 public:
  Records() = default;
  /// To be written. It must live as long as this.
  Records(std::span<const T> values) : values_(values.data()), size_(values.size()) {}
  template <std::size_t N>
  Records(const T (&values)[N]) : values_(values), size_(N) {}
  /// As read; octets that are no whole record are left out.
  static Records onWire(base::Bytes bytes) {
    Records records;
    records.wire_ = bytes.data();
    records.size_ = bytes.size() / Wire<T>::size;
    return records;
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T operator[](std::size_t i) const { return wire_ ? Wire<T>::read(wire_ + i * Wire<T>::size) : values_[i]; }
  std::size_t wireSize() const { return size_ * Wire<T>::size; }
  /// Precondition: room for wireSize().
  void write(std::uint8_t* at) const {
    for (std::size_t i = 0; i < size_; ++i) Wire<T>::write((*this)[i], at + i * Wire<T>::size);
  }
  Records first(std::size_t n) const {
    Records records = *this;
    if (n < size_) records.size_ = n;
    return records;
  }

  class Iterator {
   public:
    Iterator(const Records* records, std::size_t i) : records_(records), i_(i) {}
    T operator*() const { return (*records_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Records* records_;
    std::size_t i_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }

 private:
  const std::uint8_t* wire_ = nullptr;
  const T* values_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace parley::rtp::rtcp

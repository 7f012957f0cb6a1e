#pragma once

#include <parley/export.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace parley {

namespace base {
class PacketPool;
struct PacketBlock;
}  // namespace base

/// One outbound datagram, owned. It is a buffer of a `PacketPool` with room in front for the headers that lower layers
/// add (TURN, RFC 4571) and room behind for tags. Move-only; the destructor gives the buffer back to its pool from
/// whatever thread it runs on.
class PARLEY_API Packet {
 public:
  Packet() = default;
  Packet(Packet&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  Packet& operator=(Packet&& other) noexcept {
    if (this != &other) {
      reset();
      block_ = std::exchange(other.block_, nullptr);
      begin_ = std::exchange(other.begin_, 0);
      end_ = std::exchange(other.end_, 0);
    }
    return *this;
  }
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  ~Packet() { reset(); }

  explicit operator bool() const { return block_ != nullptr; }

  std::uint8_t* data();
  const std::uint8_t* data() const;
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::span<std::uint8_t> bytes() { return {data(), size()}; }
  std::span<const std::uint8_t> bytes() const { return {data(), size()}; }

  std::size_t headroom() const { return begin_; }
  std::size_t tailroom() const;

  /// Grows to the front by `n` bytes and returns them, uninitialised. Precondition: n <= headroom().
  std::span<std::uint8_t> prepend(std::size_t n);
  /// Grows to the back by `n` bytes and returns them, uninitialised. Precondition: n <= tailroom().
  std::span<std::uint8_t> append(std::size_t n);
  /// Appends a copy of `bytes`. Precondition: it fits.
  void append(std::span<const std::uint8_t> bytes);
  /// Shortens to `n` bytes. Precondition: n <= size().
  void truncate(std::size_t n);

  /// Gives the buffer back now.
  void reset() noexcept;

 private:
  friend class base::PacketPool;
  base::PacketBlock* block_ = nullptr;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace parley

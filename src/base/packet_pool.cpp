#include "base/packet_pool.hpp"

#include <cassert>
#include <new>

namespace parley::base {

/// The pool proper. It outlives the `PacketPool` until the last packet is back: every packet holds one reference.
class PacketPoolState {
 public:
  explicit PacketPoolState(std::size_t keep) : keep_(keep) {}

  PacketBlock* take() {
    if (!free_) reclaim();
    references_.fetch_add(1, std::memory_order_relaxed);
    if (PacketBlock* block = free_) {
      free_ = block->next;
      --freeCount_;
      return block;
    }
    void* memory = ::operator new(sizeof(PacketBlock) + PacketBlock::size);
    return new (memory) PacketBlock{this, nullptr};
  }

  /// From any thread: a push onto the return list, which `take` empties in one exchange.
  void giveBack(PacketBlock* block) {
    PacketBlock* head = returned_.load(std::memory_order_relaxed);
    do {
      block->next = head;
    } while (!returned_.compare_exchange_weak(head, block, std::memory_order_release, std::memory_order_relaxed));
    release();
  }

  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  std::size_t outstanding() const { return references_.load(std::memory_order_relaxed) - 1; }

 private:
  ~PacketPoolState() {
    reclaim();
    while (free_) {
      PacketBlock* next = free_->next;
      ::operator delete(free_);
      free_ = next;
    }
  }

  void reclaim() {
    PacketBlock* block = returned_.exchange(nullptr, std::memory_order_acquire);
    while (block) {
      PacketBlock* next = block->next;
      if (freeCount_ < keep_) {
        block->next = free_;
        free_ = block;
        ++freeCount_;
      } else {
        ::operator delete(block);
      }
      block = next;
    }
  }

  std::size_t keep_;
  PacketBlock* free_ = nullptr;
  std::size_t freeCount_ = 0;
  std::atomic<PacketBlock*> returned_{nullptr};
  std::atomic<std::size_t> references_{1};
};

PacketPool::PacketPool(std::size_t keep) : state_(new PacketPoolState(keep)) {}
PacketPool::~PacketPool() { state_->release(); }
std::size_t PacketPool::outstanding() const { return state_->outstanding(); }

Packet PacketPool::make() {
  Packet packet;
  packet.block_ = state_->take();
  packet.begin_ = packet.end_ = packetHeadroom;
  return packet;
}

Packet PacketPool::make(Bytes bytes) {
  Packet packet = make();
  packet.append(bytes);
  return packet;
}

}  // namespace parley::base

namespace parley {

std::uint8_t* Packet::data() { return block_ ? block_->bytes() + begin_ : nullptr; }
const std::uint8_t* Packet::data() const { return block_ ? block_->bytes() + begin_ : nullptr; }
std::size_t Packet::tailroom() const { return block_ ? base::PacketBlock::size - end_ : 0; }

std::span<std::uint8_t> Packet::prepend(std::size_t n) {
  assert(n <= headroom());
  begin_ -= static_cast<std::uint32_t>(n);
  return {data(), n};
}

std::span<std::uint8_t> Packet::append(std::size_t n) {
  assert(n <= tailroom());
  std::uint8_t* at = block_->bytes() + end_;
  end_ += static_cast<std::uint32_t>(n);
  return {at, n};
}

void Packet::append(std::span<const std::uint8_t> bytes) {
  auto room = append(bytes.size());
  if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
}

void Packet::truncate(std::size_t n) {
  assert(n <= size());
  end_ = begin_ + static_cast<std::uint32_t>(n);
}

void Packet::reset() noexcept {
  if (block_) block_->pool->giveBack(block_);
  block_ = nullptr;
  begin_ = end_ = 0;
}

}  // namespace parley

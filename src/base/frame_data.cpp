#include <parley/encoded_frame.hpp>

#include <algorithm>
#include <utility>

namespace parley {

FrameData::FrameData(std::span<const std::uint8_t> bytes) : size_(bytes.size()) {
  if (bytes.empty()) return;
  auto copy = std::make_shared_for_overwrite<std::uint8_t[]>(bytes.size());
  std::ranges::copy(bytes, copy.get());
  const auto* first = copy.get();
  bytes_ = std::shared_ptr<const std::uint8_t>(std::move(copy), first);
}

FrameData::FrameData(std::vector<std::uint8_t> bytes) : size_(bytes.size()) {
  if (bytes.empty()) return;
  auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  const auto* first = owner->data();
  bytes_ = std::shared_ptr<const std::uint8_t>(std::move(owner), first);
}

}  // namespace parley

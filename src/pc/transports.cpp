#include "pc/transports.hpp"

namespace parley::pc {

std::optional<IceCandidatePair> IceTransportImpl::getSelectedCandidatePair() const {
  std::lock_guard lock(shared_->mutex);
  if (slots.state == IceTransportState::New || slots.state == IceTransportState::Closed) return std::nullopt;
  return slots.selectedPair;
}

std::optional<double> SctpTransportImpl::maxMessageSize() const {
  std::lock_guard lock(shared_->mutex);
  if (!slots.maxMessageSize) return std::nullopt;
  return static_cast<double>(*slots.maxMessageSize);
}

void DtlsTransportImpl::close(Dropped& dropped) {
  slots.state = DtlsTransportState::Closed;
  ice->slots.state = IceTransportState::Closed;
  dropped.push_back(stateChange.take());
  dropped.push_back(error.take());
  ice->drop(dropped);
}

void SctpTransportImpl::close(Dropped& dropped) {
  slots.state = SctpTransportState::Closed;
  dropped.push_back(stateChange.take());
}

}  // namespace parley::pc

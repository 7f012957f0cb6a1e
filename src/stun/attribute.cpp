#include "stun/attribute.hpp"

namespace parley::stun {

bool isKnown(AttributeType type) {
  switch (type) {  // without a default, so that the compiler names a type that was forgotten
    case AttributeType::MappedAddress:
    case AttributeType::Username:
    case AttributeType::MessageIntegrity:
    case AttributeType::ErrorCode:
    case AttributeType::UnknownAttributes:
    case AttributeType::ChannelNumber:
    case AttributeType::Lifetime:
    case AttributeType::XorPeerAddress:
    case AttributeType::Data:
    case AttributeType::Realm:
    case AttributeType::Nonce:
    case AttributeType::XorRelayedAddress:
    case AttributeType::RequestedAddressFamily:
    case AttributeType::EvenPort:
    case AttributeType::RequestedTransport:
    case AttributeType::DontFragment:
    case AttributeType::MessageIntegritySha256:
    case AttributeType::PasswordAlgorithm:
    case AttributeType::Userhash:
    case AttributeType::XorMappedAddress:
    case AttributeType::ReservationToken:
    case AttributeType::Priority:
    case AttributeType::UseCandidate:
    case AttributeType::AdditionalAddressFamily:
    case AttributeType::AddressErrorCode:
    case AttributeType::PasswordAlgorithms:
    case AttributeType::AlternateDomain:
    case AttributeType::Icmp:
    case AttributeType::Software:
    case AttributeType::AlternateServer:
    case AttributeType::Fingerprint:
    case AttributeType::Nomination:
    case AttributeType::IceControlled:
    case AttributeType::IceControlling: return true;
  }
  return false;
}

}  // namespace parley::stun

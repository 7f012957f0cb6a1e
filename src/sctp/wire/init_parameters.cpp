#include "sctp/wire/init_parameters.hpp"

#include <array>

namespace parley::sctp::wire {

base::Result<InitParameters, ChunkError> InitParameters::parse(base::Bytes block) {
  InitParameters result;
  TlvReader reader(block);
  while (auto parameter = reader.next()) {
    switch (static_cast<ParameterType>(parameter->type)) {
      case ParameterType::ForwardTsnSupported: result.forwardTsn = true; continue;
      case ParameterType::SupportedExtensions:
        for (auto type : parameter->value) {
          if (type == static_cast<std::uint8_t>(ChunkType::ForwardTsn)) result.forwardTsn = true;
          if (type == static_cast<std::uint8_t>(ChunkType::ReConfig)) result.reConfig = true;
          if (type == static_cast<std::uint8_t>(ChunkType::IData)) result.interleaving = true;
          if (type == static_cast<std::uint8_t>(ChunkType::IForwardTsn)) result.iForwardTsn = true;
          if (type == static_cast<std::uint8_t>(ChunkType::Pad)) result.pad = true;
        }
        continue;
      case ParameterType::ZeroChecksumAcceptable:
        if (parameter->value.size() == 4) result.errorDetection = base::load32(parameter->value.data());
        continue;
      case ParameterType::StateCookie: result.cookie = parameter->value; continue;
      case ParameterType::HostNameAddress: result.hostName = true; continue;
      case ParameterType::HeartbeatInfo:
      case ParameterType::Ipv4Address:  // The path is DTLS's: addresses have no meaning (RFC 8261 s.6.1).
      case ParameterType::Ipv6Address:
      case ParameterType::UnrecognizedParameter:
      case ParameterType::CookiePreservative:
      case ParameterType::SupportedAddressTypes: continue;
      default: break;
    }
    const auto action = unknownActionOf(parameter->type);
    if (action.report) result.unrecognized.push_back(parameter->whole);
    if (action.stop) return result;
  }
  if (!reader.ok()) return base::unexpected(ChunkError::BadLength);
  return result;
}

void InitParameters::appendTo(TlvBlock& block) const {
  if (forwardTsn) block.add(number(ParameterType::ForwardTsnSupported), {});
  std::array<std::uint8_t, 5> extensions{};
  std::size_t count = 0;
  const auto extension = [&](bool supported, ChunkType type) {
    if (supported) extensions[count++] = static_cast<std::uint8_t>(type);
  };
  extension(interleaving, ChunkType::IData);
  extension(reConfig, ChunkType::ReConfig);
  extension(pad, ChunkType::Pad);
  extension(forwardTsn, ChunkType::ForwardTsn);
  extension(iForwardTsn, ChunkType::IForwardTsn);
  if (count > 0) block.add(number(ParameterType::SupportedExtensions), base::Bytes(extensions).first(count));
  if (errorDetection) {
    std::array<std::uint8_t, 4> method{};
    base::store32(method.data(), *errorDetection);
    block.add(number(ParameterType::ZeroChecksumAcceptable), method);
  }
  if (!cookie.empty()) block.add(number(ParameterType::StateCookie), cookie);
  for (auto parameter : unrecognized) block.add(number(ParameterType::UnrecognizedParameter), parameter);
}

}  // namespace parley::sctp::wire

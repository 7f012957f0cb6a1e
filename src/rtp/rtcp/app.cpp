#include "rtp/rtcp/app.hpp"

#include <cstring>

namespace parley::rtp::rtcp {

base::Result<App, ParseError> App::parse(const PacketView& packet) {
  if (packet.body.size() < 8) return base::unexpected(ParseError::Malformed);
  App app;
  app.subtype = packet.count;
  app.ssrc = base::load32(packet.body.data());
  std::memcpy(app.name.data(), packet.body.data() + 4, app.name.size());
  app.data = packet.body.subspan(8);
  return app;
}

std::size_t App::size() const { return headerSize + 8 + (data.size() & ~std::size_t{3}); }

void App::write(base::MutableBytes room) const {
  writeHeader(room, Type::App, subtype);
  base::store32(room.data() + headerSize, ssrc);
  std::memcpy(room.data() + headerSize + 4, name.data(), name.size());
  auto rest = room.subspan(headerSize + 8);
  if (!rest.empty()) std::memcpy(rest.data(), data.data(), rest.size());
}

}  // namespace parley::rtp::rtcp

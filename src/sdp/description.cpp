#include "sdp/description.hpp"

#include <string_view>

namespace parley::sdp {

bool MediaSection::isRtp() const { return protocol.find("RTP/") != std::string::npos; }

bool MediaSection::isSctp() const { return std::string_view(protocol).ends_with("DTLS/SCTP"); }

}  // namespace parley::sdp

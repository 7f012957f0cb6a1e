#pragma once

#include "sdp/attributes.hpp"
#include "sdp/fields.hpp"

/// \file
/// One function for each attribute with a value: reads what stands behind the colon. Failures stay in the reader.

namespace parley::sdp {

// parse_transport.cpp
Attribute parseGroup(Fields& in);
Attribute parseMid(Fields& in);
Attribute parseIceUfrag(Fields& in);
Attribute parseIcePwd(Fields& in);
Attribute parseIceOptions(Fields& in);
Attribute parseIcePacing(Fields& in);
Attribute parseCandidate(Fields& in);
Attribute parseRemoteCandidates(Fields& in);
Attribute parseFingerprint(Fields& in);
Attribute parseSetup(Fields& in);
Attribute parseTlsId(Fields& in);
Attribute parseIdentity(Fields& in);
Attribute parseCrypto(Fields& in);
Attribute parseSctpPort(Fields& in);
Attribute parseMaxMessageSize(Fields& in);
Attribute parseSctpMap(Fields& in);
Attribute parseSctpInit(Fields& in);

// parse_media.cpp
Attribute parseRtpmap(Fields& in);
Attribute parseFmtp(Fields& in);
Attribute parsePtime(Fields& in);
Attribute parseMaxPtime(Fields& in);
Attribute parseFramerate(Fields& in);
Attribute parseImageattr(Fields& in);
Attribute parseRtcpFb(Fields& in);
Attribute parseRtcp(Fields& in);
Attribute parseExtmap(Fields& in);
Attribute parseMsid(Fields& in);
Attribute parseMsidSemantic(Fields& in);
Attribute parseSsrc(Fields& in);
Attribute parseSsrcGroup(Fields& in);
Attribute parseRid(Fields& in);
Attribute parseSimulcast(Fields& in);

/// <nettype> <addrtype> <address>, of o=, c= and a=rtcp.
Connection parseConnection(Fields& in);

}  // namespace parley::sdp

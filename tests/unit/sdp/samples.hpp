#pragma once

#include <string>

namespace parley::sdp::test {

/// RFC 8866 s.5, the example at its end.
inline const std::string rfc8866Example =
    "v=0\r\n"
    "o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\n"
    "s=Call to John Smith\r\n"
    "i=SDP Offer #1\r\n"
    "u=http://www.jdoe.example.com/home.html\r\n"
    "e=Jane Doe <jane@jdoe.example.com>\r\n"
    "p=+1 617 555-6011\r\n"
    "c=IN IP4 198.51.100.1\r\n"
    "t=0 0\r\n"
    "m=audio 49170 RTP/AVP 0\r\n"
    "m=audio 49180 RTP/AVP 0\r\n"
    "m=video 51372 RTP/AVP 99\r\n"
    "c=IN IP6 2001:db8::2\r\n"
    "a=rtpmap:99 h263-1998/90000\r\n";

/// RFC 9429 s.7.2: offer-B1.
inline const std::string rfc9429OfferB1 =
    "v=0\r\n"
    "o=- 4962303333179871723 1 IN IP4 0.0.0.0\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=ice-options:trickle ice2\r\n"
    "a=group:BUNDLE a1 d1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 96 0 8 97 98\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=mid:a1\r\n"
    "a=sendrecv\r\n"
    "a=rtpmap:96 opus/48000/2\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:97 telephone-event/8000\r\n"
    "a=rtpmap:98 telephone-event/48000\r\n"
    "a=fmtp:97 0-15\r\n"
    "a=fmtp:98 0-15\r\n"
    "a=maxptime:120\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=msid:57017fee-b6c1-4162-929c-a25110252400\r\n"
    "a=ice-ufrag:ATEn\r\n"
    "a=ice-pwd:AtSK0WpNtpUjkY4+86js7ZQl\r\n"
    "a=fingerprint:sha-256 29:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:"
    "26:33:E8:70:88:A2\r\n"
    "a=setup:actpass\r\n"
    "a=tls-id:17f0f4ba8a5f1213faca591b58ba52a7\r\n"
    "a=rtcp-mux\r\n"
    "a=rtcp-mux-only\r\n"
    "a=rtcp-rsize\r\n"
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=mid:d1\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:65536\r\n"
    "a=bundle-only\r\n";

/// A first offer of a data channel, with one candidate, in the form of RFC 9429 s.7.2.
inline const std::string dataOffer =
    "v=0\r\n"
    "o=- 4962303333179871723 1 IN IP4 0.0.0.0\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=ice-options:trickle ice2\r\n"
    "a=group:BUNDLE d1\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=mid:d1\r\n"
    "a=ice-ufrag:7sFv\r\n"
    "a=ice-pwd:dOTZKZNVlO9RSGsEGM63JXT2\r\n"
    "a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:"
    "19:08\r\n"
    "a=setup:actpass\r\n"
    "a=tls-id:17f0f4ba8a5f1213faca591b58ba52a7\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:65536\r\n"
    "a=candidate:1 1 udp 2113929471 203.0.113.100 10100 typ host\r\n"
    "a=end-of-candidates\r\n";

/// A session with one RTP section, whose lines begin at number 5.
inline std::string withMediaLines(const std::string& lines) {
  return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + lines;
}

inline std::string withSessionLines(const std::string& lines) {
  return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + lines;
}

}  // namespace parley::sdp::test

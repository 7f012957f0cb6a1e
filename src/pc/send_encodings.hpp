#pragma once

#include <parley/rtp_parameters.hpp>

#include <vector>

namespace parley::pc {

/// W3C addTransceiver: validates what the application wants to send, and fills in defaults. Throws TypeError, RangeError
/// or OperationError.
std::vector<RtpEncodingParameters> validEncodings(MediaKind kind, std::vector<RtpEncodingParameters> encodings);

/// W3C setParameters: throws unless `wanted` is `last` with other encodings. Returns those.
std::vector<RtpEncodingParameters> changedEncodings(MediaKind kind, const RtpSendParameters& last,
                                                    const RtpSendParameters& wanted);

}  // namespace parley::pc

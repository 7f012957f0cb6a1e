#include "pc/send_encodings.hpp"

#include "pc/media_codecs.hpp"

#include <parley/error.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace parley::pc {

namespace {

/// RFC 8851 s.10 restricts characters, RFC 8852 s.3.3 the length to what a header extension holds.
bool isRid(const std::string& rid) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return rid.size() <= 255 && std::all_of(rid.begin(), rid.end(), allowed);
}

/// More would not fit into one description, and nobody receives them.
constexpr std::size_t maxEncodings = 16;

void checkValues(MediaKind kind, std::vector<RtpEncodingParameters>& encodings) {
  for (auto& encoding : encodings) {
    if (kind == MediaKind::Audio) {
      encoding.scaleResolutionDownBy.reset();
      encoding.maxFramerate.reset();
      encoding.scalabilityMode.reset();
    }
    if (encoding.scaleResolutionDownBy && !(*encoding.scaleResolutionDownBy >= 1.0))
      throw Error(ErrorName::RangeError, "scaleResolutionDownBy is at least 1");
    if (encoding.maxFramerate && !(*encoding.maxFramerate >= 0.0))
      throw Error(ErrorName::RangeError, "maxFramerate is not negative");
    if (!encoding.codec) continue;
    const auto& codecs = mediaCodecs(kind);
    if (std::none_of(codecs.begin(), codecs.end(),
                     [&](const MediaCodec& one) { return sameCodec(toRtpCodec(kind, one), *encoding.codec); }))
      throw Error(ErrorName::OperationError, encoding.codec->mimeType + " is not among the codecs of getCapabilities");
  }
}

}  // namespace

std::vector<RtpEncodingParameters> validEncodings(MediaKind kind, std::vector<RtpEncodingParameters> encodings) {
  if (encodings.empty()) return encodings;
  std::set<std::string> rids;
  for (const auto& encoding : encodings) {
    if (!isRid(encoding.rid)) throw Error(ErrorName::TypeError, "\"" + encoding.rid + "\" is not a rid");
    rids.insert(encoding.rid);
  }
  if (encodings.size() > 1 && (rids.size() != encodings.size() || rids.contains("")))
    throw Error(ErrorName::TypeError, "several encodings need a rid each");
  checkValues(kind, encodings);
  if (kind == MediaKind::Audio) {
    // W3C: simulcast is of video.
    encodings.resize(1);
    encodings.front().rid.clear();
    return encodings;
  }
  // W3C: a single encoding has no rid; there is nothing to tell it from.
  if (encodings.size() == 1) encodings.front().rid.clear();
  if (encodings.size() > maxEncodings) encodings.resize(maxEncodings);
  // W3C: who says nothing of scaling gets halves, with the whole picture last.
  if (std::none_of(encodings.begin(), encodings.end(), [](const auto& one) { return one.scaleResolutionDownBy; }))
    for (std::size_t i = 0; i < encodings.size(); ++i)
      encodings[i].scaleResolutionDownBy = std::ldexp(1.0, static_cast<int>(encodings.size() - 1 - i));
  for (auto& encoding : encodings)
    if (!encoding.scaleResolutionDownBy) encoding.scaleResolutionDownBy = 1.0;
  return encodings;
}

std::vector<RtpEncodingParameters> changedEncodings(MediaKind kind, const RtpSendParameters& last,
                                                    const RtpSendParameters& wanted) {
  const auto refuse = [](const char* what) { throw Error(ErrorName::InvalidModificationError, what); };
  if (wanted.transactionId != last.transactionId) refuse("the parameters are not those of the last getParameters");
  if (wanted.codecs != last.codecs || wanted.headerExtensions != last.headerExtensions || wanted.rtcp != last.rtcp)
    refuse("codecs, header extensions and rtcp are read-only");
  if (wanted.encodings.size() != last.encodings.size()) refuse("the number of encodings cannot change");
  for (std::size_t i = 0; i < last.encodings.size(); ++i)
    if (wanted.encodings[i].rid != last.encodings[i].rid) refuse("rids are read-only");
  auto encodings = wanted.encodings;
  checkValues(kind, encodings);
  return encodings;
}

}  // namespace parley::pc

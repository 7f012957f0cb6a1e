#include "ice/credentials.hpp"

#include <algorithm>

namespace parley::ice {

namespace {

constexpr std::string_view iceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(iceChars.size() == 64);

bool isIceText(std::string_view text, std::size_t least) {
  return text.size() >= least && text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](char c) { return iceChars.find(c) != std::string_view::npos; });
}

}  // namespace

Credentials makeCredentials(base::Random& random) { return {random.text(8, iceChars), random.text(24, iceChars)}; }

bool isValidUfrag(std::string_view ufrag) { return isIceText(ufrag, 4); }
bool isValidPwd(std::string_view pwd) { return isIceText(pwd, 22); }

}  // namespace parley::ice

#include "dtls/openssl_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace parley::dtls {

std::string lastOpenSslError() {
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET)
    return std::string("the peer's alert: ") + SSL_alert_desc_string_long(ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET);
  const char* reason = ERR_reason_error_string(error);
  return reason ? reason : "no reason given";
}

}  // namespace parley::dtls

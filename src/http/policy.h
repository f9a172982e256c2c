// What every response gets on its way out: conditional requests, gzip, security headers, CORS.
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/message.h"

namespace siploom::http {

struct Policy {
  // Origins that scripts may call from, such as https://desk.example.org; none: CORS is off. "*"
  // allows all, but then never with credentials.
  std::vector<std::string> cors_origins;
  // Strict-Transport-Security on answers over TLS, in seconds; 0: none.
  int64_t hsts_s = 365 * 24 * 3600;
  // For HTML that names no policy of its own.
  std::string content_security_policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
};

// How the body has to be sent.
struct Finish {
  bool gzip_stream = false;  // a streamed body is to be compressed as it comes
};

// Completes `response` to `request`: 304 for a matching If-None-Match (RFC 9110 13.1.2), gzip,
// headers. What the handler set itself stays.
Finish finish_response(const Policy& policy, const Request& request, Response& response);

// A CORS preflight: OPTIONS with Origin and Access-Control-Request-Method.
bool is_preflight(const Request& request);
// The answer to it: what the path allows, if the origin may ask at all.
Response answer_preflight(const Policy& policy, const Request& request,
                          const std::vector<Method>& allowed);

// Status line and header lines with the empty line after them; `more` is for what the connection
// adds. A length for bodies that are not streamed.
std::string response_head(const Response& response, int minor_version, const Headers& more,
                          bool with_length);
// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string http_date(Timestamp t);

}  // namespace siploom::http

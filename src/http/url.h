// URLs as servers and clients of HTTP need them: percent coding (RFC 3986 2.1), queries and forms
// (application/x-www-form-urlencoded), request targets (RFC 9112 3.2). Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace siploom::http {

constexpr size_t kParametersMax = 256;  // of one query or form
constexpr size_t kPathSegmentsMax = 64;

struct Parameter {
  std::string name;
  std::string value;
};

// Parameters in the order they came in; a name may stand there more than once.
struct Parameters {
  std::vector<Parameter> list;

  // The first of that name, or nothing.
  std::optional<std::string_view> find(std::string_view name) const;
  std::string_view get(std::string_view name, std::string_view otherwise = {}) const;
  std::vector<std::string_view> all(std::string_view name) const;
};

enum class Plus : uint8_t { IsPlus, IsBlank };  // what '+' stands for

// Nothing when a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text, Plus plus = Plus::IsPlus);
// All but the unreserved characters (RFC 3986 2.3) and those of `safe` is written as %XX.
std::string percent_encode(std::string_view text, std::string_view safe = {});

// "a=1&b=x+y", without the '?'. Malformed for a broken escape, LimitExceeded for too many.
Result<Parameters> parse_query(std::string_view query, size_t parameters_max = kParametersMax);

// The target of a request line in origin-form, absolute-form or asterisk-form.
struct Target {
  std::string raw_path;               // as sent, "/" when absent; its escapes tell %2F from '/'
  std::string path;                   // decoded
  std::vector<std::string> segments;  // decoded, of raw_path: "/a/b%2Fc" has "a" and "b/c"
  std::string query;                  // as sent, without '?'
};
// Malformed for broken escapes, control characters, and segments that are "." or "..": what a path
// names is then the same for the router, a proxy and a folder.
Result<Target> parse_target(std::string_view target);

// http://host:port/path?query or https://...
struct Url {
  bool tls = false;
  std::string host;  // without the brackets of IPv6
  uint16_t port = 0;
  std::string target;  // path and query, at least "/"

  // As in a Host header: brackets around IPv6, the port when it is not the scheme's own.
  std::string authority() const;
};
// InvalidArgument says what is wrong. User names, passwords and other schemes are refused.
Result<Url> parse_url(std::string_view text);

// Whether `host` may stand in a Host header: a name, an IPv4 or a bracketed IPv6 address, a port.
bool is_authority(std::string_view host);

}  // namespace siploom::http

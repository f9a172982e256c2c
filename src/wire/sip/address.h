// name-addr and addr-spec with their parameters (RFC 3261 20.10, 25.1): From, To, Contact,
// P-Asserted-Identity ...
#pragma once

#include <optional>
#include <string_view>

#include "wire/sip/params.h"
#include "wire/sip/uri.h"

namespace siploom::sip {

struct Address {
  std::string_view display;  // without quotes; escapes inside stay (see unquote)
  std::string_view uri_text;
  std::string_view params;  // of the header, not of the URI
  Uri uri;
  bool any = false;  // "*" of Contact

  std::string_view tag() const { return find_param(params, "tag").value_or(std::string_view{}); }
};

// Nothing when no URI can be found in it.
std::optional<Address> parse_address(std::string_view value);

}  // namespace siploom::sip

// ";name=value" lists as many headers carry them (RFC 3261 25.1 generic-param), and comma lists of
// "name=value" as in credentials. Views into the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace siploom::sip {

struct Param {
  std::string_view name, value;  // value without its quotes; escapes inside stay
  bool has_value = false;
};

// Takes the next parameter off the front of ";a=b;c" (the leading separator is optional); quoted
// values are minded.
bool take_param(std::string_view& rest, Param& out, char separator = ';');
// The value of a parameter, any case; nothing when it is absent, an empty view when it has no
// value.
std::optional<std::string_view> find_param(std::string_view params, std::string_view name,
                                           char separator = ';');

// %HH sequences decoded (RFC 3986 2.1), NULs included; broken ones stay.
std::string unescape(std::string_view text);
// \x escapes of a quoted string taken off (RFC 3261 25.1).
std::string unquote(std::string_view text);

}  // namespace siploom::sip

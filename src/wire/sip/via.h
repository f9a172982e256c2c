// One Via value (RFC 3261 20.42, RFC 3581).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace siploom::sip {

struct Via {
  std::string_view transport;  // "UDP", as it stands
  std::string_view host;       // sent-by, without the brackets of IPv6
  std::string_view params;
  std::string_view branch, received;
  uint16_t port = 0;  // 0: none
  uint16_t rport = 0;
  bool has_rport = false;  // with or without a value
};

std::optional<Via> parse_via(std::string_view value);

}  // namespace siploom::sip

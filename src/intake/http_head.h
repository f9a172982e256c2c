// The head of an HTTP/1.x request (RFC 9112), read strictly: what is ambiguous is refused, since
// another reader in between may have understood it otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace siploom::intake {

constexpr size_t kMaxHttpHeadBytes = 8 * 1024;
constexpr size_t kMaxHttpHeaders = 64;

// Views into the head that was read.
struct HttpHead {
  std::string_view method, target;
  bool http_1_0 = false;
  bool close = false;    // the connection ends after the answer (RFC 9112 9.3)
  bool chunked = false;  // RFC 9112 7.1
  bool compressed = false;
  bool expects_continue = false;
  std::optional<uint64_t> content_length;
  bool upgrade_websocket = false, connection_upgrade = false;  // RFC 6455 4.2.1
  bool has_host = false;
  std::string_view websocket_key, websocket_version, websocket_protocol;

  int status = 0;             // of the refusal; 0: the head is good
  std::string_view why = {};  // one line for the sender
};

// `head` ends with its blank line.
HttpHead read_http_head(std::string_view head);

}  // namespace siploom::intake

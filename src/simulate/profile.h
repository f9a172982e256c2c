// Profiles: what tells one maker's user agent from another's on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "simulate/hosts.h"

namespace siploom::simulate {

enum class CallIdStyle : uint8_t { HexAtHost, Uuid, Numeric };

struct Profile {
  std::string_view agent{};
  std::string_view allow{};
  std::string_view supported{};
  std::string_view sdp_user{}, sdp_session{};  // o= user name and s=
  CallIdStyle call_id = CallIdStyle::HexAtHost;
  uint8_t tag_digits = 10;  // at most 16
  bool rport = true;        // asks for RFC 3581
  bool compact = false;     // compact header names (RFC 3261 7.3.3)
  bool is_server = false;   // says Server in responses
};

// Profiles of a role are numbered from 0; telephones on WebSocket have their own.
size_t profile_count(Role role);
uint8_t profile_number(Role role, size_t index);
uint8_t websocket_profile();
const Profile& profile(uint8_t number);

// Who is behind a number; all numbers are kept free for fiction by their regulators, or are
// extensions.
struct Identity {
  enum class Style : uint8_t { Extension, American, British, Name };
  Style style = Style::Extension;
  uint16_t number = 1000;
  uint8_t name = 0;  // display name; 0: none
};
void append_user(TextBuffer& out, const Identity& identity);
std::string_view display_name(const Identity& identity);
constexpr uint8_t kDisplayNames = 24;

}  // namespace siploom::simulate

// HEP v1 and v2: a C struct of the sender's.
#include "base/text.h"
#include "wire/hep/decode_parts.h"
#include "wire/sip/message.h"

namespace siploom::hep {

namespace {

constexpr size_t kTimeHeader = 12;  // two words, 16 bits, padded as C structs are
constexpr size_t kShortTimeHeader = 10;

size_t address_header_size(uint8_t family) { return is_v6_family(family) ? 40 : 16; }

std::string_view without_blank_lines(std::string_view text) {
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) text.remove_prefix(1);
  return text;
}

size_t method_length(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && size < 32 && (is_alnum(text[size]) || text[size] == '-')) ++size;
  return size < text.size() && text[size] == ' ' ? size : 0;
}

bool begins_like_sip(std::string_view text) {
  text = without_blank_lines(text);
  return text.starts_with("SIP/") || method_length(text) >= 2;
}

bool begins_with_known_sip(std::string_view text) {
  text = without_blank_lines(text);
  return text.starts_with("SIP/") ||
         sip::method_from(text.substr(0, method_length(text))) != sip::Method::Unknown;
}

// "INVITE" behind 10 octets is "VITE" behind 12: known words decide, then how the two octets look
// that are padding or the payload's first.
size_t time_header_size(ByteSpan bytes, size_t at) {
  const std::string_view text = as_text(bytes);
  if (bytes.size() <= at + kTimeHeader) return kTimeHeader;
  if (begins_with_known_sip(text.substr(at + kTimeHeader))) return kTimeHeader;
  const std::string_view shorter = text.substr(at + kShortTimeHeader);
  if (!is_alpha(shorter[0]) || !is_alnum(shorter[1])) return kTimeHeader;
  const bool known = begins_with_known_sip(shorter);
  return known || begins_like_sip(shorter) ? kShortTimeHeader : kTimeHeader;
}

struct Time {
  uint32_t seconds, microseconds;
};

// How much speaks for this byte order.
int plausibility(const Time& time) {
  constexpr uint32_t kFrom = 1'104'537'600, kTo = 2'366'841'600;  // 2005, 2045
  if (time.seconds == 0) return 0;
  return (time.microseconds < 1'000'000 ? 2 : 0) +
         (time.seconds >= kFrom && time.seconds < kTo ? 1 : 0);
}

void take_time(const uint8_t* at, Packet& out) {
  const Time little{load_le32(at), load_le32(at + 4)};
  const Time big{load_be32(at), load_be32(at + 4)};
  const bool is_big = plausibility(big) > plausibility(little);
  const Time& time = is_big ? big : little;
  if (is_big) out.quirks.add(Quirk::BigEndianTime);
  out.time = make_time(time.seconds, time.microseconds, out.quirks);
  out.agent_id = out.agent_id_raw = is_big ? load_be16(at + 8) : load_le16(at + 8);
}

bool is_known_length(uint8_t length) {
  return length == 16 || length == 40 || length == 28 || length == 52;
}

bool is_known_protocol(uint8_t protocol) {
  return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 22 || protocol == 50;
}

}  // namespace

bool is_v12(ByteSpan bytes, bool strict) {
  if (bytes.size() < 16 || (bytes[0] != 1 && bytes[0] != 2)) return false;
  if (bytes[2] != 2 && !is_v6_family(bytes[2])) return false;
  const size_t addresses = address_header_size(bytes[2]);
  const bool timed = bytes[0] == 2;
  const size_t shortest = addresses + (timed ? kShortTimeHeader : 0);
  if (bytes.size() < shortest) return false;
  const size_t header = addresses + (timed ? time_header_size(bytes, addresses) : 0);
  if (bytes.size() > header + 8 && begins_like_sip(as_text(bytes.subspan(header)))) return true;
  return !strict && is_known_length(bytes[1]) && is_known_protocol(bytes[3]);
}

bool decode_v12(ByteSpan bytes, Packet& out) {
  if (!is_v12(bytes, false)) return false;
  out.version = bytes[0];
  out.family = bytes[2];
  take_ip_protocol(bytes[3], out);
  out.src.port = load_be16(&bytes[4]);
  out.dst.port = load_be16(&bytes[6]);
  out.has_src = out.has_dst = true;
  const size_t addresses = address_header_size(bytes[2]);
  if (bytes[1] != addresses) out.quirks.add(Quirk::OddHeaderLength);
  if (is_v6_family(bytes[2])) {
    if (bytes[2] != 10) out.quirks.add(Quirk::BsdFamily);
    out.src.address = IpAddress::v6(&bytes[8]);
    out.dst.address = IpAddress::v6(&bytes[24]);
    note_v6(out.src.address, out.quirks);
    note_v6(out.dst.address, out.quirks);
  } else {
    out.src.address = IpAddress::v4(&bytes[8]);
    out.dst.address = IpAddress::v4(&bytes[12]);
  }
  size_t at = addresses;
  if (out.version == 2) {
    const size_t size = time_header_size(bytes, at);
    if (size == kShortTimeHeader) out.quirks.add(Quirk::ShortTimeHeader);
    take_time(&bytes[at], out);
    at = std::min(at + size, bytes.size());
  }
  out.payload = trim_nuls(bytes.subspan(at), out.quirks);  // OpenSIPS sends 8 or 32 of them
  if (out.payload.empty()) out.quirks.add(Quirk::NoPayload);
  return true;
}

}  // namespace siploom::hep

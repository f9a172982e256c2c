#include "wire/rtp/rtp.h"

namespace siploom::rtp {

bool parse(ByteSpan bytes, Header& out) {
  if (bytes.size() < 12 || bytes[0] >> 6 != 2) return false;
  // RFC 5761 4: packet types of RTCP and their neighbours are no payload types.
  if (bytes[1] >= 192 && bytes[1] <= 223) return false;
  size_t header = 12 + size_t{4} * (bytes[0] & 0x0F);
  if ((bytes[0] & 0x10) != 0) {
    if (header + 4 > bytes.size()) return false;
    header += 4 + size_t{4} * load_be16(&bytes[header + 2]);
  }
  if (header > bytes.size()) return false;
  uint16_t padding = 0;
  if ((bytes[0] & 0x20) != 0) {
    padding = bytes.back();
    // A cut packet's last octet is no padding count.
    if (padding == 0 || padding > bytes.size() - header) padding = 0;
  }
  out.header_size = static_cast<uint16_t>(header);
  out.padding = padding;
  out.payload_type = bytes[1] & 0x7F;
  out.marker = (bytes[1] & 0x80) != 0;
  out.sequence = load_be16(&bytes[2]);
  out.timestamp = load_be32(&bytes[4]);
  out.ssrc = load_be32(&bytes[8]);
  return true;
}

bool looks_like_rtcp(ByteSpan bytes) {
  if (bytes.size() < 8 || bytes[0] >> 6 != 2 || bytes[1] < 192 || bytes[1] > 223) return false;
  // The first length must make sense; of the rest of a compound (RFC 3550 6.1) what is there must.
  size_t at = 0;
  for (int packets = 0; at + 4 <= bytes.size(); ++packets) {
    const bool shape = bytes[at] >> 6 == 2 && bytes[at + 1] >= 192 && bytes[at + 1] <= 223;
    if (!shape) return packets > 0;  // SRTCP's trailer, or padding
    at += 4 + size_t{4} * load_be16(&bytes[at + 2]);
  }
  const size_t first = 4 + size_t{4} * load_be16(&bytes[2]);
  return first >= 8 && (first <= bytes.size() || bytes.size() >= 28);
}

}  // namespace siploom::rtp

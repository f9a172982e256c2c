#include "wire/hep/hep.h"

#include <algorithm>

#include "base/text.h"
#include "wire/hep/inflate.h"

namespace siploom::hep {

namespace {

constexpr size_t kV3Header = 6;
constexpr uint64_t kNtpEpoch = 2'208'988'800;  // seconds from 1900 to 1970
// Clocks outside these are wrong (docs: hep quirks); 2000 and 2100.
constexpr uint64_t kEarliest = 946'684'800, kLatest = 4'102'444'800;

bool is_v3_magic(std::string_view head) {
  return head == "HEP3" || head == "EEP3" || head == "EEP1";
}

bool is_v6_family(uint8_t family) { return family == 10 || family == 28 || family == 30; }

Transport transport_of(uint8_t ip_protocol) {
  switch (ip_protocol) {
    case 6:
      return Transport::Tcp;
    case 132:
      return Transport::Sctp;
    case 22:
      return Transport::Tls;  // what Kamailio and OpenSIPS write for TLS
    case 50:
      return Transport::Ws;  // and OpenSIPS for WS and WSS
    default:
      return Transport::Udp;
  }
}

Timestamp make_time(uint64_t seconds, uint64_t microseconds) {
  if (seconds > kLatest && seconds - kNtpEpoch < kLatest && seconds > kNtpEpoch)
    seconds -= kNtpEpoch;
  if (seconds < kEarliest || seconds > kLatest) return kNoTime;
  if (microseconds >= 1'000'000) microseconds = 0;  // the seconds alone are to be believed
  return {static_cast<int64_t>(seconds) * kSecond +
          static_cast<int64_t>(microseconds) * kMicrosecond};
}

bool begins_like_sip(std::string_view text) {
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) text.remove_prefix(1);
  if (text.starts_with("SIP/")) return true;
  size_t method = 0;
  while (method < text.size() && method < 32 && (is_alnum(text[method]) || text[method] == '-'))
    ++method;
  return method >= 2 && method < text.size() && text[method] == ' ';
}

size_t v12_header_size(uint8_t version, uint8_t family) {
  return (is_v6_family(family) ? 40 : 16) + (version == 2 ? 12 : 0);
}

bool is_v12(ByteSpan bytes) {
  if (bytes.size() < 24 || (bytes[0] != 1 && bytes[0] != 2)) return false;
  if (bytes[2] != 2 && !is_v6_family(bytes[2])) return false;
  const size_t header = v12_header_size(bytes[0], bytes[2]);
  return bytes.size() > header + 8 && begins_like_sip(as_text(bytes.subspan(header)));
}

// OpenSIPS sends NULs behind the payload of v1 and v2.
ByteSpan trim_nuls(ByteSpan payload) {
  while (!payload.empty() && payload.back() == 0) payload = payload.first(payload.size() - 1);
  return payload;
}

bool decode_v12(ByteSpan bytes, Packet& out) {
  if (!is_v12(bytes)) return false;
  out.version = bytes[0];
  out.protocol_type = kSip;
  out.ip_protocol = bytes[3];
  out.transport = transport_of(bytes[3]);
  out.src.port = load_be16(&bytes[4]);
  out.dst.port = load_be16(&bytes[6]);
  size_t at = 8;
  if (is_v6_family(bytes[2])) {
    out.src.address = IpAddress::v6(&bytes[at]);
    out.dst.address = IpAddress::v6(&bytes[at + 16]);
    at += 32;
  } else {
    out.src.address = IpAddress::v4(&bytes[at]);
    out.dst.address = IpAddress::v4(&bytes[at + 4]);
    at += 8;
  }
  if (out.version == 2) {
    // A C struct in the sender's own order, in practice little-endian, padded to 12 octets.
    out.time = make_time(load_le32(&bytes[at]), load_le32(&bytes[at + 4]));
    if (!is_known(out.time)) out.time = make_time(load_be32(&bytes[at]), load_be32(&bytes[at + 4]));
    out.agent_id = load_le16(&bytes[at + 8]);
    at += 12;
  }
  out.payload = trim_nuls(bytes.subspan(at));
  return true;
}

struct V3State {
  uint64_t seconds = 0, microseconds = 0;
  ByteSpan compressed;
  bool has_src = false, has_dst = false;
};

uint64_t number(ByteSpan value) {
  uint64_t n = 0;
  for (const uint8_t octet : value.first(std::min<size_t>(8, value.size()))) n = n << 8 | octet;
  return n;
}

void take_address(ByteSpan value, IpAddress& address, bool& has) {
  if (value.size() == 4) address = IpAddress::v4(value.data());
  if (value.size() == 16) address = IpAddress::v6(value.data());
  has = has || value.size() == 4 || value.size() == 16;
}

// Generic chunks, vendor 0 (HEP3 revision 37).
void take_chunk(uint16_t type, ByteSpan value, Packet& out, V3State& state) {
  switch (type) {
    case 0x02:
      out.ip_protocol = static_cast<uint8_t>(number(value));
      out.transport = transport_of(out.ip_protocol);
      break;
    case 0x03:
    case 0x05:
      take_address(value, out.src.address, state.has_src);
      break;
    case 0x04:
    case 0x06:
      take_address(value, out.dst.address, state.has_dst);
      break;
    case 0x07:
      out.src.port = static_cast<uint16_t>(number(value));
      break;
    case 0x08:
      out.dst.port = static_cast<uint16_t>(number(value));
      break;
    case 0x09:
      state.seconds = number(value);
      break;
    case 0x0a:
      state.microseconds = number(value);
      break;
    case 0x0b:
      out.protocol_type = static_cast<uint8_t>(number(value));
      break;
    case 0x0c:
      out.agent_id = static_cast<uint32_t>(number(value));
      break;
    case 0x0e:
      out.auth_key = as_text(value);
      break;
    case 0x0f:
      out.payload = value;
      break;
    case 0x10:
      state.compressed = value;
      break;
    case 0x11:
      out.correlation_id = as_text(value);
      break;
    case 0x13:
      out.agent_name = as_text(value);
      break;
    case 0x65:
      out.extra_ids = as_text(value);
      break;
    default:
      break;  // known to nobody here; its length says how far to skip
  }
}

bool decode_v3(ByteSpan bytes, Packet& out, std::string& scratch) {
  if (bytes.size() < kV3Header) return false;
  const size_t total = load_be16(&bytes[4]);
  if (total > bytes.size()) out.damaged = true;
  bytes = bytes.first(std::min(std::max(total, kV3Header), bytes.size()));
  out.version = 3;
  V3State state;
  for (size_t at = kV3Header; at + 6 <= bytes.size();) {
    const size_t length = load_be16(&bytes[at + 4]);
    if (length < 6 || length > bytes.size() - at) {
      out.damaged = true;
      break;
    }
    if (load_be16(&bytes[at]) == 0)
      take_chunk(load_be16(&bytes[at + 2]), bytes.subspan(at + 6, length - 6), out, state);
    at += length;
  }
  out.time = make_time(state.seconds, state.microseconds);
  if ((out.agent_id & 0xFFFF) == 0 &&
      out.agent_id != 0) {  // sngrep, captagent 6, sipgrep swap 16 bits
    out.agent_id >>= 16;
    out.swapped_agent_id = true;
  }
  if (out.correlation_id == "<null>") out.correlation_id = {};
  if (out.payload.empty() && !state.compressed.empty() && inflate(state.compressed, scratch)) {
    out.payload = as_bytes(scratch);
    out.inflated = true;
  }
  return !out.payload.empty() && state.has_src && state.has_dst;
}

}  // namespace

std::optional<size_t> stream_length(ByteSpan stream) {
  if (stream.size() < kV3Header) return std::nullopt;
  if (!is_v3_magic(as_text(stream.first(4)))) return size_t{0};
  const size_t length = load_be16(&stream[4]);
  return length < kV3Header ? size_t{0} : length;
}

bool looks_like_hep(ByteSpan bytes) {
  if (bytes.size() < 24) return false;
  switch (bytes[0]) {
    case 'H':
    case 'E':
      return is_v3_magic(as_text(bytes.first(4)));
    case 1:
    case 2:
      return is_v12(bytes);
    case 0x1f:
      return bytes[1] == 0x8b;  // heplify compresses whole messages
    default:
      return false;
  }
}

bool decode(ByteSpan bytes, Packet& out, std::string& scratch) {
  out = Packet{};
  if (bytes.size() < kV3Header) return false;
  if (is_v3_magic(as_text(bytes.first(4)))) return decode_v3(bytes, out, scratch);
  if (bytes[0] == 0x1f && bytes[1] == 0x8b) {
    std::string whole;
    if (!inflate(bytes, whole) || whole.size() < kV3Header ||
        !is_v3_magic(std::string_view(whole).substr(0, 4))) {
      return false;
    }
    std::string inner;
    if (!decode_v3(as_bytes(whole), out, inner)) return false;
    scratch.assign(as_text(out.payload));
    out.payload = as_bytes(scratch);
    out.agent_name = out.correlation_id = out.auth_key = out.extra_ids = {};  // they lay in `whole`
    out.inflated = true;
    return true;
  }
  return decode_v12(bytes, out);
}

}  // namespace siploom::hep

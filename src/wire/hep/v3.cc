// HEP v3: chunks in any order (HEP3 revision 37), each keyed by vendor and type.
#include <algorithm>

#include "base/text.h"
#include "wire/hep/decode_parts.h"
#include "wire/hep/hep.h"

namespace siploom::hep {

namespace {

constexpr size_t kChunkHeader = 6;
constexpr uint16_t kExtraIds = 0x65;
// Ids, and a compressed payload beside an id in its old meaning.
constexpr uint64_t kMayRepeat = uint64_t{1} << 0x10 | uint64_t{1} << 0x11;

struct Reading {
  uint64_t seconds = 0, microseconds = 0;
  ByteSpan compressed;
};

// An unsigned number of any width up to 8 octets: senders differ.
bool is_number(ByteSpan value) { return !value.empty() && value.size() <= 8; }
inline uint64_t number(ByteSpan value) {
  if (value.size() == 1) return value[0];
  if (value.size() == 4) return load_be32(value.data());
  if (value.size() == 2) return load_be16(value.data());
  uint64_t n = 0;
  for (const uint8_t octet : value) n = n << 8 | octet;
  return n;
}

template <class Int>
bool take_number(ByteSpan value, std::optional<Int>& out) {
  if (!is_number(value)) return false;
  out = static_cast<Int>(number(value));
  return true;
}

bool take_address(ByteSpan value, IpAddress& address, bool& has, Quirks& quirks) {
  if (value.size() == 4) {
    address = IpAddress::v4(value.data());
  } else if (value.size() == 16) {
    address = IpAddress::v6(value.data());
    note_v6(address, quirks);
  } else {
    return false;
  }
  has = true;
  return true;
}

bool take_mac(ByteSpan value, std::optional<uint64_t>& out, Quirks& quirks) {
  if (value.size() != 6 && value.size() != 8) return false;
  uint64_t mac = number(value);
  if (mac >> 48 != 0 && (mac & 0xFFFF) == 0) {
    mac >>= 16;
    quirks.add(Quirk::LeftAlignedMac);
  }
  out = mac & 0xFFFF'FFFF'FFFF;
  return true;
}

bool begins_like_gzip_or_zlib(ByteSpan value) {
  return (value[0] == 0x1f && value[1] == 0x8b) ||
         ((value[0] & 0x0F) == 8 && (value[0] * 256 + value[1]) % 31 == 0);
}

void take_correlation_id(ByteSpan value, Packet& out) {
  if (is_old_ss7_type(value)) {
    out.old_ss7_type = load_be16(value.data());
    out.quirks.add(Quirk::OldMeaning);
    return;
  }
  const std::string_view id = as_text(trim_nuls(value, out.quirks));
  if (id == "<null>") {
    out.quirks.add(Quirk::NullCorrelation);
  } else if (!id.empty()) {
    out.add_correlation_id(id);
  }
}

void take_compressed_chunk(ByteSpan value, Packet& out, Reading& reading) {
  if (value.size() == 4 && !begins_like_gzip_or_zlib(value)) {
    out.old_correlation = load_be32(value.data());
    out.quirks.add(Quirk::OldMeaning);
  } else {
    reading.compressed = value;
  }
}

// Types from 0x12 on, which few senders use. False: not understood.
bool take_rare_chunk(uint16_t type, ByteSpan value, Packet& out) {
  const auto text = [&](std::string_view& to) {
    to = as_text(value);
    return true;
  };
  switch (type) {
    case 0x12:
      return take_number(value, out.vlan);
    case 0x13:
      out.agent_name = as_text(trim_nuls(value, out.quirks));
      return true;
    case 0x14:
      return take_mac(value, out.src_mac, out.quirks);
    case 0x15:
      return take_mac(value, out.dst_mac, out.quirks);
    case 0x16:
      return take_number(value, out.ether_type);
    case 0x17:
      return take_number(value, out.tcp_flags);
    case 0x18:
      return take_number(value, out.tos);
    case 0x20:
      return take_number(value, out.mos);
    case 0x21:
      return take_number(value, out.r_factor);
    case 0x22:
      return text(out.geo);
    case 0x23:
      return take_number(value, out.jitter);
    case 0x24:
      return text(out.transaction_type);
    case 0x25:
      return text(out.json_keys);
    case 0x26:
      return text(out.tags);
    case 0x27:
      return take_number(value, out.tag_type);
    case 0x28:
      return take_number(value, out.event_type);
    case 0x29:
      return text(out.group_id);
    case kExtraIds:
      return text(out.extra_ids);
    default:
      return false;
  }
}

// False: not understood.
bool take_text_chunk(uint16_t type, ByteSpan value, Packet& out, Reading& reading) {
  switch (type) {
    case 0x03:
    case 0x05:
      return take_address(value, out.src.address, out.has_src, out.quirks);
    case 0x04:
    case 0x06:
      return take_address(value, out.dst.address, out.has_dst, out.quirks);
    case 0x0e:
      out.auth_key = as_text(value);
      return true;
    case 0x0f:
      out.payload = value;
      return true;
    case 0x10:
      take_compressed_chunk(value, out, reading);
      return true;
    case 0x11:
      take_correlation_id(value, out);
      return true;
    default:
      return take_rare_chunk(type, value, out);
  }
}

// Numbers of any width that is not the usual one. False: not understood.
bool take_odd_number(uint16_t type, ByteSpan value, Packet& out, Reading& reading) {
  if (!is_number(value)) return false;
  const uint64_t n = number(value);
  switch (type) {
    case 0x01:
      out.family = static_cast<uint8_t>(n);
      return true;
    case 0x02:
      take_ip_protocol(static_cast<uint8_t>(n), out);
      return true;
    case 0x07:
      out.src.port = static_cast<uint16_t>(n);
      return true;
    case 0x08:
      out.dst.port = static_cast<uint16_t>(n);
      return true;
    case 0x09:
      reading.seconds = n;
      return true;
    case 0x0a:
      reading.microseconds = n;
      return true;
    case 0x0b:
      out.protocol_type = static_cast<uint8_t>(n);
      return true;
    case 0x0c:
      out.agent_id_raw = static_cast<uint32_t>(n);
      return true;
    default:
      out.keep_alive_s = static_cast<uint16_t>(n);
      return true;
  }
}

// The numbers of every message.
constexpr uint32_t kNumbers = 1u << 0x01 | 1u << 0x02 | 1u << 0x07 | 1u << 0x08 | 1u << 0x09 |
                              1u << 0x0a | 1u << 0x0b | 1u << 0x0c | 1u << 0x0d;

void take(uint16_t vendor, uint16_t type, ByteSpan value, Packet& out, Reading& reading) {
  if (vendor == 0) {
    const bool is_basic = type <= 0x0d && (kNumbers >> type & 1) != 0;
    if (is_basic ? take_odd_number(type, value, out, reading)
                 : take_text_chunk(type, value, out, reading)) {
      return;
    }
    if (type <= 0x29 && type != 0 && (type < 0x19 || type > 0x1f))
      out.quirks.add(Quirk::OddChunkLength);
  } else if (type <= 0x29 || type == kExtraIds) {
    out.quirks.add(Quirk::VendorShadow);
  }
  out.add_other({vendor, type, value});
}

// Which types came. A bit added twice carries into its neighbour, so that sum and union differ as
// soon as one came twice.
struct Seen {
  uint64_t any = 0, sum = 0;
  void add(uint32_t type) {
    any |= uint64_t{1} << type;
    sum += uint64_t{1} << type;
  }
  bool repeated() const { return any != sum; }
};

// What every message holds, in its usual width: one jump a chunk. `key` is vendor and type. Gives
// the chunk's length, as a number known from its type where that can be: so the next chunk can be
// begun before this one's length has been read. 0: to be looked at in peace.
[[gnu::always_inline]] inline size_t take_usual(uint32_t key, const uint8_t* value, size_t size,
                                                Packet& out, Reading& reading, Seen& seen) {
  switch (key) {
    case 0x01:
      if (size != 1) return 0;
      out.family = value[0];
      seen.add(0x01);
      return kChunkHeader + 1;
    case 0x02:
      if (size != 1 || value[0] == 22 || value[0] == 50) return 0;
      out.ip_protocol = value[0];
      out.transport = transport_of(value[0]);
      seen.add(0x02);
      return kChunkHeader + 1;
    case 0x03:
      if (size != 4) return 0;
      out.src.address = IpAddress::v4(value);
      out.has_src = true;
      seen.add(0x03);
      return kChunkHeader + 4;
    case 0x04:
      if (size != 4) return 0;
      out.dst.address = IpAddress::v4(value);
      out.has_dst = true;
      seen.add(0x04);
      return kChunkHeader + 4;
    case 0x07:
      if (size != 2) return 0;
      out.src.port = load_be16(value);
      seen.add(0x07);
      return kChunkHeader + 2;
    case 0x08:
      if (size != 2) return 0;
      out.dst.port = load_be16(value);
      seen.add(0x08);
      return kChunkHeader + 2;
    case 0x09:
      if (size != 4) return 0;
      reading.seconds = load_be32(value);
      seen.add(0x09);
      return kChunkHeader + 4;
    case 0x0a:
      if (size != 4) return 0;
      reading.microseconds = load_be32(value);
      seen.add(0x0a);
      return kChunkHeader + 4;
    case 0x0b:
      if (size != 1) return 0;
      out.protocol_type = value[0];
      seen.add(0x0b);
      return kChunkHeader + 1;
    case 0x0c:
      if (size != 4) return 0;
      out.agent_id_raw = load_be32(value);
      seen.add(0x0c);
      return kChunkHeader + 4;
    case 0x0f:
      out.payload = ByteSpan(value, size);
      seen.add(0x0f);
      return kChunkHeader + size;
    default:
      return 0;
  }
}

// Gives where the message ends. A chunk that runs over the stated total but not over the datagram
// tells that the total is wrong.
size_t read_chunks(ByteSpan bytes, size_t limit, Packet& out, Reading& reading) {
  size_t at = kV3Header;
  Seen seen;
  while (at + kChunkHeader <= limit) {
    const uint8_t* const head = bytes.data() + at;
    const size_t length = load_be16(head + 4);
    if (length > limit - at && length <= bytes.size() - at) {
      limit = bytes.size();
      out.quirks.add(Quirk::LengthMismatch);
    }
    if (length < kChunkHeader || length > limit - at) [[unlikely]] {
      out.quirks.add(Quirk::Damaged);
      if (length > kChunkHeader && load_be32(head) == 0x0f) {
        out.payload = bytes.subspan(at + kChunkHeader, limit - at - kChunkHeader);
        out.quirks.add(Quirk::CutPayload);
      }
      return limit;
    }
    const uint32_t key = load_be32(head);
    const uint8_t* const value = head + kChunkHeader;
    const size_t size = length - kChunkHeader;
    const size_t known = take_usual(key, value, size, out, reading, seen);
    if (known != 0) {
      at += known;
      continue;
    }
    if (key < 64 && (kMayRepeat >> key & 1) == 0) seen.add(key);
    take(static_cast<uint16_t>(key >> 16), static_cast<uint16_t>(key), ByteSpan(value, size), out,
         reading);
    at += length;
  }
  if (at != limit) out.quirks.add(Quirk::LengthMismatch);
  if (seen.repeated()) out.quirks.add(Quirk::RepeatedChunk);
  return limit;
}

void heal_agent_id(Packet& out) {
  out.agent_id = out.agent_id_raw;
  if ((out.agent_id & 0xFFFF) != 0 || out.agent_id == 0) return;
  out.agent_id >>= 16;
  out.quirks.add(Quirk::SwappedAgentId);
}

}  // namespace

bool parse_v3(ByteSpan bytes, Packet& out, ByteSpan& compressed) {
  const auto magic = v3_magic(bytes);
  if (!magic || bytes.size() < kV3Header) return false;
  out.version = 3;
  out.magic = *magic;
  const size_t total = load_be16(&bytes[4]);
  size_t limit = bytes.size();
  if (total > limit || total < kV3Header) {
    out.quirks.add(Quirk::LengthMismatch);
  } else {
    limit = total;
  }
  Reading reading;
  limit = read_chunks(bytes, limit, out, reading);
  out.rest = bytes.subspan(limit);
  if (!out.rest.empty() && !v3_magic(out.rest)) out.quirks.add(Quirk::LengthMismatch);
  out.time = make_time(reading.seconds, reading.microseconds, out.quirks);
  heal_agent_id(out);
  if (is_v6_family(out.family) && out.family != 10) out.quirks.add(Quirk::BsdFamily);
  compressed = reading.compressed;
  return true;
}

}  // namespace siploom::hep

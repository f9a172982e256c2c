#include "wire/hep/hep.h"

#include "wire/hep/decode_parts.h"
#include "wire/hep/inflate.h"

namespace siploom::hep {

namespace {

constexpr size_t kSmallestWorthwhile = 24;

bool is_gzip(ByteSpan bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

bool is_useful(const Packet& packet) {
  if (packet.version != 3) return true;
  const bool addressed = packet.has_src && packet.has_dst;
  if (packet.payload.empty()) {
    return addressed || !packet.extra_ids.empty() || packet.keep_alive_s.has_value();
  }
  return packet.protocol_type != kSip || addressed;
}

// The payload out of 0x10, at the end of what `scratch` holds. False: 0x0f stands, or nothing is
// compressed.
bool take_compressed(ByteSpan compressed, Packet& out, std::string& scratch) {
  if (compressed.empty()) return false;
  if (!out.payload.empty()) {
    out.quirks.add(Quirk::BothPayloads);
    return false;
  }
  if (!inflate(compressed, scratch)) {
    out.quirks.add(Quirk::InflateFailed);
    out.payload = compressed;
    return false;
  }
  out.quirks.add(Quirk::Inflated);
  out.inflated = true;
  return true;
}

bool finish(Packet& out) {
  if (out.payload.empty()) out.quirks.add(Quirk::NoPayload);
  if (!out.has_src || !out.has_dst) out.quirks.add(Quirk::NoAddresses);
  return is_useful(out);
}

bool decode_plain(ByteSpan bytes, Packet& out, std::string& scratch) {
  ByteSpan compressed;
  if (!v3_magic(bytes)) return decode_v12(bytes, out);
  if (!parse_v3(bytes, out, compressed)) return false;
  if (take_compressed(compressed, out, scratch)) out.payload = as_bytes(scratch);
  return finish(out);
}

// heplify's payload_zip compresses messages whole. The message lies in `scratch` then, and an
// inflated payload of its behind it.
bool decode_gzipped(ByteSpan bytes, Packet& out, std::string& scratch) {
  if (!inflate(bytes, scratch)) return false;
  const size_t size = scratch.size();
  std::string payload;
  ByteSpan compressed;
  if (v3_magic(as_bytes(scratch))) {
    parse_v3(as_bytes(scratch), out, compressed);
    if (take_compressed(compressed, out, payload)) {
      scratch += payload;  // which may move what was parsed
      const Quirks quirks = out.quirks;
      out.clear();
      parse_v3(as_bytes(scratch).first(size), out, compressed);
      out.quirks = quirks;
      out.payload = as_bytes(scratch).subspan(size);
    } else if (out.quirks.has(Quirk::InflateFailed)) {
      out.payload = compressed;
    }
    if (!finish(out)) return false;
  } else if (!decode_v12(as_bytes(scratch), out)) {
    return false;
  }
  out.quirks.add(Quirk::GzippedMessage);
  out.inflated = out.all_in_scratch = true;
  return true;
}

}  // namespace

std::optional<Magic> v3_magic(ByteSpan head) {
  if (head.size() < 4) return std::nullopt;
  switch (load_be32(head.data())) {
    case 0x48455033:
      return Magic::Hep3;
    case 0x45455033:
      return Magic::Eep3;
    case 0x45455031:  // as the draft of 2013 prints it
      return Magic::Eep1;
    default:
      return std::nullopt;
  }
}

std::optional<size_t> stream_length(ByteSpan stream) {
  if (stream.size() < kV3Header) return std::nullopt;
  if (!v3_magic(stream)) return size_t{0};
  const size_t length = load_be16(&stream[4]);
  return length < kV3Header ? size_t{0} : length;
}

bool looks_like_hep(ByteSpan bytes) {
  if (bytes.size() < kSmallestWorthwhile) return false;
  return v3_magic(bytes) || is_gzip(bytes) || is_v12(bytes, true);
}

bool decode(ByteSpan bytes, Packet& out, std::string& scratch) {
  out.clear();
  if (bytes.size() < kV3Header) return false;
  return is_gzip(bytes) ? decode_gzipped(bytes, out, scratch) : decode_plain(bytes, out, scratch);
}

}  // namespace siploom::hep

#include "wire/hep/encode.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "wire/hep/decode_parts.h"
#include "wire/hep/inflate.h"

namespace siploom::hep {

namespace {

constexpr uint8_t kIpv4Family = 2, kIpv6Family = 10;

char octet(uint64_t value) { return static_cast<char>(value & 0xFF); }
void put_be(std::string& out, uint64_t value, size_t octets) {
  for (size_t i = octets; i-- > 0;) out += octet(value >> (8 * i));
}
void put_le(std::string& out, uint64_t value, size_t octets) {
  for (size_t i = 0; i < octets; ++i) out += octet(value >> (8 * i));
}
void put_address(std::string& out, const IpAddress& address, bool v4) {
  out += as_text(ByteSpan(address.octets).subspan(v4 ? 12 : 0));
}

// One message of v3. A chunk that its 16-bit length cannot hold makes the whole fail.
class Chunks final {
 public:
  explicit Chunks(std::string& out) : out_(out) {}

  void add(uint16_t type, std::string_view value, uint16_t vendor = 0) {
    if (value.size() > kMaxMessageBytes - 6) {
      fits_ = false;
      return;
    }
    put_be(out_, vendor, 2);
    put_be(out_, type, 2);
    put_be(out_, value.size() + 6, 2);
    out_ += value;
  }
  void add(uint16_t type, ByteSpan value) { add(type, as_text(value)); }
  void text(uint16_t type, std::string_view value) {
    if (!value.empty()) add(type, value);
  }
  void number(uint16_t type, uint64_t value, size_t octets) {
    put_be(out_, type, 4);
    put_be(out_, octets + 6, 2);
    put_be(out_, value, octets);
  }
  template <class Int>
  void number(uint16_t type, const std::optional<Int>& value) {
    if (value) number(type, *value, sizeof(Int));
  }
  bool fits() const { return fits_; }

 private:
  std::string& out_;
  bool fits_ = true;
};

struct UnixTime {
  uint64_t seconds, microseconds;
};
UnixTime unix_time(Timestamp time) {
  return {static_cast<uint64_t>(time.ns / kSecond),
          static_cast<uint64_t>(time.ns % kSecond / kMicrosecond)};
}
bool has_unix_time(const Packet& packet) {
  return is_known(packet.time) && packet.time.ns >= 0 &&
         packet.time.ns / kSecond <= int64_t{UINT32_MAX};
}

void put_hops(const Packet& packet, Chunks& chunks) {
  const bool src4 = packet.src.address.is_v4(), dst4 = packet.dst.address.is_v4();
  const bool addressed = packet.has_src || packet.has_dst;
  const bool v4 = (!packet.has_src || src4) && (!packet.has_dst || dst4);
  if (addressed) chunks.number(0x01, v4 ? kIpv4Family : kIpv6Family, 1);
  chunks.number(0x02, packet.ip_protocol, 1);
  const auto address = [&](const IpAddress& from, uint16_t v4_type) {
    const bool is_v4 = from.is_v4();
    chunks.add(is_v4 ? v4_type : static_cast<uint16_t>(v4_type + 2),
               ByteSpan(from.octets).subspan(is_v4 ? 12 : 0));
  };
  if (packet.has_src) address(packet.src.address, 0x03);
  if (packet.has_dst) address(packet.dst.address, 0x04);
  if (addressed || packet.src.port != 0) chunks.number(0x07, packet.src.port, 2);
  if (addressed || packet.dst.port != 0) chunks.number(0x08, packet.dst.port, 2);
}

void put_payload(const Packet& packet, const EncodeOptions& options, Chunks& chunks) {
  if (packet.quirks.has(Quirk::InflateFailed)) {
    chunks.add(0x10, packet.payload);
  } else if (packet.payload.empty()) {
    return;  // ids alone are a message, too (OpenSIPS control)
  } else if (options.compression == Compression::None) {
    chunks.add(0x0f, packet.payload);
  } else {
    const std::string small = compress(packet.payload, options.compression);
    // What does not gain, or looks like a bomb to receivers, goes as it is.
    const bool gains = small.size() < packet.payload.size() &&
                       packet.payload.size() / small.size() < kMaxInflateRatio;
    chunks.add(gains ? 0x10 : 0x0f, gains ? std::string_view(small) : as_text(packet.payload));
  }
}

// What looks like another thing is told from it by a NUL, which whoever reads trims.
void put_correlation_id(std::string_view id, Chunks& chunks) {
  if (is_old_ss7_type(as_bytes(id))) {
    chunks.text(0x11, std::string(id) + '\0');
  } else {
    chunks.text(0x11, id);
  }
}

// The order that receivers with a fixed one have been seen to want: payload last.
void put_chunks(const Packet& packet, const EncodeOptions& options, Chunks& chunks) {
  put_hops(packet, chunks);
  if (has_unix_time(packet)) {
    const UnixTime time = unix_time(packet.time);
    chunks.number(0x09, time.seconds, 4);
    chunks.number(0x0a, time.microseconds, 4);
  }
  chunks.number(0x0b, packet.protocol_type, 1);
  chunks.number(0x0c, packet.agent_id, 4);
  chunks.number(0x0d, packet.keep_alive_s);
  chunks.text(0x13, packet.agent_name);
  chunks.number(0x12, packet.vlan);
  chunks.number(0x17, packet.tcp_flags);
  chunks.number(0x18, packet.tos);
  chunks.number(0x14, packet.src_mac);
  chunks.number(0x15, packet.dst_mac);
  chunks.number(0x16, packet.ether_type);
  chunks.number(0x20, packet.mos);
  chunks.number(0x21, packet.r_factor);
  chunks.text(0x22, packet.geo);
  chunks.number(0x23, packet.jitter);
  chunks.text(0x24, packet.transaction_type);
  chunks.text(0x25, packet.json_keys);
  chunks.text(0x26, packet.tags);
  chunks.number(0x27, packet.tag_type);
  chunks.number(0x28, packet.event_type);
  chunks.text(0x29, packet.group_id);
  chunks.number(0x10, packet.old_correlation);
  chunks.number(0x11, packet.old_ss7_type);
  for (const RawChunk& other : packet.other_chunks()) {
    chunks.add(other.type, as_text(other.value), other.vendor);
  }
  if (packet.correlation_id_count == 0) put_correlation_id(packet.correlation_id, chunks);
  for (const std::string_view id : packet.correlation_ids()) put_correlation_id(id, chunks);
  chunks.text(0x65, packet.extra_ids);
  chunks.text(0x0e, packet.auth_key);
  put_payload(packet, options, chunks);
}

Result<void> too_large() {
  return fail(ErrorCode::LimitExceeded, "a HEP message holds at most 65535 octets");
}

Result<void> encode_v3(const Packet& packet, const EncodeOptions& options, std::string& out) {
  constexpr std::string_view kMagics[] = {"HEP3", "EEP3", "EEP1"};
  const size_t start = out.size();
  out += kMagics[static_cast<size_t>(packet.magic)];
  put_be(out, 0, 2);
  Chunks chunks(out);
  put_chunks(packet, options, chunks);
  const size_t total = out.size() - start;
  if (!chunks.fits() || total > kMaxMessageBytes) {
    out.resize(start);
    return too_large();
  }
  out[start + 4] = octet(total >> 8);
  out[start + 5] = octet(total);
  return {};
}

Result<void> encode_v12(const Packet& packet, std::string& out) {
  const bool v4 = packet.src.address.is_v4() && packet.dst.address.is_v4();
  if (packet.version == 2 && packet.agent_id > UINT16_MAX)
    return fail(ErrorCode::InvalidArgument, "HEP 2 has agent ids up to 65535; use HEP 3");
  const size_t header = (v4 ? 16u : 40u) + (packet.version == 2 ? 12u : 0u);
  if (packet.payload.size() > kMaxMessageBytes - header) return too_large();
  out += octet(packet.version);
  out += octet(v4 ? 16 : 40);  // never the time header, as Kamailio and OpenSIPS want it
  out += octet(v4 ? kIpv4Family : kIpv6Family);
  out += octet(packet.ip_protocol);
  put_be(out, packet.src.port, 2);
  put_be(out, packet.dst.port, 2);
  put_address(out, packet.src.address, v4);
  put_address(out, packet.dst.address, v4);
  if (packet.version == 2) {
    const UnixTime time = has_unix_time(packet) ? unix_time(packet.time) : UnixTime{};
    put_le(out, time.seconds, 4);
    put_le(out, time.microseconds, 4);
    put_le(out, packet.agent_id, 2);
    put_le(out, 0, 2);
  }
  out += as_text(packet.payload);
  return {};
}

}  // namespace

std::string compress(ByteSpan bytes, Compression how) {
  if (how == Compression::None) return std::string(as_text(bytes));
  z_stream stream{};
  const int window = how == Compression::Gzip ? MAX_WBITS + 16 : MAX_WBITS;
  SL_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, 8,
                        Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  SL_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

Result<void> encode(const Packet& packet, const EncodeOptions& options, std::string& out) {
  switch (packet.version) {
    case 1:
    case 2:
      return encode_v12(packet, out);
    case 3:
      return encode_v3(packet, options, out);
    default:
      return fail(ErrorCode::InvalidArgument, "HEP has the versions 1, 2 and 3");
  }
}

}  // namespace siploom::hep

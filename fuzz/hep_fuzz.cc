#include "seeds.h"
#include "wire/hep/encode.h"
#include "wire/hep/hep.h"
#include "wire/hep/stream_reader.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  const std::string payload = "PING sip:a@b SIP/2.0\r\n\r\n";
  const std::string v3 =
      octets(
          "HEP3\x00\x6a\x00\x00\x00\x01\x00\x07\x02\x00\x00\x00\x02\x00\x07\x16\x00\x00\x00\x03"
          "\x00\x0a\xc0\x00\x02\x0a\x00\x00\x00\x04\x00\x0a\xc6\x33\x64\x14\x00\x00\x00\x0c\x00\x0a"
          "\x07\xd1\x00\x00\x00\x08\x00\x80\x00\x08xy\x00\x00\x00\x11\x00\x0a\x63\x31\x40\x68"
          "\x00\x00\x00\x0f\x00\x1e") +
      payload;
  return {octets("\x01\x10\x02\x11\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14") + payload,
          octets("\x02\x10\x02\x06\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14\x00\xf1\x53\x65"
                 "\x40\xe2\x01\x00\xd1\x07\xa5\xa5") +
              payload,
          octets("HEP3\x00\x46\x00\x00\x00\x01\x00\x07\x02\x00\x00\x00\x07\x00\x08\x13\xc4\x00\x00"
                 "\x00\x0b\x00\x07\x01\x00\x00\x00\x10\x00\x0c\x78\x9c\x03\x00\x00\x01\x00\x00\x00"
                 "\x0f\x00\x1e") +
              payload,
          v3,
          v3 + v3,
          hep::compress(as_bytes(v3), hep::Compression::Gzip),
          octets("HEP3\x00\x1c\x00\x00\x00\x0b\x00\x07\x60\x00\x00\x00\x65\x00\x0f{\"a\":1}")};
}
}  // namespace siploom::fuzz

using namespace siploom;

namespace {

void check_views(const hep::Packet& packet, ByteSpan bytes, const std::string& scratch) {
  const std::string_view whole = packet.all_in_scratch ? std::string_view(scratch) : as_text(bytes);
  const std::string_view holder = packet.inflated ? std::string_view(scratch) : whole;
  fuzz::require(fuzz::within(as_text(packet.payload), holder), "payload within its holder");
  for (const std::string_view text :
       {packet.correlation_id, packet.agent_name, packet.auth_key, packet.extra_ids, packet.geo,
        packet.tags, packet.group_id, as_text(packet.rest)}) {
    fuzz::require(fuzz::within(text, whole), "text within the message");
  }
  for (const hep::RawChunk& chunk : packet.other_chunks())
    fuzz::require(fuzz::within(as_text(chunk.value), whole), "chunk within the message");
  fuzz::require(scratch.size() <= 512 * 1024, "inflated no further than the caps");
}

// What was read is written and read back.
void check_relay(const hep::Packet& packet) {
  std::string wire, scratch;
  if (!hep::encode(packet, {}, wire)) return;
  fuzz::require(wire.size() <= hep::kMaxMessageBytes, "length fits");
  hep::Packet again;
  if (packet.version != 3) return;
  const bool inflatable = packet.quirks.has(hep::Quirk::InflateFailed);
  fuzz::require(hep::decode(as_bytes(wire), again, scratch), "what was read can be read again");
  fuzz::require(inflatable || as_text(again.payload) == as_text(packet.payload), "same payload");
  fuzz::require(again.other_count == packet.other_count, "same unknown chunks");
  fuzz::require(again.correlation_id == packet.correlation_id, "same correlation id");
}

void read_stream(ByteSpan bytes) {
  hep::StreamReader reader;
  size_t messages = 0;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min<size_t>(1 + bytes[at] % 64, bytes.size() - at);
    reader.feed(bytes.subspan(at, size));
    ByteSpan message;
    while (reader.next(message) == hep::StreamReader::Step::Message) {
      ++messages;
      fuzz::require(message.size() >= 6, "a message has a head");
    }
    at += size;
  }
  fuzz::require(messages * 6 <= bytes.size(), "no more messages than octets hold");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan bytes(data, size);
  hep::Packet packet;
  std::string scratch;
  hep::looks_like_hep(bytes);
  hep::stream_length(bytes);
  read_stream(bytes);
  if (!hep::decode(bytes, packet, scratch)) return 0;
  check_views(packet, bytes, scratch);
  check_relay(packet);
  return 0;
}

#include "seeds.h"
#include "wire/hep/hep.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  const std::string payload = "PING sip:a@b SIP/2.0\r\n\r\n";
  return {octets("\x01\x10\x02\x11\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14") + payload,
          octets("\x02\x10\x02\x06\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14\x00\xf1\x53\x65"
                 "\x40\xe2\x01\x00\xd1\x07\xa5\xa5") +
              payload,
          octets("HEP3\x00\x46\x00\x00\x00\x01\x00\x07\x02\x00\x00\x00\x07\x00\x08\x13\xc4\x00\x00"
                 "\x00\x0b\x00\x07\x01\x00\x00\x00\x10\x00\x0c\x78\x9c\x03\x00\x00\x01\x00\x00\x00"
                 "\x0f\x00\x1e") +
              payload};
}
}  // namespace siploom::fuzz

using namespace siploom;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan bytes(data, size);
  hep::Packet packet;
  std::string scratch;
  hep::looks_like_hep(bytes);
  hep::stream_length(bytes);
  if (!hep::decode(bytes, packet, scratch)) return 0;
  const std::string_view whole = packet.inflated ? std::string_view(scratch) : as_text(bytes);
  fuzz::require(fuzz::within(as_text(packet.payload), whole), "payload within the datagram");
  fuzz::require(fuzz::within(packet.correlation_id, as_text(bytes)), "correlation id within it");
  fuzz::require(scratch.size() <= 256 * 1024, "inflated no further than the cap");
  return 0;
}

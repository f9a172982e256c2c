#include "seeds.h"
#include "wire/websocket/websocket.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  return {octets("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x01\x03Hel\x89\x00\x80\x02lo"),
          "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
          octets("\x81\x7e\x01\x00") + std::string(256, 'x')};
}
}  // namespace siploom::fuzz

using namespace siploom;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSpan rest(data, size);
  websocket::upgrade_head_length(rest);
  websocket::looks_like_sip_frame(rest);
  websocket::Reader reader;
  while (!rest.empty()) {
    size_t used = 0;
    const websocket::Step step = reader.next(rest, used);
    fuzz::require(used <= rest.size(), "no more is used than there is");
    fuzz::require(reader.message().size() <= websocket::Reader::kMaxMessageBytes, "message size");
    if (step == websocket::Step::NeedMore || step == websocket::Step::Bad || used == 0) break;
    rest = rest.subspan(used);
  }
  return 0;
}

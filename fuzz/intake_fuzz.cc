// A connection of the intake, without sockets: HEP framing, HTTP and WebSocket told apart and read.
// The first octet says in how large pieces the rest arrives.
#include <algorithm>

#include "intake/auth_chunks.h"
#include "intake/session.h"
#include "seeds.h"

namespace siploom::fuzz {
namespace {
const std::string kHep =
    octets("HEP3\x00\x1b\x00\x00\x00\x0e\x00\x09key\x00\x00\x00\x0f\x00\x0chello!");
const std::string kHead = "\x40POST /hep HTTP/1.1\r\nHost: h\r\n";
const std::string kUpgrade =
    "\x40GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: hep\r\n\r\n";
}  // namespace

std::vector<std::string> seeds() {
  return {"\x03" + kHep + kHep + "garbage" + kHep,
          kHead + "Content-Length: 54\r\nExpect: 100-continue\r\n\r\n" + kHep + kHep,
          kHead + "Transfer-Encoding: chunked\r\n\r\n1b;x\r\n" + kHep + "\r\n0\r\nT: x\r\n\r\n",
          kHead + "Content-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" +
              octets("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6"
                     "\x10\x36\x05\x00\x00\x00"),
          kUpgrade + octets("\x82\x9b\x00\x00\x00\x00") + kHep +
              octets("\x89\x81\x01\x02\x03\x04x\x02\x82\x00\x00\x00\x00HE") +
              octets("\x80\x80\x00\x00\x00\x00\x88\x82\x00\x00\x00\x00\x03\xe8"),
          octets("\x01\x01\x10\x02\x11\x13\xc4")};
}
}  // namespace siploom::fuzz

using namespace siploom;

namespace {

class Checker final : public intake::Taker {
 public:
  intake::Drop take(ByteSpan message, capture::Carrier) override {
    fuzz::require(!message.empty() && message.size() <= 65'535, "message size");
    std::string copy(as_text(message));
    intake::wipe_auth_keys({reinterpret_cast<uint8_t*>(copy.data()), copy.size()});
    const std::string_view key = intake::find_auth_key(as_bytes(copy)).key;
    fuzz::require(key.find_first_not_of('\0') == std::string_view::npos, "key wiped");
    ++messages;
    return messages % 5 == 0 ? intake::Drop::BadKey : intake::Drop::None;
  }
  void count(intake::Drop) override {}
  size_t messages = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] == 0 ? size : data[0];
  std::string octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  Checker checker;
  intake::Session session(false);
  for (size_t at = 0; at < octets.size() && !session.is_over(); at += step) {
    const size_t count = std::min(step, octets.size() - at);
    // Memory of the exact size, so that ASan sees a step beyond it.
    std::vector<uint8_t> piece(octets.begin() + static_cast<std::ptrdiff_t>(at),
                               octets.begin() + static_cast<std::ptrdiff_t>(at + count));
    piece.shrink_to_fit();
    session.feed(piece, checker);
    fuzz::require(session.held_bytes() <= 512 * 1024, "memory of a connection");
    if (at % 3 == 0) session.output().clear();
  }
  session.finish(checker);
  fuzz::require(session.is_over(), "it ends");
  return 0;
}

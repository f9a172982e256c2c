// HTTP: a request comes to an end, the same however it is cut; targets do not leave their folder.
#include "http/parser.h"
#include "http/url.h"
#include "seeds.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  const std::string post = "\x05POST /api/v1/calls?x=%41&y=+ HTTP/1.1\r\nHost: a:80\r\n";
  return {post + "Content-Length: 5\r\n\r\nhello",
          post + "Transfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
          "\x01GET /../%2e%2e/a%2Fb#c HTTP/1.0\r\nConnection: keep-alive, x\r\nA: b\r\n c\r\n\r\n",
          "\x40GET http://[::1]:80/x HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx"};
}
}  // namespace siploom::fuzz

using namespace siploom;

namespace {

constexpr uint32_t kHeaderBytes = 2048;

// What is heard of `bytes` when `step` octets come at a time.
std::string heard(std::string_view bytes, size_t step) {
  http::Parser parser(http::Parser::Kind::Request, kHeaderBytes);
  std::string in, out;
  const size_t steps_max = 4 * bytes.size() + 16;
  for (size_t steps = 0;; ++steps) {
    fuzz::require(steps <= steps_max, "each step goes on");
    size_t used = 0;
    const http::ParseStep found = parser.feed(in, used);
    fuzz::require(used <= in.size(), "no more is used than there is");
    if (found == http::ParseStep::Header) {
      out += parser.method() + " " + parser.target() + "\n";
      for (const auto& [name, value] : parser.headers()) out += name + ":" + value + "\n";
    }
    if (found == http::ParseStep::Body) out += parser.piece();
    if (found == http::ParseStep::Done) return out + "(done)";
    if (found == http::ParseStep::Failed) return out + "(failed)";
    in.erase(0, used);
    if (found != http::ParseStep::NeedMore) continue;
    if (bytes.empty()) return out + "(more)";
    in += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  const std::string whole = heard(text, text.size() + 1);
  // What is wrong may show later when it comes in pieces, and near the limit sooner; but what is
  // done is done in either way.
  const std::string cut = heard(text, data[0] % 64 + 1u);
  if (text.size() < kHeaderBytes && (whole.ends_with("(done)") || cut.ends_with("(done)")))
    fuzz::require(cut == whole, "however it is cut");
  if (const auto target = http::parse_target(text)) {
    for (const std::string& segment : target->segments)
      fuzz::require(segment != ".." && segment != ".", "no segment leaves the folder");
    const auto query = http::parse_query(target->query);
    fuzz::require(!query || query->list.size() <= http::kParametersMax, "bounded");
  }
  return 0;
}

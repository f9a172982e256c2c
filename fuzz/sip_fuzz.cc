// A SIP message and the values of its headers.
#include <memory>

#include "seeds.h"
#include "weave/sip_facts.h"
#include "wire/sip/address.h"
#include "wire/sip/body.h"
#include "wire/sip/framer.h"
#include "wire/sip/lint.h"
#include "wire/sip/message.h"
#include "wire/sip/shape.h"
#include "wire/sip/via.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  return {kInvite, kResponse, "\r\n\r\n" + kResponse,
          "INVITE sip:b SIP/2.0\r\nContent-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\n"
          "Content-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n"};
}
}  // namespace siploom::fuzz

using namespace siploom;
using fuzz::require;
using fuzz::within;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto view = std::make_unique<sip::MessageView>();
  const ByteSpan bytes(data, size);
  const std::string_view text = as_text(bytes);
  sip::looks_like_sip(bytes);
  sip::FramerState state;
  const sip::FrameResult frame = sip::frame_stream(bytes, state);
  require(frame.size <= size, "a frame is no longer than the stream");
  require(within(as_text(sip::take_truncated(bytes)), text), "truncated message within the stream");
  if (!view->parse(bytes)) return 0;
  require(within(view->raw(), text) && within(view->body(), text) && within(view->call_id(), text),
          "views within the message");
  for (size_t i = 0; i < view->header_count(); ++i) {
    const std::string_view value = view->value(view->slot(i));
    require(within(value, text), "header value within the message");
    if (const auto address = sip::parse_address(value)) {
      require(within(address->uri.user, value), "user within the value");
    }
    if (const auto via = sip::parse_via(value)) require(within(via->branch, value), "branch");
  }
  sip::lint(*view);
  for (const sip::BodyPart& part : sip::body_parts(*view)) {
    require(within(part.content, text), "part within the message");
  }
  weave::SipFacts facts;
  weave::read_facts(*view, facts);
  require(within(facts.branch, text) && within(facts.from_tag, text) && within(facts.to_tag, text),
          "facts within the message");
  return 0;
}

#include <memory>

#include "seeds.h"
#include "wire/sdp/sdp.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  return {
      kInvite.substr(kInvite.find("v=0")),
      "v=0\no=- 1 1 IN IP6 ::1\ns=-\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:111 opus/48000/2\n"
      "a=fmtp:111 x=1\na=rtcp:9 IN IP4 1.2.3.4\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
      "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR\na=candidate:1 1 UDP 1 1.2.3.4 5 typ host\n"
      "a=ptime:20\na=mid:0\na=setup:active\n"};
}
}  // namespace siploom::fuzz

using namespace siploom;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto session = std::make_unique<sdp::Session>();
  const std::string_view text = as_text({data, size});
  if (!sdp::parse(text, *session)) return 0;
  for (const sdp::Media& media : session->media_list()) {
    fuzz::require(fuzz::within(media.protocol, text), "protocol within the body");
    for (const sdp::Format& format : media.format_list()) {
      fuzz::require(fuzz::within(format.text, text) && fuzz::within(format.fmtp, text),
                    "format within the body");
    }
  }
  return 0;
}

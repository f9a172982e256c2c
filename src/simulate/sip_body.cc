#include "simulate/sip_body.h"

#include "simulate/codecs.h"
#include "simulate/rng.h"
#include "simulate/sip_text.h"

namespace siploom::simulate {

namespace {

void append_codec_lines(TextBuffer& out, const Codec& codec) {
  out << "a=rtpmap:" << uint32_t{codec.payload_type} << ' ' << codec.rtpmap << "\r\n";
  if (!codec.fmtp.empty()) {
    out << "a=fmtp:" << uint32_t{codec.payload_type} << ' ' << codec.fmtp << "\r\n";
  }
}

// What makes an INVITE of a softphone larger than the MTU: ICE candidates (RFC 8839 5.1) of all its
// interfaces.
void append_candidates(TextBuffer& out, const Plan& plan, const Node& owner) {
  out << "a=ice-ufrag:"
      << "F7gI\r\na=ice-pwd:"
      << "x9cml/YzichV2+XlhiMu8g\r\n";
  for (uint32_t i = 0; i < 18; ++i) {
    const uint64_t random = mix(plan.seed, 0x1CE0u + i);
    out << "a=candidate:" << (random & 0xFFFFFFFF) << ' ' << 1 + i % 2 << " udp "
        << 2'130'706'431u - i * 256 << ' ';
    append_address(out, owner.media_host, plan.wire.v6, false);
    out << ' ' << 49'152u + (random >> 32) % 10'000 << " typ host generation 0 network-id "
        << 1 + i / 2 << "\r\n";
  }
}

std::string_view direction_line(Direction direction) {
  switch (direction) {
    case Direction::SendRecv:
      break;
    case Direction::SendOnly:
      return "a=sendonly\r\n";
    case Direction::RecvOnly:
      return "a=recvonly\r\n";
    case Direction::Inactive:
      return "a=inactive\r\n";
  }
  return "a=sendrecv\r\n";
}

void append_sdp(TextBuffer& out, const Plan& plan, const Step& step, const Node& owner) {
  const Profile& maker = profile(owner.profile);
  const std::string_view family = plan.wire.v6 ? "IN IP6 " : "IN IP4 ";
  const uint64_t session = mix(plan.seed, owner.media_port) % 2'000'000'000;
  out << "v=0\r\no=" << maker.sdp_user << ' ' << session << ' ' << session + step.sdp_version << ' '
      << family;
  append_address(out, owner.media_host, plan.wire.v6, false);
  out << "\r\ns=" << maker.sdp_session << "\r\nc=" << family;
  append_address(out, owner.media_host, plan.wire.v6, false);
  const size_t first = (step.flags & kSecondCodec) != 0 && plan.codecs.size() > 1 ? 1 : 0;
  // An answer keeps the one codec that will be used (RFC 3264 6.1).
  const size_t count = step.body == Body::Answer ? 1 : plan.codecs.size() - first;
  out << "\r\nt=0 0\r\nm=audio " << owner.media_port << " RTP/AVP";
  for (size_t i = first; i < first + count; ++i) {
    out << ' ' << uint32_t{codec(plan.codecs[i]).payload_type};
  }
  out << ' ' << uint32_t{kTelephoneEvent} << "\r\n";
  for (size_t i = first; i < first + count; ++i) append_codec_lines(out, codec(plan.codecs[i]));
  out << "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:" << plan.ptime_ms
      << "\r\n"
      << direction_line(step.direction);
  if (plan.legs[step.leg].big) append_candidates(out, plan, owner);
}

void append_dialog_info(TextBuffer& out, const Step& step, const Node& owner) {
  out << "<?xml version=\"1.0\"?>\r\n"
         "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\""
      << uint32_t{step.sdp_version} << "\" state=\"full\" entity=\"sip:";
  append_user(out, owner.identity);
  out << '@' << domain_name(0) << "\">\r\n<dialog id=\"d" << uint32_t{step.sdp_version}
      << "\" direction=\"recipient\"><state>"
      << (step.sdp_version % 3 == 0   ? "terminated"
          : step.sdp_version % 3 == 1 ? "early"
                                      : "confirmed")
      << "</state></dialog>\r\n</dialog-info>\r\n";
}

void append_presence(TextBuffer& out, const Step& step, const Node& owner) {
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
         "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:";
  append_user(out, owner.identity);
  out << '@' << domain_name(0) << "\">\r\n<tuple id=\"t1\"><status><basic>"
      << (step.sdp_version % 2 == 0 ? "open" : "closed")
      << "</basic></status></tuple>\r\n</presence>\r\n";
}

constexpr std::string_view kTexts[] = {"Back in five minutes.", "Is the meeting still on?",
                                       "Please call me when you can.",
                                       "The parcel has arrived at the front desk.", "Thanks!"};

}  // namespace

std::string_view content_type(Body body) {
  switch (body) {
    case Body::None:
      break;
    case Body::Offer:
    case Body::Answer:
      return "application/sdp";
    case Body::Digit:
      return "application/dtmf-relay";
    case Body::Sipfrag:
      return "message/sipfrag;version=2.0";
    case Body::DialogInfo:
      return "application/dialog-info+xml";
    case Body::Presence:
      return "application/pidf+xml";
    case Body::MessageSummary:
      return "application/simple-message-summary";
    case Body::Text:
      return "text/plain;charset=UTF-8";
  }
  return "";
}

void append_body(TextBuffer& out, const Plan& plan, const Step& step, const Node& owner) {
  switch (step.body) {
    case Body::None:
      return;
    case Body::Offer:
    case Body::Answer:
      return append_sdp(out, plan, step, owner);
    case Body::Digit:
      out << "Signal="
          << "0123456789*#"[step.argument % 12] << "\r\nDuration=160\r\n";
      return;
    case Body::Sipfrag:
      out << "SIP/2.0 " << step.argument << ' ' << reason_phrase(step.argument) << "\r\n";
      return;
    case Body::DialogInfo:
      return append_dialog_info(out, step, owner);
    case Body::Presence:
      return append_presence(out, step, owner);
    case Body::MessageSummary:
      out << "Messages-Waiting: yes\r\nMessage-Account: sip:";
      append_user(out, owner.identity);
      out << '@' << domain_name(0) << "\r\nVoice-Message: 2/8 (0/2)\r\n";
      return;
    case Body::Text:
      out << kTexts[mix(plan.seed, step.cseq) % (sizeof kTexts / sizeof kTexts[0])];
      return;
  }
}

}  // namespace siploom::simulate

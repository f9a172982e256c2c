#include "simulate/sip_text.h"

#include "simulate/rng.h"
#include "simulate/sip_body.h"

namespace siploom::simulate {

namespace {

constexpr uint8_t kProxyTag = 7;  // of responses that a proxy made itself

// Purposes that numbers are derived for from one seed.
enum : uint64_t {
  kForCallId = 1,
  kForCallIdTail,
  kForFromTag,
  kForNonce,
  kForDigest,
  kForToTag,
  kForBranch = 256
};

constexpr std::string_view kDomainNames[kDomains] = {"example.com", "example.net",
                                                     "voice.example.org"};

bool is_success(uint16_t status) { return status >= 200 && status < 300; }

void append_from_tag(TextBuffer& out, const Plan& plan, const Leg& leg) {
  const Profile& maker = profile(plan.nodes[leg.path[0]].profile);
  out.hex(mix(leg.seed, kForFromTag), maker.tag_digits);
}
void append_to_tag(TextBuffer& out, const Plan& plan, const Leg& leg, uint8_t fork) {
  const Profile& maker = profile(plan.nodes[leg.path[leg.nodes - 1]].profile);
  out.hex(mix(leg.seed, kForToTag + fork), maker.tag_digits);
}

std::string_view transport_token(Transport transport) {
  return transport == Transport::Udp ? "UDP" : transport == Transport::Tcp ? "TCP" : "WS";
}

std::string_view cause_text(uint16_t cause) {
  switch (cause) {
    case 1:
      return "Unallocated (unassigned) number";
    case 16:
      return "Normal call clearing";
    case 17:
      return "User busy";
    case 19:
      return "No answer from user";
    case 21:
      return "Call rejected";
    case 27:
      return "Destination out of order";
    case 34:
      return "No circuit available";
    case 41:
      return "Temporary failure";
    case 127:
      return "Interworking, unspecified";
    default:
      return "Normal, unspecified";
  }
}

std::string_view package_name(Package package) {
  switch (package) {
    case Package::Dialog:
      return "dialog";
    case Package::Presence:
      return "presence";
    case Package::MessageSummary:
      return "message-summary";
    case Package::Refer:
      return "refer";
    case Package::None:
      break;
  }
  return "";
}

bool has_session_contact(Method method) {
  return method == Method::Invite || method == Method::Subscribe || method == Method::Refer ||
         method == Method::Notify || method == Method::Update || method == Method::Options;
}

}  // namespace

std::string_view domain_name(uint8_t domain) { return kDomainNames[domain % kDomains]; }

std::string_view reason_phrase(uint16_t status) {
  switch (status) {
    case 100:
      return "Trying";
    case 180:
      return "Ringing";
    case 181:
      return "Call Is Being Forwarded";
    case 183:
      return "Session Progress";
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 302:
      return "Moved Temporarily";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 410:
      return "Gone";
    case 480:
      return "Temporarily Unavailable";
    case 481:
      return "Call/Transaction Does Not Exist";
    case 484:
      return "Address Incomplete";
    case 486:
      return "Busy Here";
    case 487:
      return "Request Terminated";
    case 488:
      return "Not Acceptable Here";
    case 500:
      return "Server Internal Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Server Time-out";
    case 600:
      return "Busy Everywhere";
    case 603:
      return "Decline";
    default:
      return "Unknown";
  }
}

void append_host_of(TextBuffer& out, const Plan& plan, const Node& node) {
  if (node.browser) {
    // RFC 7118 5.1: a browser does not know its address.
    out.hex(mix(plan.seed, 0xB0), 12) << ".invalid";
  } else {
    append_address(out, node.host, plan.wire.v6, true);
  }
}

void append_contact_uri(TextBuffer& out, const Plan& plan, const Node& node, Transport transport) {
  out << "sip:";
  append_user(out, node.identity);
  out << '@';
  append_host_of(out, plan, node);
  if (!node.browser) out << ':' << node.port;
  if (transport == Transport::Tcp) out << ";transport=tcp";
  if (transport == Transport::Ws) out << ";transport=ws";
}

void append_call_id(TextBuffer& out, const Plan& plan, uint8_t leg_number) {
  const Leg& leg = plan.legs[leg_number];
  const Node& maker = plan.nodes[leg.path[0]];
  const uint64_t a = mix(leg.seed, kForCallId), b = mix(leg.seed, kForCallIdTail);
  switch (profile(maker.profile).call_id) {
    case CallIdStyle::HexAtHost:
      out.hex(a, 16).hex(b, 8) << '@';
      append_address(out, maker.host, plan.wire.v6, false);
      return;
    case CallIdStyle::Uuid:
      (out.hex(a >> 32, 8) << '-').hex(a >> 16, 4) << "-4";
      (out.hex(a, 3) << "-a").hex(b >> 48, 3) << '-';
      out.hex(b, 12);
      return;
    case CallIdStyle::Numeric:
      out << "0_" << a % 10'000'000'000 << b % 1'000'000'000 << '@';
      append_address(out, maker.host, plan.wire.v6, false);
      return;
  }
}

// What every header needs to know: who speaks, who began, and on which hop.
struct SipRenderer::Scene {
  const Plan& plan;
  const Step& step;
  const Leg& leg;
  const Node& requester;  // the end of the transaction, or the proxy of a hop-by-hop request
  const Node& speaker;    // who made this message
  const Node& responder;  // the other end
  Transport transport;    // of this hop
  bool is_request, in_dialog, compact;

  bool has(StepFlag flag) const { return (step.flags & flag) != 0; }
  size_t first_position() const { return has(kHopByHop) ? step.hop : 0; }
  std::string_view name(std::string_view full, std::string_view brief) const {
    return compact ? brief : full;
  }
};

std::string_view SipRenderer::render(const Plan& plan, const Step& step) {
  const Leg& leg = plan.legs[step.leg];
  const auto node = [&](size_t position) -> const Node& {
    return plan.nodes[plan.node_at(leg, step.reverse, position, step.fork)];
  };
  const bool hop_by_hop = (step.flags & kHopByHop) != 0;
  const bool is_request = step.status == 0;
  const size_t answering = hop_by_hop || (step.flags & kFromProxy) != 0 || step.status == 100
                               ? step.hop + size_t{1}
                               : leg.hops();
  const Node& requester = node(hop_by_hop ? step.hop : 0);
  const Node& responder = node(answering);
  const Node& speaker = is_request ? requester : responder;
  const Transport transport = leg.transport[Plan::physical_hop(leg, step.reverse, step.hop)];
  const bool in_dialog = step.reverse || (step.flags & kInDialog) != 0;
  const Scene scene{plan,      step,      leg,        requester, speaker,
                    responder, transport, is_request, in_dialog, profile(speaker.profile).compact};
  out_.clear();
  start_line(scene);
  vias(scene);
  routes(scene);
  parties(scene);
  contact(scene);
  challenge(scene);
  credentials(scene);
  session_headers(scene);
  event_headers(scene);
  failure_headers(scene);
  capabilities(scene);
  content(scene);
  return out_.view();
}

void SipRenderer::start_line(const Scene& scene) {
  const Step& step = scene.step;
  if (!scene.is_request) {
    out_ << "SIP/2.0 " << step.status << ' ' << reason_phrase(step.status) << "\r\n";
    return;
  }
  const Leg& leg = scene.leg;
  out_ << method_name(step.method) << ' ';
  // A CANCEL and the ACK of a failure go where the INVITE went (RFC 3261 9.1, 17.1.1.3).
  const bool to_contact = (scene.in_dialog && !scene.has(kHopByHop)) ||
                          (leg.hops() > 1 && step.hop + size_t{1} == leg.hops());
  const Node& target =
      scene.plan.nodes[scene.plan.node_at(leg, step.reverse, leg.hops(), step.fork)];
  if (step.method == Method::Register) {
    out_ << "sip:" << domain_name(leg.domain);
  } else if (to_contact) {
    const size_t last_hop = Plan::physical_hop(leg, step.reverse, leg.hops() - 1);
    append_contact_uri(out_, scene.plan, target, leg.transport[last_hop]);
  } else {
    out_ << "sip:";
    append_user(out_, step.reverse ? leg.from : leg.to);
    out_ << '@';
    if (leg.domain == kNoDomain) {
      append_host_of(out_, scene.plan, target);
    } else {
      out_ << domain_name(leg.domain);
    }
  }
  out_ << " SIP/2.0\r\n";
}

void SipRenderer::via(const Scene& scene, size_t position) {
  const Step& step = scene.step;
  const Leg& leg = scene.leg;
  const Node& node = scene.plan.nodes[scene.plan.node_at(leg, step.reverse, position, step.fork)];
  const Transport transport = leg.transport[Plan::physical_hop(leg, step.reverse, position)];
  out_ << scene.name("Via: SIP/2.0/", "v: SIP/2.0/") << transport_token(transport) << ' ';
  append_host_of(out_, scene.plan, node);
  if (!node.browser) out_ << ':' << node.port;
  const uint64_t fork = position == 0 ? 0 : step.fork;
  const uint64_t key = kForBranch + (uint64_t{step.transaction} << 8 | position << 4 | fork << 2);
  out_ << ";branch=z9hG4bK";
  out_.hex(mix(scene.leg.seed, key), 16);
  const bool asked = profile(node.profile).rport;
  // Whoever got it added where it came from (RFC 3261 18.2.1, RFC 3581 4).
  const bool received = !scene.is_request || position < step.hop;
  if (received && (asked || node.browser)) {
    out_ << ";received=";
    append_address(out_, node.host, scene.plan.wire.v6, false);
    out_ << ";rport=" << (transport == Transport::Udp ? node.port : leg.tcp_port);
  } else if (asked) {
    out_ << ";rport";
  }
  out_ << "\r\n";
}

void SipRenderer::vias(const Scene& scene) {
  const size_t first = scene.first_position();
  for (size_t position = scene.step.hop + size_t{1}; position-- > first;) via(scene, position);
}

void SipRenderer::routes(const Scene& scene) {
  const Step& step = scene.step;
  const Leg& leg = scene.leg;
  if (leg.hops() > 1) {
    const Node& proxy = scene.plan.nodes[leg.path[1]];
    const bool begins_dialog = !scene.in_dialog && !scene.has(kFromProxy) &&
                               (step.method == Method::Invite || step.method == Method::Subscribe);
    const bool recorded = scene.is_request ? step.hop > 0 : step.status > 100 && step.status < 300;
    const bool routed =
        scene.is_request && scene.in_dialog && step.hop == 0 && !scene.has(kHopByHop);
    if ((begins_dialog && recorded) || routed) {
      out_ << (routed ? "Route: <sip:" : "Record-Route: <sip:");
      append_address(out_, proxy.host, scene.plan.wire.v6, true);
      out_ << ";lr>\r\n";
    }
  }
  if (scene.is_request) {
    out_ << "Max-Forwards: " << 70u - step.hop << "\r\n";
  }
}

void SipRenderer::parties(const Scene& scene) {
  const Step& step = scene.step;
  const Leg& leg = scene.leg;
  const auto address = [&](const Identity& identity, uint8_t node) {
    if (!display_name(identity).empty()) out_ << '"' << display_name(identity) << "\" ";
    out_ << "<sip:";
    append_user(out_, identity);
    out_ << '@';
    if (leg.domain == kNoDomain) {
      append_host_of(out_, scene.plan, scene.plan.nodes[node]);
    } else {
      out_ << domain_name(leg.domain);
    }
    out_ << '>';
  };
  const auto client = [&] { address(leg.from, leg.path[0]); };
  const auto server = [&] { address(leg.to, leg.path[leg.nodes - 1]); };
  const uint8_t to_tag = scene.has(kFromProxy) ? kProxyTag : step.fork;

  out_ << scene.name("From: ", "f: ");
  step.reverse ? server() : client();
  out_ << ";tag=";
  step.reverse ? append_to_tag(out_, scene.plan, leg, to_tag)
               : append_from_tag(out_, scene.plan, leg);
  out_ << scene.name("\r\nTo: ", "\r\nt: ");
  step.reverse ? client() : server();
  if (scene.in_dialog || step.status > 100) {
    out_ << ";tag=";
    step.reverse ? append_from_tag(out_, scene.plan, leg)
                 : append_to_tag(out_, scene.plan, leg, to_tag);
  }
  out_ << scene.name("\r\nCall-ID: ", "\r\ni: ");
  append_call_id(out_, scene.plan, step.leg);
  out_ << "\r\nCSeq: " << step.cseq << ' ' << method_name(step.method) << "\r\n";
}

void SipRenderer::contact(const Scene& scene) {
  const Step& step = scene.step;
  if (scene.has(kHopByHop)) return;
  const std::string_view name = scene.name("Contact: <", "m: <");
  if (step.method == Method::Register) {
    if (scene.is_request ? false : !is_success(step.status) || step.argument == 0) return;
    out_ << name;
    append_contact_uri(out_, scene.plan, scene.requester, scene.transport);
    out_ << '>';
    if (!scene.is_request) out_ << ";expires=" << step.argument;
    out_ << "\r\n";
    return;
  }
  if (step.status >= 300 && step.status < 400) {
    out_ << name << "sip:";
    append_user(out_, scene.plan.nodes.back().identity);
    out_ << "@198.51.100.77:5060>;q=0.9\r\n";
    return;
  }
  if (!has_session_contact(step.method)) return;
  if (!scene.is_request && (step.status == 100 || step.status >= 300)) return;
  out_ << name;
  append_contact_uri(out_, scene.plan, scene.speaker, scene.transport);
  out_ << ">\r\n";
}

void SipRenderer::challenge(const Scene& scene) {
  const uint16_t status = scene.step.status;
  if (status != 401 && status != 407) return;
  out_ << (status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate") << ": Digest realm=\""
       << domain_name(scene.leg.domain) << "\", nonce=\"";
  out_.hex(mix(scene.leg.seed, kForNonce), 16).hex(scene.step.cseq, 8);
  out_ << "\", algorithm=MD5, qop=\"auth\"" << (scene.has(kStale) ? ", stale=false" : "") << "\r\n";
}

void SipRenderer::credentials(const Scene& scene) {
  if (!scene.has(kCredentials) || !scene.is_request || scene.step.hop > 0) return;
  out_ << (scene.has(kFromProxy) ? "Proxy-Authorization" : "Authorization")
       << ": Digest username=\"";
  append_user(out_, scene.leg.from);
  out_ << "\", realm=\"" << domain_name(scene.leg.domain) << "\", nonce=\"";
  out_.hex(mix(scene.leg.seed, kForNonce), 16).hex(scene.step.cseq - 1, 8);
  out_ << "\", uri=\"sip:" << domain_name(scene.leg.domain) << "\", response=\"";
  const uint64_t digest = mix(scene.leg.seed, kForDigest + scene.step.cseq * 16);
  out_.hex(digest, 16).hex(mix(digest, 1), 16) << "\", algorithm=MD5, cnonce=\"";
  out_.hex(mix(digest, 2), 8) << "\", qop=auth, nc=00000001\r\n";
}

void SipRenderer::session_headers(const Scene& scene) {
  const Step& step = scene.step;
  const bool negotiates = step.method == Method::Invite || step.method == Method::Update;
  if (scene.leg.session_timer && negotiates) {
    // RFC 4028 7 and 9.
    if (scene.is_request) out_ << "Session-Expires: 1800\r\nMin-SE: 90\r\n";
    if (is_success(step.status))
      out_ << "Require: timer\r\nSession-Expires: 1800;refresher=uac\r\n";
  }
  if (scene.has(kReliable)) {
    // RFC 3262 3 and 7.2.
    if (step.method == Method::Prack && scene.is_request) {
      out_ << "RAck: 1 " << step.argument << " INVITE\r\n";
    } else if (step.status > 100 && step.status < 200) {
      out_ << "Require: 100rel\r\nRSeq: 1\r\n";
    }
  }
  if (step.method == Method::Invite && scene.is_request && !scene.in_dialog) invite_headers(scene);
  if (step.method == Method::Register && scene.is_request)
    out_ << "Expires: " << step.argument << "\r\n";
  if (step.method == Method::Refer && scene.is_request) refer_headers(scene);
  if (step.method == Method::Options && is_success(step.status))
    out_ << "Accept: application/sdp\r\n";
}

void SipRenderer::invite_headers(const Scene& scene) {
  const Leg& leg = scene.leg;
  if (leg.asserted_identity) {
    out_ << "P-Asserted-Identity: <sip:";
    append_user(out_, leg.from);
    out_ << '@';
    append_host_of(out_, scene.plan, scene.plan.nodes[leg.path[0]]);
    out_ << ";user=phone>\r\nPrivacy: none\r\n";
  }
  if (leg.x_call_id != kNoLeg) {
    out_ << "X-Call-ID: ";
    append_call_id(out_, scene.plan, leg.x_call_id);
    out_ << "\r\n";
  }
  if (leg.replaces != kNoLeg) {
    const Leg& old = scene.plan.legs[leg.replaces];
    out_ << "Replaces: ";
    append_call_id(out_, scene.plan, leg.replaces);
    out_ << ";to-tag=";
    append_to_tag(out_, scene.plan, old, 0);
    out_ << ";from-tag=";
    append_from_tag(out_, scene.plan, old);
    out_ << "\r\n";
  }
  if (leg.referred_by != kNoLeg) {
    out_ << "Referred-By: <sip:";
    append_user(out_, scene.plan.legs[leg.referred_by].to);
    out_ << '@' << domain_name(leg.domain) << ">\r\n";
  }
}

void SipRenderer::refer_headers(const Scene& scene) {
  // The low byte says who is to be called, the high byte which leg is to be replaced (plus 1).
  const unsigned target = scene.step.argument & 0xFFu, replaced = scene.step.argument >> 8;
  const Node& node = scene.plan.nodes[target];
  out_ << scene.name("Refer-To: <sip:", "r: <sip:");
  append_user(out_, node.identity);
  out_ << '@';
  append_host_of(out_, scene.plan, node);
  if (!node.browser) out_ << ':' << node.port;
  if (replaced != 0) {
    const auto number = static_cast<uint8_t>(replaced - 1);
    const Leg& old = scene.plan.legs[number];
    // Escaped, as headers of a URI have to be (RFC 3891 4).
    TextBuffer& text = body_;
    text.clear();
    append_call_id(text, scene.plan, number);
    out_ << "?Replaces=";
    for (const char c : text.view())
      c == '@' ? out_ << "%40" : c == ':' ? out_ << "%3A" : out_ << c;
    out_ << "%3Bto-tag%3D";
    append_to_tag(out_, scene.plan, old, 0);
    out_ << "%3Bfrom-tag%3D";
    append_from_tag(out_, scene.plan, old);
  }
  out_ << ">\r\nReferred-By: <sip:";
  append_user(out_, scene.step.reverse ? scene.leg.to : scene.leg.from);
  out_ << '@' << domain_name(scene.leg.domain) << ">\r\n";
}

void SipRenderer::event_headers(const Scene& scene) {
  const Step& step = scene.step;
  const std::string_view name = scene.name("Event: ", "o: ");
  if (step.method == Method::Subscribe || step.method == Method::Publish) {
    if (scene.is_request) {
      out_ << name << package_name(scene.leg.package) << "\r\n";
      if (step.method == Method::Subscribe)
        out_ << "Accept: " << content_type(Body::DialogInfo) << ", " << content_type(Body::Presence)
             << "\r\n";
    }
    if (scene.is_request || is_success(step.status)) out_ << "Expires: " << step.argument << "\r\n";
    if (step.method == Method::Publish && is_success(step.status)) {
      (out_ << "SIP-ETag: ").hex(mix(scene.leg.seed, step.cseq), 8) << "\r\n";
    }
  }
  if (step.method != Method::Notify || !scene.is_request) return;
  const bool refer = step.body == Body::Sipfrag;
  out_ << name << (refer ? "refer" : package_name(scene.leg.package)) << "\r\nSubscription-State: ";
  const bool over = refer ? step.argument >= 200 : step.argument == 0;
  if (!over) {
    out_ << "active;expires=" << (refer ? uint16_t{60} : step.argument);
  } else {
    out_ << "terminated;reason=" << (refer ? "noresource" : "timeout");
  }
  out_ << "\r\n";
}

void SipRenderer::failure_headers(const Scene& scene) {
  const Step& step = scene.step;
  if (scene.has(kExplained)) {
    if (step.argument == 200) {
      out_ << "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";
    } else {
      out_ << "Reason: Q.850;cause=" << step.argument << ";text=\"" << cause_text(step.argument)
           << "\"\r\n";
    }
  }
  if (step.status == 488) {
    out_ << "Warning: 304 ";
    append_host_of(out_, scene.plan, scene.speaker);
    out_ << " \"Media type not available\"\r\n";
  }
  if (step.status == 503) out_ << "Retry-After: 30\r\n";
}

void SipRenderer::capabilities(const Scene& scene) {
  const Step& step = scene.step;
  const Profile& maker = profile(scene.speaker.profile);
  const bool tells = step.method == Method::Invite || step.method == Method::Options ||
                     step.method == Method::Subscribe || step.method == Method::Register ||
                     step.method == Method::Update;
  if (tells && (scene.is_request || is_success(step.status))) {
    if (!maker.allow.empty()) out_ << "Allow: " << maker.allow << "\r\n";
    if (!maker.supported.empty()) {
      out_ << scene.name("Supported: ", "k: ") << maker.supported << "\r\n";
    }
  }
  // A proxy does not sign the ACKs and CANCELs it makes for others.
  if (scene.is_request && scene.has(kHopByHop) && step.hop > 0) return;
  out_ << (maker.is_server && !scene.is_request ? "Server: " : "User-Agent: ") << maker.agent
       << "\r\n";
}

void SipRenderer::content(const Scene& scene) {
  const Step& step = scene.step;
  body_.clear();
  append_body(body_, scene.plan, step, scene.speaker);
  if (step.body != Body::None) {
    out_ << scene.name("Content-Type: ", "c: ") << content_type(step.body) << "\r\n";
  }
  const size_t wrong = scene.leg.broken_length && scene.is_request ? 37 : 0;
  out_ << scene.name("Content-Length: ", "l: ") << uint64_t{body_.size() + wrong} << "\r\n\r\n"
       << body_.view();
}

}  // namespace siploom::simulate

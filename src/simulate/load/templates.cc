#include "simulate/load/templates.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "simulate/hep/chunks.h"

namespace siploom::simulate::load {

namespace {

constexpr size_t kFlowCount = 128;

// One message of a flow.
struct Act {
  std::string_view method;
  uint16_t status = 0;  // 0: a request
  bool up = true;       // of a request: from the client; a response goes against its request
  uint8_t branch = 0, cseq = 0;
  bool sdp = false, to_tag = false, credentials = false;
};
using Acts = std::vector<Act>;

const Acts kAnswered = {
    {"INVITE", 0, true, 0, 0, true},          {"INVITE", 100},
    {"INVITE", 180, true, 0, 0, false, true}, {"INVITE", 200, true, 0, 0, true, true},
    {"ACK", 0, true, 1, 0, false, true},      {"BYE", 0, true, 2, 1, false, true},
    {"BYE", 200, true, 2, 1, false, true}};
const Acts kHungUpByCallee = {
    {"INVITE", 0, true, 0, 0, true},          {"INVITE", 100},
    {"INVITE", 180, true, 0, 0, false, true}, {"INVITE", 200, true, 0, 0, true, true},
    {"ACK", 0, true, 1, 0, false, true},      {"BYE", 0, false, 2, 1, false, true},
    {"BYE", 200, false, 2, 1, false, true}};
const Acts kProgress = {
    {"INVITE", 0, true, 0, 0, true},         {"INVITE", 100},
    {"INVITE", 183, true, 0, 0, true, true}, {"INVITE", 180, true, 0, 0, false, true},
    {"INVITE", 200, true, 0, 0, true, true}, {"ACK", 0, true, 1, 0, false, true},
    {"UPDATE", 0, true, 2, 1, false, true},  {"UPDATE", 200, true, 2, 1, false, true},
    {"BYE", 0, true, 3, 2, false, true},     {"BYE", 200, true, 3, 2, false, true}};
const Acts kChallenged = {{"INVITE", 0, true, 0, 0, true},
                          {"INVITE", 407, true, 0, 0, false, true},
                          {"ACK", 0, true, 0, 0, false, true},
                          {"INVITE", 0, true, 1, 1, true, false, true},
                          {"INVITE", 100, true, 1, 1},
                          {"INVITE", 180, true, 1, 1, false, true},
                          {"INVITE", 200, true, 1, 1, true, true},
                          {"ACK", 0, true, 2, 1, false, true, true},
                          {"BYE", 0, true, 3, 2, false, true},
                          {"BYE", 200, true, 3, 2, false, true}};
const Acts kCancelled = {
    {"INVITE", 0, true, 0, 0, true},          {"INVITE", 100},
    {"INVITE", 180, true, 0, 0, false, true}, {"CANCEL"},
    {"CANCEL", 200, true, 0, 0, false, true}, {"INVITE", 487, true, 0, 0, false, true},
    {"ACK", 0, true, 0, 0, false, true}};
const Acts kBusy = {{"INVITE", 0, true, 0, 0, true},
                    {"INVITE", 100},
                    {"INVITE", 486, true, 0, 0, false, true},
                    {"ACK", 0, true, 0, 0, false, true}};
const Acts kFailed = {{"INVITE", 0, true, 0, 0, true},
                      {"INVITE", 100},
                      {"INVITE", 503, true, 0, 0, false, true},
                      {"ACK", 0, true, 0, 0, false, true}};
const Acts kRegistered = {{"REGISTER"},
                          {"REGISTER", 401, true, 0, 0, false, true},
                          {"REGISTER", 0, true, 1, 1, false, false, true},
                          {"REGISTER", 200, true, 1, 1, false, true}};
const Acts kPinged = {{"OPTIONS"}, {"OPTIONS", 200, true, 0, 0, false, true}};

// In 64: seven and a half messages a Call-ID.
struct Share {
  const Acts* acts;
  size_t count;
};
const Share kShares[] = {{&kAnswered, 20},  {&kHungUpByCallee, 14}, {&kProgress, 10},
                         {&kChallenged, 8}, {&kCancelled, 5},       {&kBusy, 2},
                         {&kFailed, 1},     {&kRegistered, 3},      {&kPinged, 1}};

const Acts& acts_of(size_t flow) {
  size_t at = flow % 64;
  for (const Share& share : kShares) {
    if (at < share.count) return *share.acts;
    at -= share.count;
  }
  return kAnswered;
}

constexpr std::string_view kPhones[] = {"Yealink SIP-T46S 66.85.0.5",
                                        "Grandstream GXP2170 1.0.11.64",
                                        "PolycomVVX-VVX_411-UA/5.9.6.2327",
                                        "Cisco/SPA504G-7.6.2b",
                                        "Linphone/4.4.9 (belle-sip/5.1.55)",
                                        "snom720/8.9.3.80",
                                        "MicroSIP/3.21.3",
                                        "Zoiper rv2.10.19.4-mod"};
constexpr std::string_view kServers[] = {"kamailio (5.6.3 (x86_64/linux))",
                                         "OpenSIPS (3.2.11 (x86_64/linux))",
                                         "FPBX-16.0.33(18.9.0)",
                                         "FreeSWITCH-mod_sofia/1.10.9-release+git~20230222",
                                         "Asterisk PBX 18.18.1",
                                         "Oracle SBC/9.0.0"};
constexpr std::string_view kDomains[] = {"sip.example.com",    "voice.example.net",
                                         "pbx.example.org",    "trunk-3.carrier.example",
                                         "ims.mnc001.example", "hq.branch-office.example"};
// In the order in which messages get them as they grow.
constexpr std::string_view kExtras[] = {
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, PRACK, UPDATE\r\n",
    "Supported: replaces, timer, path, 100rel\r\n",
    "Allow-Events: presence, dialog, message-summary, refer\r\n",
    "Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n",
    "P-Access-Network-Info: IEEE-802.3; eth-location=\"building 7\"\r\n",
    "Accept: application/sdp, application/dtmf-relay, text/plain\r\n",
    "Accept-Language: en, de;q=0.8, fr;q=0.5\r\n",
    "Privacy: none\r\n"};

std::string_view reason(uint16_t status) {
  switch (status) {
    case 100:
      return "Trying";
    case 180:
      return "Ringing";
    case 183:
      return "Session Progress";
    case 200:
      return "OK";
    case 401:
      return "Unauthorized";
    case 407:
      return "Proxy Authentication Required";
    case 486:
      return "Busy Here";
    case 487:
      return "Request Terminated";
    default:
      return "Service Unavailable";
  }
}

// Text with places for fields.
struct Text {
  std::string octets;
  std::vector<Patch> patches;

  Text& operator<<(std::string_view text) {
    octets += text;
    return *this;
  }
  Text& operator<<(Field field) {
    patches.push_back({static_cast<uint16_t>(octets.size()), field});
    octets.append(kWidths[static_cast<size_t>(field)], '?');
    return *this;
  }
  void append(const Text& other) {
    const size_t base = octets.size();
    for (const Patch& each : other.patches) {
      patches.push_back({static_cast<uint16_t>(base + each.at), each.field});
    }
    octets += other.octets;
  }
};

Field nth(Field first, uint8_t n) { return static_cast<Field>(static_cast<uint8_t>(first) + n); }

// What all messages of a flow share.
struct Scene {
  std::string_view phone, server, domain;
  size_t extras = 0, fill = 0;
  uint64_t random = 0;
  std::string_view key;
};

Text sdp(bool offer, const Scene& scene) {
  Text out;
  const Field ip = offer ? Field::ClientIp : Field::ServerIp;
  const Field id = offer ? Field::SdpIdA : Field::SdpIdB;
  out << "v=0\r\no=- " << id << " " << id << " IN IP4 " << ip << "\r\ns=-\r\nc=IN IP4 " << ip
      << "\r\nt=0 0\r\nm=audio " << (offer ? Field::RtpPortA : Field::RtpPortB);
  if (offer && scene.random % 2 == 0) {
    out << " RTP/AVP 9 8 0 18 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"
           "a=rtpmap:0 PCMU/8000\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n";
  } else {
    out << " RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n";
  }
  return out << "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
                "a=sendrecv\r\n";
}

void start_line(Text& out, const Act& act, const Scene& scene) {
  if (act.status != 0) {
    out << "SIP/2.0 " << std::to_string(act.status) << " " << reason(act.status) << "\r\n";
    return;
  }
  out << act.method << " sip:";
  if (act.method != "REGISTER") out << (act.up ? Field::ToUser : Field::FromUser) << "@";
  out << scene.domain << " SIP/2.0\r\n";
}

void parties(Text& out, const Act& act, const Scene& scene) {
  const bool itself = act.method == "REGISTER";
  Text caller, callee;
  caller << "<sip:" << Field::FromUser << "@" << scene.domain << ">;tag=" << Field::FromTag;
  callee << "<sip:" << (itself ? Field::FromUser : Field::ToUser) << "@" << scene.domain << ">";
  if (act.to_tag || !act.up) callee << ";tag=" << Field::ToTag;
  out << "From: ";
  out.append(act.up ? caller : callee);
  out << "\r\nTo: ";
  out.append(act.up ? callee : caller);
  out << "\r\nCall-ID: " << Field::CallId << "\r\nCSeq: " << nth(Field::Cseq0, act.cseq) << " "
      << act.method << "\r\n";
}

void authentication(Text& out, const Act& act, const Scene& scene) {
  if (act.status == 401 || act.status == 407) {
    out << (act.status == 401 ? "WWW" : "Proxy") << "-Authenticate: Digest realm=\"" << scene.domain
        << "\", nonce=\"" << Field::Nonce << "\", algorithm=MD5, qop=\"auth\"\r\n";
  }
  if (!act.credentials) return;
  out << (act.method == "REGISTER" ? "Authorization" : "Proxy-Authorization")
      << ": Digest username=\"" << Field::FromUser << "\", realm=\"" << scene.domain
      << "\", nonce=\"" << Field::Nonce << "\", uri=\"sip:" << scene.domain << "\", response=\""
      << Field::Response << "\", algorithm=MD5, qop=auth, nc=00000001\r\n";
}

// What is lacking: half of it differs from dialog to dialog.
void fill(Text& out, size_t octets) {
  constexpr std::string_view kWords = ";zone=north-2;plan=business;route=primary;class=standard";
  constexpr std::string_view kName = "X-Trace: ", kEnd = "\r\n";
  constexpr size_t kFiller = kWidths[static_cast<size_t>(Field::Filler)];
  const size_t most = 400;
  while (octets > kName.size() + kEnd.size()) {
    const size_t line = std::min(octets, most);
    size_t left = line - kName.size() - kEnd.size();
    out << kName;
    while (left > 0) {
      if (left >= kFiller) {
        out << Field::Filler;
        left -= kFiller;
      }
      const size_t words = std::min(left, kWords.size());
      out << kWords.substr(0, words);
      left -= words;
    }
    out << kEnd;
    octets -= line;
  }
}

Text sip(const Act& act, const Scene& scene) {
  const bool request = act.status == 0, by_client = act.up == request;
  Text out;
  start_line(out, act, scene);
  out << "Via: SIP/2.0/UDP " << (act.up ? Field::ClientIp : Field::ServerIp)
      << ":5060;branch=z9hG4bK" << nth(Field::Branch0, act.branch) << ";rport"
      << (request ? "" : "=5060") << "\r\n";
  if (request) out << "Max-Forwards: " << (scene.random % 3 == 0 ? "69" : "70") << "\r\n";
  parties(out, act, scene);
  if (act.status != 100) {
    out << "Contact: <sip:" << (by_client ? Field::FromUser : Field::ToUser) << "@"
        << (by_client ? Field::ClientIp : Field::ServerIp) << ":5060>\r\n";
    out << (request ? "User-Agent: " : "Server: ") << (by_client ? scene.phone : scene.server)
        << "\r\n";
    for (size_t i = 0; i < scene.extras; ++i) out << kExtras[i];
  }
  authentication(out, act, scene);
  if (act.method == "REGISTER") out << "Expires: 3600\r\n";
  fill(out, scene.fill);
  Text body;
  if (act.sdp) {
    body = sdp(request, scene);
    out << "Content-Type: application/sdp\r\n";
  }
  out << "Content-Length: " << std::to_string(body.octets.size()) << "\r\n\r\n";
  out.append(body);
  return out;
}

Template make_template(const Act& act, const Scene& scene) {
  const Text payload = sip(act, scene);
  const bool by_client = act.up == (act.status == 0);
  Template out;
  hep::Chunks chunks;
  const auto value_at = [&] { return static_cast<uint16_t>(chunks.size() + 6); };
  chunks.number(1, 2, 1).number(2, 17, 1).number(7, 5060, 2).number(8, 5060, 2);
  SL_CHECK(value_at() == kSecondsAt);
  chunks.number(9, 0, 4);
  SL_CHECK(value_at() == kMicrosecondsAt);
  chunks.number(10, 0, 4).number(11, 1, 1);
  out.patches.push_back({value_at(), Field::NodeId});
  chunks.number(12, 0, 4);
  for (const uint16_t type : {uint16_t{3}, uint16_t{4}}) {
    const bool client = by_client == (type == 3);
    out.patches.push_back({value_at(), client ? Field::ClientAddress : Field::ServerAddress});
    chunks.number(type, 0, 4);
  }
  chunks.optional_text(0x0e, scene.key);
  // Every other flow is of a sender that names itself and the Call-ID.
  if (scene.random % 4 < 2) {
    out.patches.push_back({value_at(), Field::CallId});
    chunks.text(0x11, std::string(kWidths[0], '?'));
    out.patches.push_back({value_at(), Field::NodeName});
    chunks.text(0x13, "node??");
  }
  const uint16_t base = value_at();
  out.sip_bytes = static_cast<uint16_t>(payload.octets.size());
  out.octets = chunks.text(0x0f, payload.octets).finish();
  for (const Patch& each : payload.patches) {
    out.patches.push_back({static_cast<uint16_t>(base + each.at), each.field});
  }
  return out;
}

TemplateSet make_set(uint64_t seed, size_t extras, size_t filling, std::string_view key) {
  TemplateSet set;
  size_t messages = 0, sip_bytes = 0, hep_bytes = 0;
  for (size_t i = 0; i < kFlowCount; ++i) {
    Rng rng(mix(seed, i));
    const Scene scene{rng.pick(kPhones),
                      rng.pick(kServers),
                      rng.pick(kDomains),
                      extras,
                      filling,
                      rng.next(),
                      key};
    Flow& flow = set.flows.emplace_back();
    for (const Act& act : acts_of(i)) {
      flow.push_back(make_template(act, scene));
      ++messages;
      sip_bytes += flow.back().sip_bytes;
      hep_bytes += flow.back().octets.size();
      set.largest = std::max(set.largest, flow.back().octets.size());
    }
  }
  const auto count = static_cast<double>(messages);
  set.mean_sip_bytes = static_cast<double>(sip_bytes) / count;
  set.mean_hep_bytes = static_cast<double>(hep_bytes) / count;
  set.messages_per_dialog = count / static_cast<double>(kFlowCount);
  return set;
}

}  // namespace

TemplateSet make_templates(uint64_t seed, size_t sip_bytes, std::string_view key) {
  const auto wanted = static_cast<double>(sip_bytes);
  size_t extras = 0;
  TemplateSet set = make_set(seed, extras, 0, key);
  while (extras < std::size(kExtras)) {
    TemplateSet larger = make_set(seed, extras + 1, 0, key);
    if (larger.mean_sip_bytes > wanted) break;
    set = std::move(larger);
    ++extras;
  }
  const double lacking = wanted - set.mean_sip_bytes;
  if (lacking < 16) return set;
  return make_set(seed, extras, static_cast<size_t>(lacking), key);
}

}  // namespace siploom::simulate::load

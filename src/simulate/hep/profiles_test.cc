// Every sender's HEP is read back as the facts it was made of, with the quirks it is known for.
#include "simulate/hep/profiles.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "wire/hep/hep.h"
#include "wire/report/report.h"

using namespace siploom;
namespace wire = siploom::hep;
using simulate::hep::Content;
using simulate::hep::HepInput;
using wire::Quirk;

namespace {

const std::string kInvite =
    "INVITE sip:b@example.org SIP/2.0\r\nCall-ID: c1@h\r\nContent-Length: 0\r\n\r\n";

HepInput input(Content content = Content::Sip) {
  HepInput in;
  in.content = content;
  in.src = *parse_endpoint("192.0.2.10:5060");
  in.dst = *parse_endpoint("198.51.100.20:5080");
  in.time = Timestamp{1'700'000'000 * kSecond + 123'456'000};
  in.payload = kInvite;
  in.call_id = "c1@h";
  in.rtcp = {200, 0x1234, 77, 1000, 160'000, 160'000, 1000, 96, 5, 6, 2, -3, "a@h"};
  return in;
}

struct Read {
  Read(std::string_view profile, const HepInput& in) {
    auto encoded = simulate::hep::encode(profile, in);
    REQUIRE(encoded.has_value());
    octets = std::move(*encoded);
    ok = wire::decode(as_bytes(octets), packet, scratch);
    REQUIRE(ok);
    report::describe(packet, told, report_scratch);
  }
  bool has(Quirk quirk) const { return packet.quirks.has(quirk); }
  std::string octets, scratch;
  wire::Packet packet;
  report::Description told;
  report::Scratch report_scratch;
  bool ok = false;
};

// Exactly these.
void check_quirks(const Read& read, std::initializer_list<Quirk> expected) {
  wire::Quirks quirks;
  for (const Quirk quirk : expected) quirks.add(quirk);
  for (size_t i = 0; i < wire::kQuirks; ++i) {
    const auto quirk = static_cast<Quirk>(i);
    CAPTURE(wire::quirk_name(quirk));
    CHECK(read.has(quirk) == quirks.has(quirk));
  }
}

}  // namespace

TEST_CASE("HEP profiles: SIP of every sender comes back") {
  for (const std::string_view name : simulate::hep::profile_names()) {
    if (name == "rtpengine") continue;
    CAPTURE(name);
    const HepInput in = input();
    const Read read(name, in);
    CHECK(read.packet.src == in.src);
    CHECK(read.packet.dst == in.dst);
    CHECK(read.packet.transport == Transport::Udp);
    CHECK(read.told.sip == kInvite);
    CHECK(read.told.kind == report::Kind::Sip);
    if (read.packet.version == 1) continue;
    CHECK(read.packet.time == in.time);
    CHECK(read.packet.agent_id == 2001);
  }
}

TEST_CASE("HEP profiles: each sender's quirks over IPv4 and UDP") {
  check_quirks(Read("kamailio-v1", input()), {});
  check_quirks(Read("kamailio-v2", input()), {});
  check_quirks(Read("kamailio", input()), {});
  check_quirks(Read("opensips-v1", input()), {Quirk::TrailingNuls});
  check_quirks(Read("opensips-v2", input()), {Quirk::TrailingNuls});
  check_quirks(Read("opensips", input()), {});
  check_quirks(Read("opensips-homer5", input()), {});
  check_quirks(Read("asterisk", input()), {});
  check_quirks(Read("sofia-v2", input()), {Quirk::OddHeaderLength});
  check_quirks(Read("sofia", input()), {});
  check_quirks(Read("sngrep-v2", input()), {Quirk::OddHeaderLength});
  check_quirks(Read("sngrep", input()), {Quirk::SwappedAgentId});
  check_quirks(Read("sipgrep", input()), {Quirk::SwappedAgentId});
  check_quirks(Read("captagent-v2", input()), {});
  check_quirks(Read("captagent", input()), {});
  check_quirks(Read("captagent-6", input()), {Quirk::SwappedAgentId});
  check_quirks(Read("captagent-zlib", input()), {Quirk::Inflated});
  check_quirks(Read("heplify", input()), {});
  check_quirks(Read("heplify-mapped", input()), {Quirk::MappedIpv4});
  check_quirks(Read("heplify-gzip", input()), {Quirk::GzippedMessage});
  check_quirks(Read("hep-js", input()), {});
}

TEST_CASE("HEP profiles: transports") {
  HepInput in = input();
  in.transport = Transport::Tls;
  for (const char* name : {"kamailio", "kamailio-v2", "opensips", "sofia"}) {
    const Read read(name, in);
    CHECK(read.packet.transport == Transport::Tls);
    CHECK(read.has(Quirk::FakeTransport));
  }
  CHECK(Read("asterisk", in).packet.transport == Transport::Tcp);
  in.transport = Transport::Wss;
  CHECK(Read("opensips", in).packet.transport == Transport::Ws);
  CHECK(Read("sofia", in).packet.transport == Transport::Tcp);
  CHECK(Read("kamailio", in).packet.transport == Transport::Tls);
  in.received = true;
  CHECK(Read("kamailio", in).packet.transport == Transport::Tcp);
}

TEST_CASE("HEP profiles: IPv6, and sofia's that is cut") {
  HepInput in = input();
  in.src = *parse_endpoint("[2001:db8::1]:5060");
  in.dst = *parse_endpoint("[2001:db8::2]:5080");
  for (const std::string_view name : simulate::hep::profile_names()) {
    if (name == "rtpengine" || name == "hep-js") continue;
    CAPTURE(name);
    const Read read(name, in);
    const bool cut = name.starts_with("sofia");
    CHECK(read.has(Quirk::TruncatedIpv6) == cut);
    CHECK((read.packet.src == in.src) == !cut);
    CHECK(read.packet.src.port == 5060);
    CHECK(read.told.sip == kInvite);
  }
}

TEST_CASE("HEP profiles: RTCP in the JSON of four senders") {
  for (const char* name :
       {"rtpengine", "asterisk", "captagent", "captagent-zlib", "heplify", "heplify-gzip"}) {
    CAPTURE(name);
    const Read read(name, input(Content::Rtcp));
    CHECK(read.told.kind == report::Kind::RtcpReport);
    CHECK(read.told.event == "SR");
    CHECK_FALSE(read.told.malformed);
    const report::Quality& quality = read.told.quality;
    CHECK(quality.ssrc == 0x1234);
    CHECK(quality.source_ssrc == 77);
    CHECK(quality.lost == -3);
    CHECK(quality.jitter_rtp == 96);
    CHECK(quality.packets == 1000);
    CHECK(quality.octets == 160'000);
    CHECK(quality.lsr == 5);
    CHECK(quality.dlsr == 6);
    REQUIRE(read.told.primary_id);
    CHECK(read.told.primary_id->value == "c1@h");
  }
  CHECK(Read("heplify", input(Content::Rtcp)).told.quality.mos == 4.5);
  HepInput rr = input(Content::Rtcp);
  rr.rtcp.type = 201;
  CHECK(Read("asterisk", rr).told.event == "RR");
  rr.correlation_id = "PJSIP/regA-00000004";
  CHECK(Read("asterisk-channel", rr).told.primary_id->space == report::IdSpace::Channel);
}

TEST_CASE("HEP profiles: rtpengine's NG, heplify's DNS, logs, hep-js's events") {
  HepInput ng = input(Content::Ng);
  ng.cookie = "0_97_2";
  ng.parts = {{"call-id", "c1@h"}, {"command", "offer"}, {"sdp", "v=0\r\n"}};
  const Read offer("rtpengine", ng);
  CHECK(offer.told.kind == report::Kind::Ng);
  CHECK(offer.told.summary == "offer 0_97_2");

  HepInput dns = input(Content::Dns);
  dns.payload = "example.com";
  CHECK(Read("heplify", dns).told.summary == "A example.com");
  dns.received = true;
  CHECK(Read("heplify", dns).told.summary == "A example.com -> NXDOMAIN");
  dns.parts = {{"A", "192.0.2.1"}};
  CHECK(Read("heplify", dns).told.summary == "A example.com -> 192.0.2.1");

  HepInput log = input(Content::Log);
  log.payload = "it went wrong";
  for (const char* name : {"kamailio", "heplify", "opensips", "opensips-homer5", "opensips-2"}) {
    CAPTURE(name);
    const Read read(name, log);
    CHECK(read.told.kind == report::Kind::Log);
    CHECK(read.told.summary.ends_with("it went wrong"));
    CHECK(read.told.primary_id->value == "c1@h");
  }
  HepInput event = input(Content::Event);
  event.payload = R"({"a":1})";
  event.transaction_type = "call";
  event.parts = {{"conversationId", "conv-1"}, {"organizationId", "org-1"}};
  const Read read("hep-js", event);
  CHECK(read.packet.transaction_type == "call");
  REQUIRE(read.packet.other_chunks().size() == 2);
  CHECK(read.packet.other_chunks()[0].vendor == 8);
  CHECK(as_text(read.packet.other_chunks()[1].value) == "org-1");
  CHECK(read.told.event == "call");
}

TEST_CASE("HEP profiles: what OpenSIPS tells besides SIP") {
  HepInput net = input(Content::Net);
  net.transport = Transport::Tls;
  net.correlation_id = "12252079388679237859";
  const std::string secret = "\x01\xfe\"secret\\octets-of-a-session-that-nobody-must-see.";
  net.parts = {{"Protocol", "TLS"},    {"server-subject", "/CN=lab.example"},
               {"master-key", secret}, {"Event", "ACCEPTED"},
               {"Status", "SUCCESS"},  {"Message", "Connection accepted..."}};
  for (const char* name : {"opensips", "opensips-homer5"}) {
    CAPTURE(name);
    const Read read(name, net);
    CHECK(read.told.kind == report::Kind::TransportEvent);
    CHECK(read.told.event == "ACCEPTED");
    CHECK(read.told.primary_id->space == report::IdSpace::Net);
    REQUIRE(read.told.secrets().size() == 1);
    CHECK(as_text(read.told.secrets()[0]).find("octets-of-a-session") != std::string_view::npos);
    CHECK(read.told.summary.find("octets-of") == std::string::npos);
  }
  HepInput rest = input(Content::Rest);
  rest.correlation_id = "RESTCORRabc";
  rest.parts = {{"first_line", "GET /x HTTP/1.1"}};
  const Read query("opensips", rest);
  CHECK(query.told.primary_id->space == report::IdSpace::Rest);
  CHECK(query.told.extra_ids()[0].value == "c1@h");
  CHECK(Read("opensips-homer5", rest).told.primary_id->value == "c1@h");

  HepInput control = input(Content::Control);
  control.parts = {{"sip", "a@h"}, {"sip", "b@h"}};
  const Read link("opensips", control);
  CHECK(link.has(Quirk::NoPayload));
  CHECK(link.told.summary == "call a@h = call b@h");

  HepInput sip = input();
  sip.connection_id = "99";
  CHECK(Read("opensips", sip).told.primary_id->value == "c1@h");
  CHECK(Read("opensips", sip).told.extra_ids()[0].space == report::IdSpace::Net);

  const Read empty("opensips-v2", net);
  check_quirks(empty, {Quirk::NoPayload, Quirk::TrailingNuls});
  CHECK(empty.octets.size() == 36);
}

TEST_CASE("HEP profiles: Asterisk's milliseconds, and errors") {
  HepInput in = input();
  in.received = true;
  CHECK(Read("asterisk", in).packet.time.ns == 1'700'000'000 * kSecond + 123 * kMillisecond);
  CHECK_FALSE(simulate::hep::encode("nobody", in).has_value());
  in.content = Content::Ng;
  CHECK_FALSE(simulate::hep::encode("sngrep", in).has_value());
  in.content = Content::Sip;
  in.payload = std::string(66'000, 'x');
  CHECK(simulate::hep::encode("kamailio", in).error().code == ErrorCode::LimitExceeded);
}

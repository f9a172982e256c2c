// The relay as a whole, with an intake in the same process as the far end.
#include "pipeline/relay/relay.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <set>

#include "intake/test_support.h"
#include "pipeline/test_capture.h"
#include "support/temp_folder.h"
#include "wire/hep/encode.h"
#include "wire/hep/hep.h"

namespace siploom::pipeline::relay {

namespace {

using intake::test::chunk;
using intake::test::eventually;
using intake::test::hep1;
using intake::test::hep3;
using intake::test::loopback;
using intake::test::Running;

std::string invite_text(int number, const std::string& body = "") {
  return fmt::format(
      "INVITE sip:b@y SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{0}\r\nFrom: <sip:a@x>;"
      "tag=1\r\nTo: <sip:b@y>\r\nCall-ID: call-{0}\r\nCSeq: 1 INVITE\r\n\r\n{1}",
      number, body);
}
std::string message(int number) { return hep3(invite_text(number)); }

Destination to(std::string_view protocol, const Endpoint& at) {
  return *parse_destination(fmt::format("{}:{}", protocol, format_endpoint(at)));
}

// A port that nobody listens on, until somebody does.
Endpoint free_port() {
  const Running once;
  return once.at();
}
intake::IntakeOptions at(const Endpoint& endpoint) {
  intake::IntakeOptions options = loopback();
  options.listen = {endpoint};
  return options;
}

struct RelayBench {
  siploom::test::TempFolder folder;
  std::unique_ptr<Relay> relay;

  RelayOptions options(std::vector<Destination> destinations) const {
    RelayOptions out;
    out.to = std::move(destinations);
    out.folder = folder.path;
    return out;
  }
  void start(RelayOptions options) {
    auto started = Relay::start(std::move(options));
    REQUIRE_MESSAGE(started.has_value(), (started ? "" : started.error().message));
    relay = std::move(*started);
  }
  void give(int from, int to) const {
    for (int i = from; i < to; ++i) relay->take(as_bytes(message(i)));
  }
  // No faster than the queues take it.
  void give_slowly(int from, int to) const {
    for (int i = from; i < to; i += 50) {
      give(i, i + 50);
      REQUIRE(eventually([&] {
        const TargetCounters now = target();
        const auto known = now.sent + now.queued + now.spooled;
        return known >= static_cast<uint64_t>(i) + 50;
      }));
    }
  }
  TargetCounters target(size_t i = 0) const { return relay->counters().targets.at(i); }
};

std::set<std::string> texts(Running& receiver) {
  std::set<std::string> out;
  for (const intake::test::Taken& each : receiver.taken()) out.insert(each.message);
  return out;
}
std::set<std::string> messages(int from, int to) {
  std::set<std::string> out;
  for (int i = from; i < to; ++i) out.insert(message(i));
  return out;
}

}  // namespace

TEST_CASE("relay: octets arrive as they came, in order, over UDP and TCP") {
  Running receiver;
  for (const char* protocol : {"udp", "tcp"}) {
    CAPTURE(protocol);
    const size_t before = receiver.count();
    RelayBench bench;
    bench.start(bench.options({to(protocol, receiver.at())}));
    const std::string unknown = hep3(invite_text(1)).substr(6) + chunk(0x80, "vendor's own", 8);
    std::vector<std::string> sent = {"HEP3" + intake::test::be16(unknown.size() + 6) + unknown,
                                     message(2), hep3("{\"ssrc\": 7}")};
    if (protocol[0] == 'u') sent.push_back(hep1());
    for (const std::string& each : sent) bench.relay->take(as_bytes(each));
    REQUIRE(receiver.wait_for(before + sent.size()));
    for (size_t i = 0; i < sent.size(); ++i) CHECK(receiver.taken()[before + i].message == sent[i]);
    CHECK(eventually([&] { return bench.target().sent == sent.size(); }));
    bench.relay->stop();
    CHECK(bench.relay->counters().lost() == 0);
    CHECK(bench.target().queued == 0);
  }
}

TEST_CASE("relay: what a stream cannot carry as it is goes as HEP v3") {
  Running receiver;
  RelayBench bench;
  bench.start(bench.options({to("tcp", receiver.at())}));
  const Timestamp received{1'700'000'000 * kSecond};
  bench.relay->take(as_bytes(hep1()), {}, received);
  bench.relay->take(as_bytes(hep::compress(as_bytes(message(2)), hep::Compression::Gzip)));
  bench.relay->take(as_bytes(message(3) + std::string("\0\0", 2)));
  bench.relay->take(as_bytes("\x1f\x8b\x08 and no more of it"));
  bench.give(4, 5);
  REQUIRE(receiver.wait_for(4));
  const auto taken = receiver.taken();
  hep::Packet packet;
  std::string scratch;
  REQUIRE(hep::decode(as_bytes(taken[0].message), packet, scratch));
  CHECK(packet.version == 3);
  CHECK(packet.time == received);
  CHECK(as_text(packet.payload).starts_with("OPTIONS"));
  CHECK(taken[1].message == message(2));
  CHECK(taken[2].message.size() == message(3).size() + 2);
  CHECK(taken[3].message == message(4));
  CHECK(receiver.dropped(intake::Drop::Resync) == 0);
  CHECK(eventually([&] { return bench.relay->counters().too_large == 1; }));
}

TEST_CASE("relay: another key lets it in where one is asked for") {
  intake::IntakeOptions strict = loopback();
  strict.keys = {{*parse_cidr("0.0.0.0/0"), "theirs"}};
  Running receiver(strict);
  RelayBench bench;
  RelayOptions options = bench.options({to("tcp", receiver.at())});
  options.key = "theirs";
  bench.start(options);
  bench.relay->take(as_bytes(hep3(invite_text(1), "ours")));
  bench.give(2, 3);
  REQUIRE(receiver.wait_for(2));
  CHECK((receiver.taken()[0].header.flags & capture::kIntakeKeyMatched) != 0);
  CHECK(receiver.dropped(intake::Drop::BadKey) == 0);
}

TEST_CASE("relay: a filter chooses, as the store understands messages; others are counted") {
  Running receiver;
  RelayBench bench;
  RelayOptions options = bench.options({to("tcp", receiver.at())});
  options.filter = "call_id == \"call-7\"";
  bench.start(options);
  bench.give(0, 20);
  bench.relay->take(as_bytes(hep3("{\"ssrc\": 7}")));
  REQUIRE(receiver.wait_for(1));
  bench.relay->stop();
  CHECK(receiver.taken()[0].message == message(7));
  CHECK(receiver.count() == 1);
  CHECK(bench.relay->counters().filtered == 20);
  CHECK(bench.relay->counters().lost() == 0);
}

TEST_CASE("relay: masks bodies and compresses, both at once") {
  Running receiver;
  RelayBench bench;
  RelayOptions options = bench.options({to("tcp", receiver.at())});
  options.mask_bodies = options.compress = true;
  bench.start(options);
  const std::string body(2'000, 's');
  bench.relay->take(as_bytes(hep3(invite_text(1, body))));
  bench.relay->take(as_bytes(hep3("{\"payload\": \"SIP/2.0 200 OK\"}")));
  REQUIRE(receiver.wait_for(1));
  hep::Packet packet;
  std::string scratch;
  const std::string taken = receiver.taken()[0].message;
  REQUIRE(hep::decode(as_bytes(taken), packet, scratch));
  CHECK(as_text(packet.payload) == invite_text(1, std::string(body.size(), 'x')));
  CHECK(taken.size() < 1'000);
  CHECK(eventually([&] { return bench.relay->counters().withheld == 1; }));
}

TEST_CASE("relay: what is captured here goes out as HEP of this node; quarantined does not") {
  Running receiver;
  RelayBench bench;
  bench.start(bench.options({to("udp", receiver.at())}));
  Chunk chunk;
  Message captured;
  const std::string sip = invite_text(5);
  captured.record.payload = as_bytes(sip);
  captured.record.time = {1'700'000'000 * kSecond};
  captured.record.src = *parse_endpoint("10.0.0.1:5060");
  captured.record.dst = *parse_endpoint("10.0.0.2:5061");
  captured.record.transport = Transport::Tcp;
  captured.record.frame = 2;
  captured.facts.call_id = "call-5";
  chunk.messages.push_back(captured);
  std::string bad(capture::kIntakeHeaderBytes, '\0');
  capture::IntakeHeader header;
  header.flags = capture::kIntakeQuarantined;
  capture::encode_intake_header(header, reinterpret_cast<uint8_t*>(bad.data()));
  bad += message(6);
  chunk.batch.frames.push_back({{1},
                                as_bytes(bad).data(),
                                static_cast<uint32_t>(bad.size()),
                                static_cast<uint32_t>(bad.size()),
                                capture::LinkType::HepIntake,
                                0});
  bench.relay->take(chunk, "edge1");
  REQUIRE(receiver.wait_for(1));
  hep::Packet packet;
  std::string scratch;
  const std::string taken = receiver.taken()[0].message;
  REQUIRE(hep::decode(as_bytes(taken), packet, scratch));
  CHECK(packet.agent_name == "edge1");
  CHECK(packet.correlation_id == "call-5");
  CHECK(packet.transport == Transport::Tcp);
  CHECK(packet.time == captured.record.time);
  CHECK(packet.src == captured.record.src);
  CHECK(as_text(packet.payload) == sip);
  bench.relay->stop();
  CHECK(receiver.count() == 1);
  CHECK(bench.relay->counters().withheld == 1);
}

TEST_CASE("relay: a far end that is away, comes, goes and comes back misses nothing over TCP") {
  const Endpoint where = free_port();
  RelayBench bench;
  RelayOptions options = bench.options({to("tcp", where)});
  options.queue_bytes = 512 * 1024;  // half of that waits in memory, the rest on disk
  bench.start(options);
  bench.give_slowly(0, 1'500);
  REQUIRE(eventually([&] { return bench.target().spooled > 0; }));
  bench.give_slowly(1'500, 3'000);
  CHECK(eventually([&] { return bench.target().spooled > 1'000; }));
  CHECK(!bench.target().last_error.empty());
  std::set<std::string> seen;
  {
    Running receiver(at(where));
    CHECK(eventually([&] { return texts(receiver).size() == 3'000; }));
    bench.give_slowly(3'000, 4'000);
    // It goes while messages are on their way to it.
    seen = texts(receiver);
    receiver.stop();
    seen.merge(texts(receiver));
  }
  bench.give_slowly(4'000, 5'000);
  Running again(at(where));
  CHECK(eventually([&] {
    std::set<std::string> all = texts(again);
    all.insert(seen.begin(), seen.end());
    return all == messages(0, 5'000);
  }));
  CHECK(bench.target().reconnects >= 1);
  CHECK(bench.relay->counters().lost() == 0);
  bench.relay->stop();
  CHECK(bench.target().sent == 5'000);
}

TEST_CASE("relay: what waits at the end is sent by the next run") {
  const Endpoint where = free_port();
  RelayBench bench;
  bench.start(bench.options({to("tcp", where)}));
  bench.give(0, 500);
  CHECK(eventually([&] { return bench.target().queued == 500; }));
  bench.relay->stop();
  CHECK(bench.target().spooled == 500);
  Running receiver(at(where));
  bench.start(bench.options({to("tcp", where)}));
  CHECK(eventually([&] { return texts(receiver) == messages(0, 500); }));
}

TEST_CASE("relay: a full spool loses the oldest and counts; no spool, the newest") {
  for (const uint64_t spool_bytes : {uint64_t{128 * 1024}, uint64_t{0}}) {
    CAPTURE(spool_bytes);
    RelayBench bench;
    RelayOptions options = bench.options({to("tcp", free_port())});
    options.queue_bytes = 64 * 1024;
    options.spool_bytes = spool_bytes;
    bench.start(options);
    bench.give(0, 5'000);
    bench.relay->stop();
    const RelayCounters counters = bench.relay->counters();
    CHECK(counters.taken == 5'000);
    CHECK(counters.lost() > 0);
    CHECK(counters.targets[0].spooled + counters.lost() == 5'000);
  }
}

TEST_CASE("relay: a far end that reads nothing holds nobody up, not even the end") {
  // Listens, and never accepts.
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket, 8) == 0);
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  RelayBench bench;
  RelayOptions options =
      bench.options({*parse_destination(fmt::format("tcp:127.0.0.1:{}", ntohs(address.sin_port)))});
  options.queue_bytes = 8u << 20;
  options.spool_bytes = 1u << 20;
  bench.start(options);
  const std::string large = hep3(invite_text(1) + std::string(60'000, 'x'));
  const auto began = std::chrono::steady_clock::now();
  constexpr uint64_t kCount = 1'000;
  for (uint64_t i = 0; i < kCount; ++i) bench.relay->take(as_bytes(large));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
  bench.relay->stop();
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(15));
  const RelayCounters counters = bench.relay->counters();
  CHECK(counters.lost() > 0);
  CHECK(counters.targets[0].sent + counters.targets[0].spooled + counters.lost() == kCount);
  ::close(socket);
}

TEST_CASE("relay: UDP to nobody is told by ICMP, and what is too large for it is counted") {
  RelayBench bench;
  bench.start(bench.options({to("udp", free_port())}));
  for (int i = 0; i < 20; ++i) {
    bench.give(i, i + 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  CHECK(eventually([&] { return bench.target().sent == 20; }));
  CHECK(eventually([&] { return bench.target().refused > 0; }));
  bench.relay->take(as_bytes(hep3(std::string(65'490, 'x'))));  // 65507 is the most that UDP holds
  CHECK(eventually([&] { return bench.target().dropped == 1; }));
  CHECK(bench.relay->counters().lost() == 1);
}

TEST_CASE("relay: settings that make no sense are refused with what would be right") {
  for (const char* text : {"", "10.0.0.1:9060", "sctp:h:1", "udp:h", "tcp:h:0", "tls:h:99999",
                           "udp:::1:9060", "udp:[x]:9060", "tcp:a b:1"})
    CHECK(!parse_destination(text));
  CHECK(parse_destination("tls:[2001:db8::1]:9061")->text() == "tls:[2001:db8::1]:9061");
  CHECK(!parse_destinations(std::vector<std::string>(17, "udp:h:1")));
  RelayOptions options;
  options.filter = "no such ==";
  const auto started = Relay::start(options);
  REQUIRE(!started);
  CHECK(started.error().message.find("relay.filter") != std::string::npos);
}

namespace {

// A certificate for 127.0.0.1 that is its own authority.
struct Certificate {
  siploom::test::TempFolder folder;
  Certificate() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(made), 86'400);
    X509_set_pubkey(made, key);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_EXTENSION* name =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(made, name, -1);
    X509_EXTENSION_free(name);
    X509_sign(made, key, EVP_sha256());
    std::FILE* file = std::fopen((folder.path + "/cert.pem").c_str(), "w");
    PEM_write_X509(file, made);
    std::fclose(file);
    file = std::fopen((folder.path + "/key.pem").c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(made);
    EVP_PKEY_free(key);
  }
};

}  // namespace

TEST_CASE("relay: TLS to a far end that proves who it is, and to no other") {
  const Certificate certificate;
  intake::IntakeOptions secure = loopback();
  secure.tls.certificate_file = certificate.folder.path + "/cert.pem";
  secure.tls.key_file = certificate.folder.path + "/key.pem";
  Running receiver(secure);
  RelayBench bench;
  RelayOptions options = bench.options({to("tls", receiver.at())});
  options.tls_ca_file = certificate.folder.path + "/cert.pem";
  bench.start(options);
  bench.give(0, 2'000);
  CHECK(eventually([&] { return texts(receiver) == messages(0, 2'000); }));
  CHECK(receiver.taken()[0].header.carrier == capture::Carrier::Tls);
  bench.relay->stop();
  CHECK(bench.target().sent == 2'000);

  RelayBench other;
  options = other.options({to("tls", receiver.at())});  // the system's authorities
  other.start(options);
  other.give(0, 1);
  CHECK(eventually(
      [&] { return other.target().last_error.find("certificate") != std::string::npos; }));
  CHECK(other.target().sent == 0);
  options.tls_ca_file = "/nowhere.pem";
  CHECK(!Relay::start(options));
}

}  // namespace siploom::pipeline::relay

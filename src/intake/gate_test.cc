// Who may send, what is wiped, what is counted.
#include "intake/gate.h"

#include <rapidcheck.h>
#include <zlib.h>

#include "intake/auth_chunks.h"
#include "intake/test_support.h"

using namespace siploom;
using namespace siploom::intake;
using namespace siploom::intake::test;
using capture::Carrier;

namespace {

struct Door {
  explicit Door(const IntakeOptions& options = {})
      : policy(*Policy::make(options.allow, options.keys)), gate(policy, options, writer) {
    writer.start(batch, 1u << 20);
    from("192.0.2.1");
  }
  void from(std::string_view address, Nanoseconds at = kSecond) {
    gate.begin({{*parse_ip(address), 5060}, 9060, 0, {at}, at});
  }
  Drop take(const std::string& message, Carrier carrier = Carrier::Tcp) {
    return gate.take(as_bytes(message), carrier);
  }
  std::string last() const {
    return std::string(as_text(batch.frames.back().bytes().subspan(capture::kIntakeHeaderBytes)));
  }
  uint8_t last_flags() const {
    return capture::decode_intake_header(batch.frames.back().bytes())->flags;
  }
  Policy policy;
  BatchWriter writer;
  Gate gate;
  capture::FrameBatch batch;
};

IntakeOptions with_keys(std::vector<std::pair<std::string, std::string>> keys) {
  IntakeOptions options;
  for (auto& [from, key] : keys) options.keys.push_back({*parse_cidr(from), key});
  return options;
}

}  // namespace

TEST_CASE("gate: the key of the most specific block is asked for") {
  Door door(with_keys({{"10.0.0.0/8", "wide"},
                       {"10.1.0.0/16", "narrow"},
                       {"10.1.9.9/16", "second"},
                       {"2001:db8::/32", "six"}}));
  CHECK(door.take(hep3("a")) == Drop::None);  // nobody asks 192.0.2.1
  CHECK((door.last_flags() & capture::kIntakeKeyMatched) == 0);
  door.from("10.9.0.1");
  CHECK(door.take(hep3("a", "wide")) == Drop::None);
  CHECK(door.last_flags() == capture::kIntakeKeyMatched);
  CHECK(door.take(hep3("a", std::string("wide\0", 5))) == Drop::None);
  CHECK(door.take(hep3("a", "narrow")) == Drop::BadKey);
  CHECK(door.take(hep3("a")) == Drop::BadKey);
  CHECK(door.take(hep1()) == Drop::BadKey);
  door.from("10.1.0.1");
  CHECK(door.take(hep3("a", "wide")) == Drop::BadKey);
  CHECK(door.take(hep3("a", "narrow")) == Drop::None);
  CHECK(door.take(hep3("a", "second")) == Drop::None);
  CHECK(door.take(hep3("a", std::string(4'000, 'n'))) == Drop::BadKey);
  door.from("2001:db8::7");
  CHECK(door.take(hep3("a", "six")) == Drop::None);
  CHECK(door.take(hep3("a", "sixt")) == Drop::BadKey);
  CHECK(door.gate.totals().drops[static_cast<size_t>(Drop::BadKey)] == 6);
}

TEST_CASE("gate: keys that cannot be are refused at the start") {
  CHECK_FALSE(Policy::make({}, {{*parse_cidr("10.0.0.0/8"), ""}}));
  CHECK_FALSE(Policy::make({}, {{*parse_cidr("10.0.0.0/8"), std::string(kMaxKeyBytes + 1, 'k')}}));
  CHECK_FALSE(Policy::make(std::vector<Cidr>(kMaxRules + 1), {}));
}

TEST_CASE("gate: in quarantine a wrong key is flagged, and wiped all the same") {
  IntakeOptions options = with_keys({{"0.0.0.0/0", "right"}});
  options.quarantine = true;
  Door door(options);
  CHECK(door.take(hep3("a", "wrong")) == Drop::None);
  CHECK(door.last_flags() == capture::kIntakeQuarantined);
  CHECK(door.last() == hep3("a", std::string(5, '\0')));
  CHECK(door.gate.totals().quarantined == 1);
}

TEST_CASE("gate: no octet of a key gets through, wanted or not") {
  Door door;
  CHECK(door.take(hep3("a", "secret")) == Drop::None);
  CHECK(door.last() == hep3("a", std::string(6, '\0')));
  // Twice, and in a chunk that runs over the end.
  std::string twice = "HEP3" + be16(0) + chunk(14, "secret") + chunk(15, "x") +
                      chunk(14, "secret") + be16(0) + be16(14) + be16(60'000) + "secret";
  CHECK(door.take(twice) == Drop::None);
  CHECK(door.last().find("secret") == std::string::npos);
  CHECK(door.last().size() == twice.size());
  // Another vendor's chunk of this number is none of ours.
  const std::string other = "HEP3" + be16(60) + chunk(14, "secret", 7) + chunk(15, "payload..");
  CHECK(door.take(other) == Drop::None);
  CHECK(door.last() == other);
}

TEST_CASE("gate: a key in a gzip'd message is checked and wiped, too") {
  Door door(with_keys({{"0.0.0.0/0", "secret"}}));
  CHECK(door.take(gzip(hep3("a", "secret"))) == Drop::None);
  CHECK(door.last() == hep3("a", std::string(6, '\0')));
  CHECK(door.take(gzip(hep3("a", "wrong"))) == Drop::BadKey);
  CHECK(door.take(gzip(hep3("a"))) == Drop::BadKey);
  Door open;
  const std::string packed = gzip(hep3("without a key"));
  CHECK(open.take(packed) == Drop::None);
  CHECK(open.last() == packed);
}

TEST_CASE("gate: wiping keeps any message's length and never leaves it") {
  rc::check([](const std::string& octets) {
    std::string message = "HEP3" + octets;
    const std::string before = message;
    find_auth_key(as_bytes(message));
    wipe_auth_keys({reinterpret_cast<uint8_t*>(message.data()), message.size()});
    RC_ASSERT(message.size() == before.size());
    const AuthKey key = find_auth_key(as_bytes(message));
    RC_ASSERT(key.key.find_first_not_of('\0') == std::string_view::npos);
  });
}

TEST_CASE("gate: several messages in a datagram") {
  Door door;
  const std::string both = hep3("a") + hep3("b", "", "EEP3") + hep3("c");
  door.gate.take_datagram(as_bytes(both));
  CHECK(door.batch.frames.size() == 3);
  // Behind the second nothing begins: the whole is one message, whose length lies.
  const std::string tail = hep3("a") + "tail";
  door.gate.take_datagram(as_bytes(tail));
  CHECK(door.batch.frames.size() == 4);
  CHECK(door.last() == tail);
}

TEST_CASE("gate: datagrams over the rate are dropped, and credit comes back with time") {
  IntakeOptions options;
  options.rate = {10, 3, 0};
  Door door(options);
  for (int i = 0; i < 3; ++i) CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::None);
  CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::OverRate);
  door.from("192.0.2.2");
  CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::None);  // another's is its own
  door.from("192.0.2.1", kSecond + 200 * kMillisecond);
  CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::None);
  CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::None);
  CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::OverRate);
  door.from("192.0.2.1", 3'600 * kSecond);
  for (int i = 0; i < 3; ++i) CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::None);
  CHECK(door.take(hep3("a"), Carrier::Udp) == Drop::OverRate);  // no more than the burst
}

TEST_CASE("gate: a stream over the rate is kept, flagged, and in debt until it has waited") {
  IntakeOptions options;
  options.rate = {10, 1, 0};
  Door door(options);
  for (int i = 0; i < 6; ++i) CHECK(door.take(hep3("a")) == Drop::None);
  CHECK(door.last_flags() == capture::kIntakeOverQuota);
  CHECK(door.gate.is_in_debt());
  door.from("192.0.2.1", kSecond + 400 * kMillisecond);
  CHECK(door.gate.is_in_debt());
  door.from("192.0.2.1", kSecond + 600 * kMillisecond);
  CHECK_FALSE(door.gate.is_in_debt());
}

TEST_CASE("gate: octets a second") {
  IntakeOptions options;
  options.rate = {0, 0, 100'000};
  Door door(options);
  const std::string large = hep3(std::string(50'000, 'x'));
  for (int i = 0; i < 2; ++i) CHECK(door.take(large, Carrier::Udp) == Drop::None);
  CHECK(door.take(large, Carrier::Udp) == Drop::OverRate);
  door.from("192.0.2.1", 2 * kSecond);
  CHECK(door.take(large, Carrier::Udp) == Drop::None);
}

TEST_CASE("gate: counts by source") {
  IntakeOptions options;
  options.allow = {*parse_cidr("192.0.2.0/24")};
  Door door(options);
  door.take(hep3("a"), Carrier::Udp);
  door.take(hep1(), Carrier::Udp);
  door.take("nothing that anybody would call HEP", Carrier::Wss);
  door.from("198.51.100.1", 5 * kSecond);
  CHECK(door.take(hep3("a")) == Drop::NotAllowed);
  const std::vector<SourceCounts> sources = door.gate.sources().recent(10);
  REQUIRE(sources.size() == 2);
  CHECK(format_ip(sources[0].address) == "198.51.100.1");
  CHECK(sources[0].messages == 0);
  CHECK(sources[0].drops[static_cast<size_t>(Drop::NotAllowed)] == 1);
  CHECK(sources[0].first_seen.ns == 5 * kSecond);
  CHECK(sources[1].messages == 2);
  CHECK(sources[1].octets == hep3("a").size() + hep1().size());
  CHECK(sources[1].drops[static_cast<size_t>(Drop::NotHep)] == 1);
  CHECK(sources[1].carriers == 1 << static_cast<int>(Carrier::Udp));
  CHECK(sources[1].versions == ((1 << 1) | (1 << 3)));
  CHECK(door.gate.sources().recent(1).size() == 1);
}

TEST_CASE("sources: forged addresses do not push out an agent") {
  IntakeOptions options;
  options.max_sources = 100;
  Door door(options);
  door.take(hep3("a"));  // 192.0.2.1 has proven itself
  for (uint32_t i = 0; i < 10'000; ++i) {
    door.gate.begin({{IpAddress::v4(0x0A000000u + i), 1}, 9060, 0, {kSecond}, kSecond});
    door.take("no hep at all, again and again");
  }
  CHECK(door.gate.sources().size() == 100);
  CHECK(door.gate.sources().forgotten() == 10'001 - 100);
  const auto all = door.gate.sources().recent(1'000);
  CHECK(std::any_of(all.begin(), all.end(), [](const SourceCounts& each) {
    return format_ip(each.address) == "192.0.2.1" && each.messages == 1;
  }));
  // Among proven ones the one not seen for longest goes.
  for (uint32_t i = 0; i < 200; ++i) {
    door.gate.begin({{IpAddress::v4(0x0B000000u + i), 1}, 9060, 0, {kSecond}, kSecond});
    door.take(hep3("a"));
  }
  CHECK(door.gate.sources().size() == 100);
}

TEST_CASE("counts: every drop has a name") {
  for (size_t i = 0; i < kDrops; ++i) CHECK(drop_name(static_cast<Drop>(i)) != "unknown");
  CHECK(drop_name(static_cast<Drop>(kDrops)) == "unknown");
}

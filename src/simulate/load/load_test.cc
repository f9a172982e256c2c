#include "simulate/load/load.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "wire/hep/hep.h"

namespace siploom::simulate::load {
namespace {

constexpr Timestamp kTime{1'700'000'000 * kSecond + 123'456'000};

std::string named_header(std::string_view sip, std::string_view name) {
  while (!sip.empty()) {
    const Halves halves = split_once(take_line(sip), ':');
    if (halves.before == name) return std::string(trim(halves.after));
  }
  return {};
}

std::string next_of(LoadStream& stream, size_t group = 0) {
  std::string out(stream.max_message(), '\0');
  out.resize(stream.next(group, kTime, static_cast<uint8_t*>(static_cast<void*>(out.data()))));
  return out;
}

TEST_CASE("load: every message is HEP with whole SIP, dialogs differ and stay in order") {
  LoadOptions options;
  options.under_way = 50;
  options.key = "secret";
  LoadStream stream = *LoadStream::make(options);
  std::map<std::string, std::vector<std::string>> dialogs;
  std::set<std::string> payloads;
  size_t sip_bytes = 0;
  constexpr size_t kMessages = 20'000;
  for (size_t i = 0; i < kMessages; ++i) {
    const std::string message = next_of(stream);
    siploom::hep::Packet packet;
    std::string scratch;
    REQUIRE(siploom::hep::decode(as_bytes(message), packet, scratch));
    REQUIRE(packet.quirks.empty());
    REQUIRE(packet.time == kTime);
    REQUIRE(packet.auth_key == "secret");
    REQUIRE(packet.agent_id >= 2001);
    REQUIRE(packet.agent_id < 2005);
    const std::string_view sip = as_text(packet.payload);
    sip_bytes += sip.size();
    REQUIRE(sip.find('?') == std::string_view::npos);
    const std::string call_id = named_header(sip, "Call-ID");
    REQUIRE(call_id.size() == 36);
    if (!packet.correlation_id.empty()) REQUIRE(packet.correlation_id == call_id);
    const size_t body = sip.size() - (sip.find("\r\n\r\n") + 4);
    REQUIRE(named_header(sip, "Content-Length") == std::to_string(body));
    // The first Via of a request is where it came from.
    if (!sip.starts_with("SIP/2.0"))
      REQUIRE(named_header(sip, "Via").find(format_ip(packet.src.address)) != std::string::npos);
    dialogs[call_id].push_back(named_header(sip, "CSeq") + "/" + std::string(sip.substr(0, 11)));
    payloads.emplace(sip);
  }
  CHECK(payloads.size() == kMessages);
  CHECK(dialogs.size() == stream.dialogs());
  const double per_dialog = static_cast<double>(kMessages) / static_cast<double>(dialogs.size());
  CHECK(per_dialog > 7.0);
  CHECK(per_dialog < 8.0);
  CHECK(std::abs(static_cast<double>(sip_bytes) / kMessages - 700) < 20);
  CHECK(sip_bytes == stream.sip_bytes());
  for (const auto& [call_id, messages] : dialogs) {
    CHECK(messages.front().find("SIP/2.0") == std::string::npos);
  }
}

TEST_CASE("load: sizes are met, the least is what it is") {
  for (const size_t size : {600u, 900u, 1500u, 4000u}) {
    CAPTURE(size);
    CHECK(std::abs(make_templates(1, size, "").mean_sip_bytes - static_cast<double>(size)) < 20);
  }
  CHECK(make_templates(1, 10, "").mean_sip_bytes < 560);
}

TEST_CASE("load: the same seed gives the same octets; a dialog stays in its group") {
  LoadOptions options;
  options.groups = 3;
  options.under_way = 30;
  LoadStream a = *LoadStream::make(options), b = *LoadStream::make(options);
  std::map<std::string, size_t> group_of;
  for (size_t i = 0; i < 3000; ++i) {
    const std::string message = next_of(a, i % 3);
    REQUIRE(message == next_of(b, i % 3));
    siploom::hep::Packet packet;
    std::string scratch;
    REQUIRE(siploom::hep::decode(as_bytes(message), packet, scratch));
    const auto known = group_of.emplace(named_header(as_text(packet.payload), "Call-ID"), i % 3);
    REQUIRE(known.first->second == i % 3);
  }
  options.seed = 2;
  LoadStream other = *LoadStream::make(options), again = *LoadStream::make(LoadOptions{});
  CHECK(next_of(other) != next_of(again));
  options.nodes = 0;
  CHECK_FALSE(LoadStream::make(options));
  options.nodes = 4;
  options.sip_bytes = 20'000;
  CHECK_FALSE(LoadStream::make(options));
}

}  // namespace
}  // namespace siploom::simulate::load

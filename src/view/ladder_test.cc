#include "view/ladder.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/text.h"
#include "support/golden.h"

using namespace siploom;
using namespace siploom::view;

namespace {

constexpr Timestamp kFirstMessage{1'700'000'000'250'000'000};

struct Script {
  std::vector<model::Message> messages;
  Timestamp now = kFirstMessage;

  model::Message& add(const char* from, const char* to, Nanoseconds later) {
    now = now + later;
    model::Message message;
    message.time = now;
    message.src = *parse_endpoint(from);
    message.dst = *parse_endpoint(to);
    message.frame = messages.size() + 1;
    message.call_id = "abc@h";
    message.from_tag = "1";
    message.cseq = 1;
    message.cseq_method = "INVITE";
    messages.push_back(message);
    return messages.back();
  }
  model::Message& request(const char* from, const char* to, const char* method, Nanoseconds later) {
    model::Message& message = add(from, to, later);
    message.method = message.cseq_method = method;
    message.request_uri = "sip:bob@example.org";
    return message;
  }
  model::Message& response(const char* from, const char* to, uint16_t status, const char* reason,
                           Nanoseconds later) {
    model::Message& message = add(from, to, later);
    message.method = "INVITE";
    message.status = status;
    message.reason = reason;
    message.to_tag = "2";
    return message;
  }
};

constexpr const char* kPhone = "10.0.0.1:5060";
constexpr const char* kProxy = "10.0.0.2:5060";
constexpr const char* kGateway = "[2001:db8::3]:5060";

// A call through a proxy: a request sent three times, an answer with SDP, a failure.
Script answered() {
  Script s;
  model::SdpSummary sdp{"audio", "10.0.0.1:4000", "sendrecv", {"PCMA", "PCMU"}};
  for (int i = 0; i < 3; ++i) {
    model::Message& invite =
        s.request(kPhone, kProxy, "INVITE", i == 0 ? 0 : i * 500 * kMillisecond);
    invite.sdp.push_back(sdp);
    invite.retransmission = i != 0;
  }
  s.response(kProxy, kPhone, 100, "Trying", 2 * kMillisecond);
  s.request(kProxy, kGateway, "INVITE", kMillisecond);
  s.response(kGateway, kProxy, 180, "Ringing", 300 * kMillisecond);
  s.response(kProxy, kPhone, 180, "Ringing", kMillisecond);
  s.response(kGateway, kProxy, 200, "OK", 4 * kSecond)
      .sdp.push_back({"audio", "[2001:db8::3]:30000", "sendonly", {"PCMA"}});
  s.response(kProxy, kPhone, 200, "OK", kMillisecond);
  s.request(kPhone, kProxy, "ACK", 5 * kMillisecond);
  s.request(kPhone, kProxy, "BYE", 65 * kSecond);
  s.response(kProxy, kPhone, 481, "Call/Transaction Does Not Exist", kMillisecond);
  return s;
}

void check_golden(const std::string& name, const LadderOptions& options) {
  const std::string found = ladder(answered().messages, options);
  CHECK(found == test::golden("view/" + name, found));
}

}  // namespace

TEST_CASE("a ladder at several widths and in ASCII") {
  check_golden("ladder.txt", {});
  LadderOptions options;
  options.width = 80;
  check_golden("ladder_80.txt", options);
  options.ascii = true;
  options.relative = true;
  check_golden("ladder_ascii.txt", options);
}

TEST_CASE("aliases name lanes; retransmissions unfold; colour") {
  LadderOptions options;
  options.width = 100;
  options.unfold = options.by_ip = true;
  options.aliases = {{"10.0.0.1", "phone"}, {"10.0.0.2:5060", "proxy"}, {"2001:db8::3", "gw"}};
  check_golden("ladder_aliases.txt", options);
  options.color = true;
  check_golden("ladder_color.txt", options);
}

TEST_CASE("no message, no ladder; hostile text stays text") {
  CHECK(ladder({}, {}).find('\x1b') == std::string::npos);
  Script s;
  s.request(kPhone, kProxy, "IN\x1b[2JVITE\n", 0).request_uri = std::string(5000, 'x');
  s.response(kProxy, kPhone, 486, "B\rusy\x9b\xff", kMillisecond);
  LadderOptions options;
  options.width = 60;
  std::string text = ladder(s.messages, options);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
}

TEST_CASE("a ladder of any number of lanes keeps to its width") {
  CHECK(rc::check("random lanes", [] {
    Script s;
    const auto lanes = *rc::gen::inRange(2, 12);
    for (int i = *rc::gen::inRange(1, 30); i > 0; --i) {
      const std::string from = "10.0.0." + std::to_string(*rc::gen::inRange(0, lanes)) + ":5060";
      const std::string to = "10.0.0." + std::to_string(*rc::gen::inRange(0, lanes)) + ":5060";
      s.request(from.c_str(), to.c_str(), "INVITE", kMillisecond);
    }
    LadderOptions options;
    options.width = *rc::gen::inRange<size_t>(80, 240);
    options.ascii = *rc::gen::arbitrary<bool>();
    const std::string text = ladder(s.messages, options);
    // Lanes have a least width: with many of them a ladder is wider than asked for.
    const size_t limit = std::max<size_t>(options.width, 40 + static_cast<size_t>(lanes) * 24);
    std::string_view rest = text;
    while (!rest.empty()) RC_ASSERT(display_width(take_line(rest)) <= limit);
  }));
}

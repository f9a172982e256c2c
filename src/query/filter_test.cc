// The filter language: what each expression means, what is said of mistakes, and that a printed
// filter is the same filter.
#include "query/filter.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <string>
#include <vector>

#include "base/text.h"

using namespace siploom;
using namespace siploom::query;
using registry::Scope;

namespace {

class FakeMessage final : public Subject {
 public:
  FakeMessage& with(std::string_view field, Value value) {
    const registry::FieldInfo* info = registry::find_field(field);
    REQUIRE(info != nullptr);
    values_[static_cast<size_t>(info->id)].push_back(value);
    return *this;
  }
  FakeMessage& header(std::string name, std::string value) {
    headers_.emplace(lower(name), std::move(value));
    return *this;
  }
  FakeMessage& text(std::string raw) {
    raw_ = std::move(raw);
    return *this;
  }
  void values(registry::FieldId field, Take take) const override {
    const auto found = values_.find(static_cast<size_t>(field));
    if (found == values_.end()) return;
    for (const Value& value : found->second) {
      if (!take(value)) return;
    }
  }
  void header(std::string_view name, Take take) const override {
    const auto [from, to] = headers_.equal_range(lower(name));
    for (auto at = from; at != to; ++at) {
      if (!take(std::string_view(at->second))) return;
    }
  }
  std::string_view raw() const override { return raw_; }
  bool any(size_t index) const override { return (any_bits >> index & 1) != 0; }
  uint64_t any_bits = 0;

 private:
  std::map<size_t, std::vector<Value>> values_;
  std::multimap<std::string, std::string> headers_;
  std::string raw_;
};

Endpoint endpoint(const char* address, uint16_t port) { return {*parse_ip(address), port}; }

Filter compiled(std::string_view text, Scope scope = Scope::Message) {
  auto filter = Filter::compile(text, scope);
  if (!filter) {
    const std::string why = std::string(text) + ": " + filter.error().message;
    FAIL(why);
  }
  return std::move(*filter);
}
std::string error_of(std::string_view text, Scope scope = Scope::Message) {
  auto filter = Filter::compile(text, scope);
  REQUIRE_FALSE(filter.has_value());
  return filter.error().message;
}
bool holds(std::string_view text, const Subject& subject, Scope scope = Scope::Message) {
  return compiled(text, scope).matches(subject);
}

FakeMessage invite() {
  FakeMessage m;
  m.with("method", std::string_view("INVITE"))
      .with("call_id", std::string_view("ab-1@Host"))
      .with("from.user", std::string_view("4151234"))
      .with("cseq", 7.0)
      .with("src", endpoint("10.1.2.3", 5060))
      .with("dst", endpoint("2001:db8::7", 5080))
      .with("time", Timestamp{1'700'000'000 * kSecond})
      .header("X-Trunk", "carrier-a")
      .header("Via", "SIP/2.0/UDP one")
      .header("Via", "SIP/2.0/UDP two")
      .text("INVITE sip:Bob@x SIP/2.0\r\n");
  return m;
}

}  // namespace

TEST_CASE("Wireshark's words mean what they mean there") {
  const auto same = [](const char* a, const char* b) {
    const auto left = Filter::compile(a, registry::Scope::Message);
    const auto right = Filter::compile(b, registry::Scope::Message);
    REQUIRE(left.has_value());
    REQUIRE(right.has_value());
    CHECK(left->text() == right->text());
  };
  same("sip.Method eq INVITE", "method == INVITE");
  same("status ge 400 and status lt 500", "status >= 400 and status < 500");
  same("from.user contains \"a.b\"", "from.user ~ \"a\\\\.b\"");
  same("ua matches \"^x\"", "user_agent ~ \"^x\"");
  CHECK_FALSE(
      Filter::compile("sip.from.addr contains \"a\"", registry::Scope::Message).has_value());
}

TEST_CASE("comparisons of text") {
  const FakeMessage m = invite();
  CHECK(holds("method == INVITE", m));
  CHECK(holds("method == \"INVITE\"", m));
  CHECK_FALSE(holds("method == BYE", m));
  CHECK(holds("method != BYE", m));
  CHECK(holds("method in {BYE, INVITE}", m));
  CHECK_FALSE(holds("call_id == ab-1@host", m));  // Call-IDs compare octet by octet
  CHECK(holds("from.user ~ \"^415\"", m));
  CHECK(holds("from.user !~ \"^49\"", m));
  CHECK(holds("sip.Call-ID == ab-1@Host", m));  // Wireshark's name
}

TEST_CASE("comparisons of numbers, ranges and sets") {
  FakeMessage m;
  m.with("status", 486.0);
  CHECK(holds("status >= 400 and status < 500", m));
  CHECK(holds("status == 486", m));
  CHECK(holds("status in {200, 400..499}", m));
  CHECK_FALSE(holds("status in {200, 500..599}", m));
  CHECK(holds("status != 200", m));
}

TEST_CASE("addresses: with port, without, and networks") {
  const FakeMessage m = invite();
  CHECK(holds("src == 10.1.2.3", m));
  CHECK(holds("src == 10.1.2.3:5060", m));
  CHECK_FALSE(holds("src == 10.1.2.3:5061", m));
  CHECK(holds("src in 10.0.0.0/8", m));
  CHECK_FALSE(holds("src in 192.168.0.0/16", m));
  CHECK(holds("dst in 2001:db8::/32", m));
  CHECK(holds("dst == [2001:db8::7]:5080", m));
  CHECK(holds("src in {192.0.2.0/24, 10.1.0.0/16}", m));
  CHECK(holds("not src in 0.0.0.0/1 or src in 10.0.0.0/8", m));
}

TEST_CASE("durations with units and times") {
  FakeMessage call;
  call.with("call.duration", Duration{4500 * kMillisecond});
  CHECK(holds("call.duration < 5s", call, Scope::Call));
  CHECK(holds("call.duration > 4400ms", call, Scope::Call));
  CHECK(holds("call.duration <= 1m", call, Scope::Call));
  CHECK_FALSE(holds("call.duration > 1h", call, Scope::Call));
  const FakeMessage m = invite();  // 2023-11-14T22:13:20Z
  CHECK(holds("time == 2023-11-14T22:13:20Z", m));
  CHECK(holds("time >= 2023-11-14", m));
  CHECK(holds("time == 2023-11-14", m));
  CHECK(holds("time in 2023-11-13..2023-11-14", m));
  CHECK_FALSE(holds("time == 2023-11-13", m));
  CHECK(holds("time < \"2023-11-14T23:13:21+01:00\"", m));
  CHECK(holds("time in 2023-11-14T22:00:00Z..2023-11-14T23:00:00Z", m));
  CHECK_FALSE(holds("time in 2023-11-15T00:00:00Z..2023-11-16T00:00:00Z", m));
}

TEST_CASE("and, or, not and brackets; not binds tightest, or loosest") {
  FakeMessage m;
  m.with("status", 200.0).with("method", std::string_view("BYE"));
  CHECK(holds("method == BYE or status == 500 and method == INVITE", m));
  CHECK_FALSE(holds("(method == BYE or status == 500) and method == INVITE", m));
  CHECK(holds("not method == INVITE and status == 200", m));
  CHECK_FALSE(holds("not (method == INVITE or status == 200)", m));
  CHECK(holds("not not status == 200", m));
}

TEST_CASE("headers by name, and presence") {
  const FakeMessage m = invite();
  CHECK(holds("header[\"X-Trunk\"] == carrier-a", m));
  CHECK(holds("header[\"x-trunk\"] ~ \"^carrier\"", m));
  CHECK(holds("header[\"Via\"] == \"SIP/2.0/UDP two\"", m));  // any instance
  CHECK_FALSE(holds("header[\"X-None\"] == carrier-a", m));
  CHECK(holds("has header[\"X-Trunk\"]", m));
  CHECK_FALSE(holds("has diversion", m));
  CHECK(holds("has call_id and not has diversion", m));
}

TEST_CASE("an absent field equals nothing; != is the contrary of ==") {
  const FakeMessage m = invite();
  CHECK_FALSE(holds("status == 200", m));
  CHECK_FALSE(holds("status < 1000", m));
  CHECK(holds("not status == 200", m));
  FakeMessage two;
  two.with("user_agent", std::string_view("a")).with("user_agent", std::string_view("b"));
  CHECK(holds("user_agent == b", two));
  CHECK(holds("user_agent != b", two) == !holds("user_agent == b", two));
}

TEST_CASE("text search: a bare word in any case, a quoted one as it stands") {
  const FakeMessage m = invite();
  CHECK(holds("bob", m));
  CHECK(holds("invite bob", m) == holds("invite and bob", m));
  CHECK_FALSE(holds("\"bob\"", m));
  CHECK(holds("\"Bob@x\"", m));
  CHECK_FALSE(holds("alice", m));
  CHECK(holds("", m));
  CHECK(compiled("").is_empty());
}

TEST_CASE("any(...) asks the messages of a call, and so do message fields there") {
  const Filter filter = compiled("any(status >= 500) and call.state == failed", Scope::Call);
  REQUIRE(filter.message_predicates().size() == 1);
  FakeMessage response;
  response.with("status", 503.0);
  CHECK(filter.message_predicates()[0].matches(response));
  FakeMessage call;
  call.with("call.state", std::string_view("failed"));
  CHECK_FALSE(filter.matches(call));
  call.any_bits = 1;
  CHECK(filter.matches(call));
  CHECK(filter.asks_calls());
  CHECK(compiled("via.branch == x", Scope::Call).message_predicates().size() == 1);
}

TEST_CASE("errors point at the place and name the nearest field") {
  const std::string unknown = error_of("method == INVITE and from.usr == 1");
  CHECK(unknown.find("from.user") != std::string::npos);
  const size_t line = unknown.find("method == INVITE");
  REQUIRE(line != std::string::npos);
  const size_t caret = unknown.find('^');
  REQUIRE(caret != std::string::npos);
  const size_t caret_line = unknown.rfind('\n', caret) + 1;
  const size_t source_line = unknown.rfind('\n', line) + 1;
  CHECK(caret - caret_line == line - source_line + std::string("method == INVITE and ").size());
  for (const char* broken :
       {"status >=", "status == abc", "(status == 200", "status == 200)", "status in {",
        "status in {}", "from.user ~ \"(\"", "call.duration < 5x", "src in 10.0.0.0/99", "header[X",
        "header[]", "\"open", "and", "status 200 ==", "not", "src == 300.1.1.1",
        "status == 200 or"}) {
    CAPTURE(broken);
    const std::string message = error_of(broken, Scope::Call);
    CHECK(message.find('^') != std::string::npos);
  }
}

TEST_CASE("hostile filters are refused, not crashed on") {
  CHECK_FALSE(error_of(std::string(100'000, '(') + "x").empty());
  CHECK_FALSE(error_of(std::string(1 << 20, 'x')).empty());
  std::string nots;
  for (int i = 0; i < 20'000; ++i) nots += "not ";
  auto deep = Filter::compile(nots + "x", Scope::Message);
  if (deep) CHECK_FALSE(deep->text().empty());
  std::string predicates = "any(status == 1)";
  for (int i = 2; i < 200; ++i) predicates += " or any(status == " + std::to_string(i) + ")";
  auto many = Filter::compile(predicates, Scope::Call);
  if (many) CHECK(many->message_predicates().size() <= 64);
}

TEST_CASE("what a filter requires is in all that it matches") {
  CHECK(compiled("call_id == \"abc\" and status == 200").required_literals() ==
        std::vector<std::string>{"abc"});
  CHECK(compiled("call_id == \"abc\" or status == 200").required_literals().empty());
  CHECK(compiled("not \"abc\"").required_literals().empty());
  CHECK(compiled("\"Abc\"").required_literals() == std::vector<std::string>{"Abc"});
  CHECK(compiled("abc").required_literals().empty());
  CHECK(compiled("abc").required_words() == std::vector<std::string>{"abc"});
  CHECK(compiled("abc or x").required_words().empty());
}

namespace {

// A random expression, in the language's own words.
std::string random_filter(int depth) {
  const int kind = *rc::gen::inRange(0, depth <= 0 ? 7 : 11);
  switch (kind) {
    case 0:
      return "status " +
             *rc::gen::element(std::string("=="), std::string("!="), std::string("<"),
                               std::string(">=")) +
             " " + std::to_string(*rc::gen::inRange(100, 700));
    case 1:
      return "method in {INVITE, BYE, \"" +
             *rc::gen::element(std::string("A\\\"B"), std::string("x y")) + "\"}";
    case 2:
      return "src in " + *rc::gen::element(std::string("10.0.0.0/8"), std::string("2001:db8::/32"),
                                           std::string("{10.1.2.3, 10.1.2.4:5060}"));
    case 3:
      return "from.user ~ \"^4[0-9]+\\\\.\"";
    case 4:
      return "has " +
             *rc::gen::element(std::string("diversion"), std::string("header[\"X-Trunk\"]"));
    case 5:
      return *rc::gen::element(std::string("bob"), std::string("\"Bob \\\\ x\""));
    case 6:
      return "time >= 2023-11-14T22:13:20Z";
    case 7:
      return "not " + random_filter(depth - 1);
    case 8:
      return "(" + random_filter(depth - 1) + " and " + random_filter(depth - 1) + ")";
    case 9:
      return "(" + random_filter(depth - 1) + " or " + random_filter(depth - 1) + ")";
    default:
      return "header[\"Via\"] != \"" + *rc::gen::element(std::string("one"), std::string("two")) +
             "\"";
  }
}

}  // namespace

TEST_CASE("property: a filter printed and compiled again is the same filter") {
  const FakeMessage first = invite();
  FakeMessage second;
  second.with("status", 404.0).with("method", std::string_view("x y")).text("Bob \\ x");
  CHECK(rc::check("text and answers", [&] {
    const std::string source = random_filter(4);
    auto filter = Filter::compile(source, Scope::Message);
    RC_ASSERT(filter.has_value());
    const std::string text = filter->text();
    auto again = Filter::compile(text, Scope::Message);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->text() == text);
    RC_ASSERT(again->matches(first) == filter->matches(first));
    RC_ASSERT(again->matches(second) == filter->matches(second));
  }));
}

TEST_CASE("property: any text compiles or is refused with a message") {
  CHECK(rc::check("words of the language at random", [] {
    const auto words =
        *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
            "status", "==", "200", "and",        "or",     "not",        "(",  ")",     "{",
            "}",      "in", "has", "any",        "header", "[",          "]",  "\"x\"", "~",
            ",",      "..", "src", "10.0.0.0/8", "5s",     "call.state", "\\", "\"",    "\xff"}));
    std::string source;
    for (const auto& word : words) source += word + " ";
    for (const Scope scope : {Scope::Message, Scope::Call}) {
      auto filter = Filter::compile(source, scope);
      if (!filter) RC_ASSERT(!filter.error().message.empty());
    }
  }));
}

// The pieces on their own: documents, masking, completion, places of errors, limits, jobs.
#include <rapidcheck.h>

#include <fstream>
#include <set>
#include <sstream>

#include "api/complete.h"
#include "api/limits.h"
#include "api/mask.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "api/schemas.h"
#include "base/text.h"
#include "support/api_bench.h"
#include "support/schema_check.h"

using namespace siploom;
using namespace siploom::api;
using namespace siploom::api::test;
using simdjson::dom::element;

namespace {

// Every "$ref" below `value`.
void collect_references(const element& value, std::set<std::string>& out) {
  if (value.is_array()) {
    for (const element& item : simdjson::dom::array(value)) collect_references(item, out);
  } else if (value.is_object()) {
    for (const auto& [name, member] : simdjson::dom::object(value)) {
      if (name == "$ref") out.insert(std::string(std::string_view(member)));
      collect_references(member, out);
    }
  }
}

std::string masked(std::string text) {
  mask_secrets(text);
  return text;
}

std::vector<std::string> texts_of(const Completion& completion) {
  std::vector<std::string> out;
  for (const Suggestion& each : completion.suggestions) out.push_back(each.text);
  return out;
}

bool contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

}  // namespace

TEST_CASE("the OpenAPI document names every route, and all that it refers to is there") {
  Bench bench;
  SchemaCheck check(openapi_json("1"));
  REQUIRE(check.parsed());
  const element document = check.document();
  CHECK(std::string_view(document["openapi"]) == "3.1.0");
  std::set<std::string> references, ids;
  collect_references(document, references);
  for (const std::string& reference : references) {
    const std::string name = reference.substr(reference.rfind('/') + 1);
    CHECK_MESSAGE(is_schema(name), reference);
  }
  for (const auto& route : bench.router.routes()) {
    const std::string method = lower(http::method_name(route->method));
    element operation;
    REQUIRE_MESSAGE(document["paths"][route->pattern][method].get(operation) == simdjson::SUCCESS,
                    route->pattern);
    CHECK(ids.insert(std::string(std::string_view(operation["operationId"]))).second);
    size_t in_path = 0;
    for (const element& parameter : simdjson::dom::array(operation["parameters"])) {
      if (std::string_view(parameter["in"]) != "path") continue;
      ++in_path;
      CHECK(has(route->pattern, fmt::format("{{{}}}", std::string_view(parameter["name"]))));
    }
    CHECK(in_path ==
          static_cast<size_t>(std::count(route->pattern.begin(), route->pattern.end(), '{')));
    const auto& info = *route->data_as<RouteInfo>();
    CHECK(!info.summary.empty());
    for (const std::string_view schema : {info.body, info.response}) {
      CHECK((schema.empty() || has(schema, "/") || is_schema(schema)));
    }
  }
}

TEST_CASE("every schema and every parameter is used") {
  const std::string document = openapi_json("1");
  for (const SchemaInfo& schema : schemas()) {
    CHECK_MESSAGE(has(document, fmt::format("schemas/{}\"", schema.name)), schema.name);
  }
  for (const ParameterInfo& parameter : parameters()) {
    CHECK_MESSAGE(has(document, fmt::format("\"name\":\"{}\",\"in\"", parameter.name)),
                  parameter.name);
  }
}

TEST_CASE("docs/reference/api.md is fresh") {
  std::ifstream file(std::string(SIPLOOM_SOURCE_DIR) + "/docs/reference/api.md");
  std::stringstream text;
  text << file.rdbuf();
  CHECK_MESSAGE(text.str() == api_reference_md(), "run make generate");
}

TEST_CASE("credentials and keys are masked octet for octet, the rest stays") {
  const std::string message =
      "INVITE sip:b SIP/2.0\r\nAuthorization: Digest username=\"a\",\r\n nonce=\"n\", "
      "response=\"0123\", cnonce = \"zz\"\r\nProxy-Authorization: Basic dTpw\r\n"
      "Subject: response=\"0123\"\r\nAuthentication-Info: rspauth=\"77\", nc=1\r\n\r\n"
      "a=crypto:1 AES inline:SECRETKEY|2^20 UNENC\r\nk=clear:pw\r\na=ice-pwd:abc\r\n"
      "a=ice-ufrag:xyz\r\n";
  const std::string after = masked(message);
  CHECK(after.size() == message.size());
  CHECK(has(after, "response=\"****\", cnonce = \"**\""));
  CHECK(has(after, "Proxy-Authorization: Basic ****\r\n"));
  CHECK(has(after, "Subject: response=\"0123\""));
  CHECK(has(after, "rspauth=\"**\", nc=1"));
  CHECK(has(after, "a=crypto:1 AES inline:"));
  CHECK(!has(after, "SECRETKEY"));
  CHECK(has(after, "k=********\r\na=ice-pwd:***\r\na=ice-ufrag:xyz"));
  CHECK(has(after, "username=\"a\""));
}

TEST_CASE("masking keeps the size of any octets, and what is masked stays so") {
  const auto pieces = std::vector<std::string>{"Authorization:",
                                               "Digest ",
                                               "response=",
                                               "\"",
                                               "\r\n",
                                               "\n",
                                               " ",
                                               "=",
                                               "a=crypto:",
                                               "inline:",
                                               "k=",
                                               ",",
                                               ":",
                                               "x",
                                               "\r\n\r\n",
                                               "authentication-info: rspauth"};
  rc::check("size", [&] {
    std::string text;
    for (const std::string& piece :
         *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)))
      text += piece;
    const std::string once = masked(text);
    RC_ASSERT(once.size() == text.size());
    RC_ASSERT(masked(once) == once);
  });
}

TEST_CASE("a filter's error is found again in its text") {
  for (const auto& [filter, position, length] :
       {std::tuple<std::string, size_t, size_t>{"statsu == 1", 0, 6},
        {"status == 1 and (x == ", 17, 1},
        {std::string(200, ' ') + "nosuch == 1", 200, 6},
        {"status == 1\nand nosuch == 1", 16, 6}}) {
    const auto compiled = query::Filter::compile(filter, registry::Scope::Message);
    REQUIRE(!compiled);
    FilterPlace place;
    CHECK(find_place(compiled.error().message, filter, place));
    CHECK(place.position == position);
    CHECK(place.length == length);
  }
  FilterPlace place;
  CHECK(!find_place("filter: no picture", "x", place));
}

TEST_CASE("completion offers fields, then operators, then values, then joins") {
  using registry::Scope;
  const auto at_end = [](std::string_view text, Scope scope = Scope::Call) {
    return complete(text, text.size(), scope);
  };
  CHECK(contains(texts_of(at_end("")), "call_id"));
  CHECK(texts_of(at_end("call.st")).front() == "call.state");
  CHECK(at_end("call.st").begin == 0);
  CHECK(!contains(texts_of(at_end("call.st", Scope::Message)), "call.state"));
  CHECK(contains(texts_of(at_end("call.state ")), "=="));
  CHECK(!contains(texts_of(at_end("call.state ")), ">="));
  CHECK(contains(texts_of(at_end("status ")), ">="));
  CHECK(texts_of(at_end("call.state == bu")) == std::vector<std::string>{"busy"});
  CHECK(contains(texts_of(at_end("call.state in {busy, fa")), "failed"));
  CHECK(contains(texts_of(at_end("call.state not in {busy, fa")), "failed"));
  CHECK(contains(texts_of(at_end("call.state == busy ")), "and"));
  CHECK(contains(texts_of(at_end("call.state == busy and ca")), "call.pdd"));
  CHECK(at_end("from.user == al").values_of != nullptr);
  CHECK(at_end("from.user == \"al").prefix == "al");
  CHECK(complete("call.st == busy", 7, Scope::Call).end == 7);
  CHECK(quoted_value("a b") == "\"a b\"");
  CHECK(quoted_value("bob") == "bob");
  rc::check("any text at any place", [](const std::string& text, size_t at) {
    const Completion completion = complete(text, at % (text.size() + 2), registry::Scope::Call);
    RC_ASSERT(completion.begin <= completion.end);
    RC_ASSERT(completion.end <= text.size());
  });
}

TEST_CASE("what seen values are offered, the store knows") {
  Bench bench;
  bench.add_calls(2);
  const Reply reply = bench.get("/api/v1/filter/complete?text=from.user+%3D%3D+al");
  CHECK(reply.status == 200);
  CHECK(has(reply.body, "\"text\":\"alice\""));
}

TEST_CASE("a bucket refills by the clock and forgets the oldest keys") {
  RateLimits limits;
  const Timestamp now = kStart;
  CHECK(!limits.take("a", 1, now));
  CHECK(!limits.take("a", 1, now));
  CHECK(limits.take("a", 1, now) == std::optional<Nanoseconds>(kSecond));
  CHECK(!limits.take("b", 1, now));
  CHECK(!limits.take("a", 1, now + kSecond));
  for (size_t i = 0; i < RateLimits::kMaxKeys; ++i) limits.take(std::to_string(i), 1, now);
  CHECK(!limits.take("a", 1, now));
  CHECK(limits.refused() == 1);
}

TEST_CASE("slots are given back") {
  Slots slots;
  auto first = slots.take(1, 2), second = slots.take(1, 2);
  CHECK(first != nullptr);
  CHECK(slots.take(1, 2) == nullptr);
  CHECK(slots.take(2, 2) != nullptr);
  first.reset();
  CHECK(slots.take(1, 2) != nullptr);
  second.reset();
  CHECK(slots.taken() == 0);
}

TEST_CASE("jobs run one after the other, are cancelled, and end with the server") {
  Jobs jobs([] { return kStart; });
  std::atomic<bool> go{false};
  std::atomic<int> cleaned{0};
  const auto wait = [&](const JobProgress& progress) -> Result<JobDone> {
    while (!go && !progress.stop) std::this_thread::yield();
    return JobDone{1, 2};
  };
  const auto add = [&] { return jobs.add({}, wait, [&] { ++cleaned; }); };
  const auto first = add(), second = add();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(jobs.cancel(second->id, std::nullopt)->state == JobState::Cancelled);
  CHECK(cleaned == 1);
  CHECK(!jobs.get(first->id, 7));
  go = true;
  while (jobs.get(first->id, std::nullopt)->state != JobState::Done) std::this_thread::yield();
  CHECK(jobs.get(first->id, std::nullopt)->calls == 2);
  go = false;
  const auto last = add();
  jobs.stop();
  CHECK(jobs.get(last->id, std::nullopt)->state == JobState::Cancelled);
  CHECK(cleaned == 3);
  CHECK(!add());
}

TEST_CASE("cursors survive being written in letters") {
  rc::check("base64url", [](const std::string& octets) {
    RC_ASSERT(from_base64url(base64url(octets)) == std::optional(octets));
  });
  CHECK(!from_base64url("a+b"));
}

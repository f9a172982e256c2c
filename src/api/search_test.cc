// What can be found, against the schemas: lists, calls, records, groups, exports.
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "store/entry_writer.h"
#include "support/reply_check.h"

using namespace siploom;
using namespace siploom::api;
using namespace siploom::api::test;
using http::Method;

namespace {

size_t count_of(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size())
    ++count;
  return count;
}

}  // namespace

TEST_CASE("calls are listed as siploom calls --json has them, page by page") {
  Bench bench;
  bench.add_calls(5);
  const Reply all = bench.get("/api/v1/calls");
  fits(all, "CallPage");
  CHECK(count_of(all.body, "\"state\":\"completed\"") == 5);
  CHECK(member(all.body, "next") == "null");
  CHECK(member(all.body, "partial") == "false");
  std::string target = "/api/v1/calls?limit=2&order=asc", seen;
  for (int page = 0; page < 3; ++page) {
    const Reply reply = bench.get(target);
    fits(reply, "CallPage");
    CHECK(count_of(reply.body, "\"call_id\":") == (page == 2 ? 1u : 2u));
    seen += reply.body;
    target = "/api/v1/calls?limit=2&order=asc&cursor=" + member(reply.body, "next");
  }
  for (int i = 0; i < 5; ++i) CHECK(count_of(seen, fmt::format("\"call_id\":\"call-{}\"", i)) == 1);
}

TEST_CASE("columns, filters and ranges choose what is given") {
  Bench bench;
  bench.add_calls(3);
  const Reply columns =
      bench.get("/api/v1/calls?columns=call_id,call.duration,call.start,user_agent,src");
  fits(columns, "CallPage");
  CHECK(has(columns.body, "\"call.duration\":2"));
  CHECK(has(columns.body, "\"src\":\"10.0.0.1:5060\""));
  const Reply one = bench.get("/api/v1/calls?filter=call_id+%3D%3D+%22call-1%22");
  CHECK(count_of(one.body, "\"call_ids\"") == 1);
  const Reply range = bench.get("/api/v1/calls?from=@1790000005&to=@1790000015");
  CHECK(count_of(range.body, "\"call_ids\"") == 1);
  CHECK(has(range.body, "call-1"));
  CHECK(has(bench.get("/api/v1/calls?columns=nothing").body, "unknown column"));
}

TEST_CASE("an error in a filter tells its place") {
  Bench bench;
  const Reply reply = bench.get("/api/v1/calls?filter=statsu+%3D%3D+486");
  CHECK(reply.status == 400);
  fits(reply, "Problem", 400);
  CHECK(member(reply.body, "position") == "0");
  CHECK(member(reply.body, "length") == "6");
  for (const std::string_view at : {"holds", "saved-searches", "export"}) {
    const std::string_view more = at == "holds"    ? ",\"reason\":\"r\""
                                  : at == "export" ? ""
                                                   : ",\"name\":\"n\",\"kind\":\"calls\"";
    const Reply posted =
        bench.post(fmt::format("/api/v1/{}", at),
                   fmt::format("{{\"filter\":\"status == 1 or  statsu == 2\"{}}}", more));
    fits(posted, "Problem", 400);
    CHECK_MESSAGE(has(posted.body, "\"position\":16"), at, ": ", posted.body);
    CHECK(has(posted.body, "\"length\":"));
  }
  const Reply check =
      bench.get("/api/v1/filter/check?filter=status+%3D%3D+486+and+nosuch+%3D%3D+1");
  fits(check, "FilterCheck");
  CHECK(member(check.body, "ok") == "false");
  CHECK(member(check.body, "position") == "18");
  fits(bench.get("/api/v1/filter/check?filter=status+%3D%3D+486"), "FilterCheck");
}

TEST_CASE("all rows come as NDJSON and CSV") {
  Bench bench;
  bench.add_calls(3);
  const Reply lines = bench.get("/api/v1/calls?format=ndjson");
  CHECK(lines.status == 200);
  CHECK(count_of(lines.body, "\n") == 3);
  std::string_view rest = lines.body;
  while (!rest.empty()) {
    const std::string line(take_line(rest));
    fits_schema(line, "Call");
  }
  const Reply csv = bench.get("/api/v1/calls?format=csv");
  CHECK(count_of(csv.body, "\n") == 4);
  CHECK(csv.body.starts_with("call_id,kind,state"));
  const Reply some = bench.get("/api/v1/records?format=csv&columns=call_id,status");
  CHECK(some.body.starts_with("call_id,status\n"));
  CHECK(count_of(some.body, "\n") == 19);
}

TEST_CASE("records, messages and streams are listed") {
  Bench bench;
  bench.add_calls(1);
  const Reply records = bench.get("/api/v1/records?order=asc");
  fits(records, "RecordPage");
  CHECK(count_of(records.body, "\"kind\":\"sip\"") == 6);
  fits(bench.get("/api/v1/messages?filter=status+%3D%3D+180&columns=call_id,from.tag,payload,"
                 "max_forwards"),
       "RecordPage");
  CHECK(count_of(bench.get("/api/v1/records?kinds=log").body, "\"sequence\"") == 0);
  CHECK(bench.get("/api/v1/records?kinds=nonsense").status == 400);
  fits(bench.get("/api/v1/streams"), "StreamPage");
}

TEST_CASE("a call comes with its legs, messages and what is kept beside it") {
  Bench bench;
  bench.add_calls(2);
  const Reply detail = bench.get("/api/v1/calls/call-1");
  fits(detail, "CallDetail");
  CHECK(count_of(detail.body, "\"sequence\"") == 6);
  CHECK(detail.response.headers.has("ETag"));
  const Reply messages = bench.get("/api/v1/calls/call-1/messages");
  fits(messages, "MessageList");
  CHECK(has(messages.body, "INVITE sip:bob@x SIP/2.0"));
  const Reply ladder = bench.get("/api/v1/calls/call-1/ladder");
  fits(ladder, "Ladder");
  CHECK(count_of(ladder.body, "\"title\"") == 2);
  CHECK(count_of(ladder.body, "\"label\"") == 6);
  CHECK(has(bench.get("/api/v1/calls/call-1/ladder?format=text").body, "INVITE"));
  CHECK(bench.get("/api/v1/calls/call-9").status == 404);
  CHECK(bench.get("/api/v1/calls/call-1?at=@1600000000").status == 404);
  CHECK(bench.get("/api/v1/calls/call-1?at=now").status == 200);
}

TEST_CASE("lanes have the names of aliases") {
  Bench bench;
  bench.add_calls(1);
  fits(bench.post("/api/v1/aliases", R"({"block":"10.0.0.1","name":"edge"})"), "Alias", 201);
  CHECK(has(bench.get("/api/v1/calls/call-0/ladder").body, "\"title\":\"edge\""));
  CHECK(!has(bench.get("/api/v1/calls/call-0/ladder?aliases=false").body, "edge"));
}

TEST_CASE("one record comes with its headers, and as it came") {
  Bench bench;
  bench.add_calls(1);
  const Reply list = bench.get("/api/v1/records?order=asc&limit=1&columns=sequence");
  const std::string number = list.body.substr(list.body.find("\"sequence\":") + 11, 1);
  const Reply record = bench.get("/api/v1/records/" + number);
  fits(record, "Message");
  CHECK(has(record.body, R"({"name":"CSeq","value":"1 INVITE"})"));
  const Reply raw = bench.get("/api/v1/records/" + number + "/raw");
  CHECK(raw.body.starts_with("INVITE sip:bob@x SIP/2.0\r\n"));
  CHECK(bench.get("/api/v1/records/999999").status == 404);
  CHECK(bench.get("/api/v1/records/none").status == 404);
}

TEST_CASE("credentials are masked for all but those who may read secrets") {
  Bench bench;
  bench.add_calls(1);
  const Login viewer = bench.as(admin::Role::Operator);
  CHECK(has(bench.get("/api/v1/calls/call-0/messages").body, "0123abcd"));
  for (const char* target :
       {"/api/v1/calls/call-0/messages", "/api/v1/records?columns=payload",
        "/api/v1/records?columns=payload&format=csv", "/api/v1/calls/call-0/export?format=text",
        "/api/v1/calls/call-0/export?format=json", "/api/v1/calls/call-0/export?format=pcap"}) {
    const Reply reply = bench.get(target, viewer);
    CHECK(reply.status == 200);
    CHECK_MESSAGE(!has(reply.body, "0123abcd"), target);
    CHECK_MESSAGE(has(reply.body, "********"), target);
  }
  const Reply exported = bench.ask(Method::Post, "/api/v1/export", viewer, R"({"format":"pcap"})");
  CHECK(exported.status == 200);
  CHECK(!has(exported.body, "0123abcd"));
  CHECK(bench.get("/api/v1/facets?table=records&fields=body", viewer).status == 400);
}

TEST_CASE("facets, histograms and groups count") {
  Bench bench;
  bench.add_calls(4);
  const Reply facets = bench.get("/api/v1/facets?fields=call.state,from.user&top=3");
  fits(facets, "Facets");
  CHECK(has(facets.body, R"({"value":"completed","count":4})"));
  const Reply bars = bench.get("/api/v1/histogram?by=call.state&from=@1790000000&to=@1790000060");
  fits(bars, "Groups");
  const Reply group =
      bench.get("/api/v1/group?table=records&by=method&measures=count,distinct(call_id)");
  fits(group, "Groups");
  CHECK(has(group.body, R"("keys":["INVITE"],"values":[12,4])"));
  CHECK(bench.get("/api/v1/group?measures=nonsense").status == 400);
  CHECK(bench.get("/api/v1/facets").status == 400);
}

TEST_CASE("exports are written in every format, in order of time") {
  Bench bench;
  bench.add_calls(3);
  const auto run = [&](const char* body) {
    const Reply reply = bench.post("/api/v1/export", body);
    CHECK_MESSAGE(reply.status == 200, reply.body);
    return reply.body;
  };
  const std::string pcap = run(R"({"format":"pcap","table":"calls"})");
  REQUIRE(pcap.size() > 24);
  CHECK(static_cast<uint8_t>(pcap[0]) == 0xd4);
  CHECK(count_of(pcap, "Call-ID: ") == 18);
  CHECK(pcap.find("Call-ID: call-0") < pcap.find("Call-ID: call-2"));
  CHECK(count_of(run(R"({"format":"pcapng","table":"records","filter":"method == BYE"})"),
                 "Call-ID: ") == 6);
  CHECK(count_of(run(R"({"format":"jsonl","table":"calls"})"), "\n") == 3);
  CHECK(count_of(run(R"({"format":"csv","table":"calls"})"), "\n") == 4);
  CHECK(count_of(run(R"({"format":"jsonl","table":"records"})"), "\n") == 18);
  CHECK(has(run(R"({"format":"text","table":"calls"})"), "INVITE sip:bob@x"));
  CHECK(bench.post("/api/v1/export", R"({"format":"exe"})").status == 400);
  const Reply wrong = bench.post("/api/v1/export", R"({"filter":"nosuch == 1"})");
  CHECK(member(wrong.body, "length") == "6");
  for (const char* format : {"pcap", "pcapng", "text", "json"}) {
    CHECK(bench.get(fmt::format("/api/v1/calls/call-1/export?format={}", format)).status == 200);
  }
}

TEST_CASE("a scope bounds everything that is asked") {
  Bench bench;
  bench.add_calls(2, "alice");
  bench.add_calls(2, "carol", 10);
  const Login scoped = bench.as(admin::Role::Operator, "from.user == alice");
  CHECK(count_of(bench.get("/api/v1/calls", scoped).body, "\"call_ids\"") == 2);
  CHECK(count_of(bench.get("/api/v1/calls?format=ndjson", scoped).body, "\n") == 2);
  CHECK(count_of(bench.get("/api/v1/records?limit=100", scoped).body, "\"kind\":\"sip\"") == 12);
  for (const char* rest : {"", "/messages", "/ladder", "/export", "/notes"}) {
    CHECK(bench.get(fmt::format("/api/v1/calls/call-1{}", rest), scoped).status == 200);
    CHECK(bench.get(fmt::format("/api/v1/calls/call-10{}", rest), scoped).status == 404);
  }
  CHECK(bench.ask(Method::Post, "/api/v1/calls/call-10/notes", scoped, R"({"text":"x"})").status ==
        404);
  const Reply all =
      bench.get("/api/v1/records?filter=from.user+%3D%3D+carol&columns=sequence&limit=1");
  const std::string number =
      std::to_string(std::stoi(all.body.substr(all.body.find("sequence") + 10)));
  CHECK(bench.get("/api/v1/records/" + number).status == 200);
  CHECK(bench.get("/api/v1/records/" + number, scoped).status == 404);
  CHECK(bench.get("/api/v1/records/" + number + "/raw", scoped).status == 404);
  CHECK(!has(bench.get("/api/v1/facets?fields=from.user", scoped).body, "carol"));
  CHECK(!has(bench.ask(Method::Post, "/api/v1/export", scoped, R"({"format":"jsonl"})").body,
             "carol"));
  CHECK(!has(bench.get("/api/v1/filter/complete?text=from.user+%3D%3D+", scoped).body, "carol"));
  CHECK(bench.get("/api/v1/holds", scoped).status == 403);
}

TEST_CASE(
    "a scope does not tell of what it hides: counts of everything, and cursors of other rows") {
  Bench bench;
  bench.add_calls(3, "alice");
  bench.add_calls(3, "carol", 10);
  const Login scoped = bench.as(admin::Role::Operator, "from.user == alice");
  std::string entries;
  for (int i = 0; i < 16; ++i) {
    model::Stream stream;
    stream.first = stream.last = kStart + i * kSecond;
    const bool seen = i < 3;  // the earliest: a page of others comes before
    store::append_stream(entries, stream, fmt::format("call-{}", seen ? i : 10 + i % 3), "PCMA",
                         "n", kStart);
  }
  store::append_ledger(entries, {kStart, store::Fate::Lost, {}, "carols", "truncated", 7, 7});
  REQUIRE(bench.collector->store().append(as_bytes(entries)));
  CHECK(member(bench.get("/api/v1/calls").body, "lost") != "null");
  for (const char* target : {"/api/v1/calls", "/api/v1/group", "/api/v1/streams"}) {
    const Reply reply = bench.get(target, scoped);
    CHECK(reply.status == 200);
    CHECK_MESSAGE(member(reply.body, "lost") == "null", target);
  }
  for (const char* target :
       {"/api/v1/ledger", "/api/v1/nodes", "/api/v1/intake", "/api/v1/store"}) {
    CHECK(bench.get(target).status == 200);
    CHECK(bench.get(target, scoped).status == 403);
  }
  CHECK(bench.get("/metrics", bench.as(admin::Role::Admin, "from.user == alice")).status == 403);
  const Reply health = bench.get("/api/v1/health", scoped);
  fits(health, "Health");
  CHECK(member(health.body, "flushed_sequence") == "null");
  // Pages are filled with rows that may be seen; "next" is of one of them, or of none.
  std::string target = "/api/v1/streams?columns=call_id&limit=2";
  const Reply one = bench.get(target, scoped);
  CHECK(count_of(one.body, "\"call_id\":\"call-") == 2);
  CHECK(count_of(one.body, "\"call_id\":\"call-1") == 1);  // call-2, call-1: none of carol's
  const std::string next = member(one.body, "next");
  REQUIRE(next != "null");
  const Reply two = bench.get(target + "&cursor=" + next, scoped);
  CHECK(count_of(two.body, "\"call_id\":\"call-0\"") == 1);
  CHECK(count_of(two.body, "\"call_id\":") == 1);
  CHECK(member(two.body, "next") == "null");
  const Login nobody = bench.as(admin::Role::Operator, "from.user == nobody");
  const Reply none = bench.get("/api/v1/streams?limit=1", nobody);
  CHECK(member(none.body, "rows") == "[]");
  CHECK(member(none.body, "next") == "null");
}

TEST_CASE("what is masked cannot be found out by searching for it") {
  Bench bench;
  bench.add_calls(2);
  const Login viewer = bench.as(admin::Role::Operator);
  const auto found = [&](const std::string& filter, const Login& who,
                         const std::string& table = "messages") {
    std::string target = fmt::format("/api/v1/{}?columns=call_id&filter=", table);
    for (const char c : filter) target += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    const Reply reply = bench.get(target, who);
    CHECK_MESSAGE(reply.status == 200, reply.body);
    CHECK(member(reply.body, "partial") == "false");
    return count_of(reply.body, "\"call_id\":");
  };
  const Login& admin = bench.admin();
  for (const char* secret : {R"("0123abcd")", R"(header["Authorization"] ~ "response=.0")",
                             R"(header["Authorization"] contains "0123")",
                             R"(header["Authorization"] ~ "[0-9a-f]{8}")"}) {
    CHECK_MESSAGE(found(secret, admin) == 2, secret);
    CHECK_MESSAGE(found(secret, viewer) == 0, secret);
    CHECK(found(fmt::format("not {}", secret), admin) == 10);
    CHECK(found(fmt::format("not {}", secret), viewer) == 12);
    CHECK(found(fmt::format("any({})", secret), admin, "calls") == 2);
    CHECK(found(fmt::format("any({})", secret), viewer, "calls") == 0);
  }
  // An alternative that the stars satisfy tells nothing, and what is shown can be looked for.
  CHECK(found(R"f(header["Authorization"] ~ "response=.(\\*+|0)")f", viewer) == 2);
  CHECK(found(R"("response=\"****")", viewer) == 2);
  CHECK(found(R"("username=\"a\"" and method == INVITE)", viewer) == 2);
  // Nor by order, or by what is exported.
  const Reply sorted = bench.get("/api/v1/records?sort=payload&columns=payload&limit=1", viewer);
  CHECK(!has(sorted.body, "0123abcd"));
  const Reply exported =
      bench.ask(Method::Post, "/api/v1/export", viewer,
                R"({"format":"text","table":"records","filter":"\"0123abcd\""})");
  CHECK(exported.status == 200);
  CHECK(exported.body.empty());
  // A scope is the admin's, and sees all.
  const Login scoped = bench.as(admin::Role::Operator, R"(any("0123abcd"))");
  const Reply calls = bench.get("/api/v1/calls", scoped);
  CHECK_MESSAGE(count_of(calls.body, "\"call_ids\"") == 2, calls.body);
}

TEST_CASE("a rate over a range without an end is the one up to now") {
  Bench bench;
  bench.add_calls(4);
  const auto rate = [&](std::string_view range) {
    const std::string body =
        bench.get(fmt::format("/api/v1/group?measures=rate,count&{}", range)).body;
    const size_t at = body.find("\"values\":[") + 10;
    return body.substr(at, body.find(']', at) - at);
  };
  CHECK(rate("from=-2h&to=now") == rate("from=-2h"));
  CHECK(rate("from=-2h").starts_with("0.00055"));  // 4 in 7200 s
  // Without a beginning it begins with the first of them: an hour ago.
  CHECK(rate("to=now").starts_with("0.0011"));
}

TEST_CASE("an export that is too large is refused before it begins") {
  Bench bench;
  bench.add_calls(3);
  const auto ask = [&](std::string_view format, std::string_view table) {
    return bench.post("/api/v1/export",
                      fmt::format(R"({{"format":"{}","table":"{}"}})", format, table));
  };
  REQUIRE(bench.stores->settings.set("export.messages_max", "17", "test"));
  for (const auto& [format, table] :
       {std::pair{"pcap", "calls"}, std::pair{"text", "calls"}, std::pair{"jsonl", "records"}}) {
    const Reply reply = ask(format, table);
    fits(reply, "Problem", 413);
    CHECK(has(reply.body, "export.messages_max allows 17"));
  }
  CHECK(ask("jsonl", "calls").status == 200);
  REQUIRE(bench.stores->settings.set("export.messages_max", "18", "test"));
  CHECK(count_of(ask("jsonl", "records").body, "\n") == 18);
  CHECK(count_of(ask("text", "calls").body, "INVITE sip:") == 3);
  REQUIRE(bench.stores->settings.set("export.messages_max", "2", "test"));
  CHECK(ask("csv", "calls").status == 413);
  CHECK(has(bench.get("/api/v1/audit?action=export").body, "\"refused\""));
}

TEST_CASE("CSV keeps to a limit, sort=-start is the largest first, and the ledger has pages") {
  Bench bench;
  bench.add_calls(5);
  const Reply csv = bench.get("/api/v1/calls?format=csv&limit=2&columns=call_id");
  CHECK(csv.body == "call_id\ncall-4\ncall-3\n");
  CHECK(bench.get("/api/v1/calls?format=ndjson&limit=1&order=asc&columns=call_id").body ==
        "{\"call_id\":\"call-0\"}\n");
  CHECK(bench.get("/api/v1/calls?sort=-start&limit=2&format=csv&columns=call_id").body == csv.body);
  CHECK(bench.get("/api/v1/calls?sort=-start&order=asc").status == 400);
  std::string entries;
  for (int i = 0; i < 7; ++i) {
    store::append_ledger(entries, {kStart + i / 3 * 60 * kSecond,
                                   store::Fate::Lost,
                                   {},
                                   fmt::format("n{}", i % 3),
                                   "why",
                                   1,
                                   1});
  }
  for (int i = 0; i < 2; ++i) {  // told apart: one row all the same
    store::append_ledger(entries, {kStart, store::Fate::Stored, {}, "n", "", 2, 10});
  }
  REQUIRE(bench.collector->store().append(as_bytes(entries)));
  const std::string range = "from=@1789999000&to=@1790001000";
  const Reply all = bench.get("/api/v1/ledger?" + range);
  fits(all, "LedgerPage");
  CHECK(count_of(all.body, "\"minute\":") == count_of(all.body, "\"fate\":"));
  const size_t rows = count_of(all.body, "\"minute\":");
  CHECK(rows >= 8);
  CHECK(has(all.body, "\"count\":4,\"bytes\":20"));
  size_t seen = 0, pages = 0;
  for (std::string cursor; cursor != "null" && pages < 20; ++pages) {
    const Reply page = bench.get(fmt::format("/api/v1/ledger?{}&limit=2&cursor={}", range, cursor));
    fits(page, "LedgerPage");
    seen += count_of(page.body, "\"minute\":");
    cursor = member(page.body, "next");
  }
  CHECK(seen == rows);
  CHECK(pages == (rows + 1) / 2);
  CHECK(bench.get("/api/v1/ledger?cursor=abc").status == 400);
}

TEST_CASE("an upload becomes a job that reads it into the store") {
  Bench bench;
  bench.add_calls(3);
  const std::string pcap = bench.post("/api/v1/export", R"({"format":"pcap"})").body;
  Bench other;
  const auto upload = [&](const std::string& content) {
    const std::string path = other.folder.path + "/upload";
    std::ofstream(path, std::ios::binary) << content;
    http::Request request =
        Bench::request_of(Method::Post, "/api/v1/import?name=a.pcap", &other.admin());
    request.body_file = path;
    request.body_bytes = content.size();
    return other.send(std::move(request));
  };
  const auto finished = [&](const std::string& id) {
    for (int i = 0; i < 2000; ++i) {
      const Reply job = other.get("/api/v1/jobs/" + id);
      fits(job, "Job");
      const std::string state = member(job.body, "state");
      if (state != "waiting" && state != "running") return job.body;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return std::string();
  };
  const Reply accepted = upload(pcap);
  fits(accepted, "Job", 202);
  const std::string done = finished(member(accepted.body, "id"));
  CHECK(member(done, "state") == "done");
  CHECK(member(done, "records") == "18");
  CHECK(member(done, "calls") == "3");
  CHECK(count_of(other.get("/api/v1/calls").body, "\"call_ids\"") == 3);
  const Reply garbage = upload("this is no capture at all");
  const std::string failed = finished(member(garbage.body, "id"));
  CHECK(member(failed, "state") == "failed");
  CHECK(member(failed, "error") != "null");
  fits(other.get("/api/v1/jobs"), "JobList");
  CHECK(other.get("/api/v1/jobs/1", other.as(admin::Role::Operator)).status == 404);
  CHECK(other.ask(Method::Delete, "/api/v1/jobs/77", other.admin()).status == 404);
  for (const auto& file : std::filesystem::directory_iterator(other.folder.path)) {
    CHECK(!file.path().filename().string().starts_with("import-"));
  }
}

TEST_CASE("SQL gives rows, within limits") {
  Bench bench;
  bench.add_calls(3);
  const Reply rows =
      bench.post("/api/v1/sql", R"({"sql":"SELECT kind, count(*) FROM calls GROUP BY kind;"})");
  fits(rows, "SqlAnswer");
  CHECK(has(rows.body, R"(["call",3])"));
  const Reply some = bench.post("/api/v1/sql", R"({"sql":"SELECT * FROM records","limit":2})");
  fits(some, "SqlAnswer");
  CHECK(member(some.body, "partial") == "true");
  for (const char* wrong : {"nonsense", "DROP TABLE calls",
                            "SELECT * FROM read_text('/etc/passwd')", "COPY calls TO '/tmp/x'"}) {
    CHECK(bench.post("/api/v1/sql", fmt::format(R"({{"sql":"{}"}})", wrong)).status == 400);
  }
}

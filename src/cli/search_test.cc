// A filter over what streams by and over what is kept gives the same answer, whether the rows are
// sealed or not.
#include "store/search.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <set>

#include "base/hash.h"
#include "capture/source.h"
#include "pipeline/call_consumer.h"
#include "pipeline/call_subject.h"
#include "pipeline/engine.h"
#include "pipeline/keeper.h"
#include "pipeline/message_subject.h"
#include "pipeline/payload_reader.h"
#include "simulate/simulate.h"
#include "support/temp_folder.h"

namespace siploom::cli {

namespace {

using registry::FieldInfo;
using registry::Scope;

constexpr Timestamp kNow{1'790'000'000 * kSecond};

// A message as it was seen; its bytes are kept.
struct Seen {
  model::Record record;
  std::string raw;
};

class Watcher final : public pipeline::Consumer {
 public:
  explicit Watcher(std::vector<Seen>& out) : out_(out) {}
  Wants wants() const override { return {true, false, nullptr}; }
  size_t shard_count() const override { return 1; }
  void consume(size_t, pipeline::Chunk& chunk) override {
    for (const pipeline::Message& message : chunk.messages) {
      out_.push_back({message.record, std::string(as_text(message.record.payload))});
    }
  }

 private:
  std::vector<Seen>& out_;
};

std::string quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string constant_text(const query::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return quote(std::string(*text));
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.0f}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* time = std::get_if<Timestamp>(&value)) return format_rfc3339(*time, 9);
  if (const auto* d = std::get_if<query::Duration>(&value)) return fmt::format("{}ns", d->ns);
  if (const auto* endpoint = std::get_if<Endpoint>(&value)) {
    return endpoint->port == 0 ? format_ip(endpoint->address) : format_endpoint(*endpoint);
  }
  return {};
}

struct DemoStore {
  test::TempFolder folder;
  std::vector<Seen> messages;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Search> search;
  std::unique_ptr<pipeline::CallConsumer> woven;
  std::string path;

  DemoStore() {
    simulate::Options options = *simulate::preset("demo");
    options.media = false;
    options.calls = 150;
    options.seed = 7;
    options.output = folder.path + "/demo.pcap";
    REQUIRE(simulate::run(options));
    path = options.output;
    read();
    weave();
    keep();
  }

  std::unique_ptr<capture::Source> open() const {
    capture::OpenOptions options;
    options.files = {path};
    auto source = capture::open_source(options);
    REQUIRE(source);
    return std::move(*source);
  }
  void read() {
    Watcher watcher(messages);
    REQUIRE(pipeline::run(*open(), watcher, {}));
    for (Seen& seen : messages) seen.record.payload = as_bytes(seen.raw);
    REQUIRE(messages.size() > 500);
  }
  void weave() {
    woven = std::make_unique<pipeline::CallConsumer>(pipeline::CallConsumerOptions{});
    const auto result = pipeline::run(*open(), *woven, {});
    REQUIRE(result);
    woven->finish(result->counters.last);
    REQUIRE(woven->calls().size() > 100);
  }
  void keep() {
    store::StoreOptions options;
    options.folder = folder.path + "/store";
    options.clock = [] { return kNow; };
    options.seal_rows = messages.size() / 3;
    options.most_waiting = 2;
    auto opened = store::Store::open(options);
    REQUIRE(opened);
    store = std::move(*opened);
    pipeline::KeeperOptions keeping;
    keeping.live = false;
    keeping.settle_after = 3600 * kSecond;  // as a reading of the whole file has it
    keeping.clock = [] { return kNow; };
    pipeline::Keeper keeper(*store, keeping);
    pipeline::EngineOptions engine;
    engine.chunk_bytes = 16 * 1024;
    REQUIRE(pipeline::run(*open(), keeper, engine));
    REQUIRE(keeper.finish());
    REQUIRE(store->seal());
    REQUIRE(store->view().manifest->segments.size() >= 1);
    REQUIRE(store->view().parts.size() >= 2);
    store::SearchOptions searching;
    searching.folder = options.folder;
    searching.make_reader = pipeline::make_payload_reader;
    auto made = store::Search::open(searching);
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
    search = std::move(*made);
  }
};

uint64_t mark(Timestamp time, std::string_view raw) {
  return mix(static_cast<uint64_t>(time.ns), hash_text(raw, 1));
}

// What both sides say, as a sum that does not depend on the order.
struct Sum {
  uint64_t rows = 0, marks = 0;
  bool operator==(const Sum&) const = default;
};

Sum live_sum(const DemoStore& f, const std::string& text) {
  const auto filter = query::Filter::compile(text, Scope::Message);
  REQUIRE_MESSAGE(filter.has_value(), text << ": " << (filter ? "" : filter.error().message));
  Sum sum;
  auto view = std::make_unique<sip::MessageView>();
  for (const Seen& seen : f.messages) {
    view->parse(seen.record.payload, seen.record.transport == Transport::Udp);
    if (!filter->matches(pipeline::MessageSubject(seen.record, *view))) continue;
    ++sum.rows;
    sum.marks += mark(seen.record.time, seen.raw);
  }
  return sum;
}

Sum stored_sum(const DemoStore& f, const std::string& text) {
  store::Question question;
  question.with_copies = true;
  question.filter = text;
  store::Selection selection;
  selection.columns = {"time", "payload"};
  auto answer = f.search->stream(f.store->view(), question, selection);
  REQUIRE_MESSAGE(answer.has_value(), text << ": " << (answer ? "" : answer.error().message));
  Sum sum;
  while (true) {
    const auto more = (*answer)->next();
    REQUIRE_MESSAGE(more.has_value(), text << ": " << (more ? "" : more.error().message));
    if (!*more) break;
    ++sum.rows;
    sum.marks += mark({(*answer)->rows().integer(0)}, (*answer)->rows().text(1));
  }
  return sum;
}

// Up to `most` different values of the field among the messages.
std::vector<std::string> values_of(const DemoStore& f, const FieldInfo& field, size_t most) {
  std::set<std::string> out;
  auto view = std::make_unique<sip::MessageView>();
  for (size_t i = 0; i < f.messages.size() && out.size() < most; i += 7) {
    const Seen& seen = f.messages[i];
    view->parse(seen.record.payload, seen.record.transport == Transport::Udp);
    pipeline::MessageSubject(seen.record, *view).values(field.id, [&](const query::Value& value) {
      out.insert(constant_text(value));
      return out.size() < most;
    });
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> filters_for(const FieldInfo& field,
                                     const std::vector<std::string>& values) {
  const std::string name(field.name);
  std::vector<std::string> out = {"has " + name, "not has " + name};
  for (const std::string& value : values) {
    out.push_back(name + " == " + value);
    out.push_back(name + " != " + value);
  }
  if (values.size() > 1) {
    out.push_back(fmt::format("{} in {{{}}}", name, fmt::join(values, ", ")));
    out.push_back(
        fmt::format("not ({} in {{{}}} and method == INVITE)", name, fmt::join(values, ", ")));
  }
  using registry::Type;
  const bool ordered = field.type == Type::Number || field.type == Type::Time ||
                       field.type == Type::Duration || field.type == Type::Text;
  if (ordered && !values.empty()) {
    out.push_back(name + " < " + values.front());
    out.push_back(name + " >= " + values.front());
  }
  if (field.type == Type::Text || field.type == Type::Address) {
    out.push_back(name + " ~ \"1[0-9]\"");
    out.push_back(name + " !~ \"a\"");
  }
  return out;
}

uint64_t mark_call(std::string_view call_id, Timestamp start) { return mark(start, call_id); }

Sum live_calls(const DemoStore& f, const std::string& text) {
  const auto filter = query::Filter::compile(text, Scope::Call);
  REQUIRE_MESSAGE(filter.has_value(), text << ": " << (filter ? "" : filter.error().message));
  pipeline::CallConsumer* consumer = f.woven.get();
  std::unique_ptr<pipeline::CallConsumer> asked;
  if (!filter->message_predicates().empty()) {
    pipeline::CallConsumerOptions options;
    options.filter = &*filter;
    asked = std::make_unique<pipeline::CallConsumer>(options);
    const auto result = pipeline::run(*f.open(), *asked, {});
    REQUIRE(result);
    asked->finish(result->counters.last);
    consumer = asked.get();
  }
  Sum sum;
  for (const model::Call* call : consumer->calls()) {
    if (!filter->matches(pipeline::CallSubject(*call))) continue;
    ++sum.rows;
    sum.marks += mark_call(model::call_id(*call), call->start);
  }
  return sum;
}

Sum stored_calls(const DemoStore& f, const std::string& text) {
  store::Question question;
  question.table = store::Table::Calls;
  question.filter = text;
  store::Selection selection;
  selection.columns = {"start", "call_id"};
  selection.limit = 100'000;
  auto answer = f.search->select(f.store->view(), question, selection);
  REQUIRE_MESSAGE(answer.has_value(), text << ": " << (answer ? "" : answer.error().message));
  Sum sum;
  while (*(*answer)->next()) {
    ++sum.rows;
    sum.marks += mark_call((*answer)->rows().text(1), {(*answer)->rows().integer(0)});
  }
  return sum;
}

std::vector<std::string> call_values(const DemoStore& f, const FieldInfo& field, size_t most) {
  std::set<std::string> out;
  for (const model::Call* call : f.woven->calls()) {
    pipeline::CallSubject(*call).values(field.id, [&](const query::Value& value) {
      out.insert(constant_text(value));
      return out.size() < most;
    });
    if (out.size() >= most) break;
  }
  return {out.begin(), out.end()};
}

}  // namespace

TEST_CASE("kept calls answer a filter as passing ones do, whatever the field") {
  const DemoStore f;
  CHECK(stored_calls(f, "").rows == f.woven->calls().size());
  for (const FieldInfo& field : registry::fields()) {
    if (field.scope == Scope::Message) continue;
    for (const std::string& filter : filters_for(field, call_values(f, field, 3))) {
      CAPTURE(filter);
      CHECK(live_calls(f, filter) == stored_calls(f, filter));
    }
  }
  for (const char* filter :
       {"any(method == BYE)", "not any(status == 486)",
        "has \"Supported\" and call.state == completed", "\"INVITE sip:\" and status >= 400",
        "src in 10.0.0.0/8 or call.duration < 5s"}) {
    CAPTURE(filter);
    CHECK(live_calls(f, filter) == stored_calls(f, filter));
  }
}

TEST_CASE("counts from side files are those of the rows") {
  const DemoStore f;
  const store::View view = f.store->view();
  store::Question question;
  store::Grouping grouping;
  for (const char* field : {"method", "status", "record.kind", "request"}) {
    for (const Nanoseconds bucket : {Nanoseconds{0}, 60 * kSecond, 600 * kSecond}) {
      for (const char* filter : {"", "status >= 300", "method != INVITE and not has status"}) {
        CAPTURE(field);
        CAPTURE(filter);
        grouping.by = {field};
        grouping.bucket = bucket;
        question.filter = filter;
        const auto quick = f.search->group(view, question, grouping);
        REQUIRE(quick);
        CHECK(quick->from_rollup > 0);
        CHECK(quick->from_rows == 0);
        // A part that side files know nothing of has the rows read.
        question.filter = fmt::format("({}) and size > 0", *filter == 0 ? "size > 0" : filter);
        const auto slow = f.search->group(view, question, grouping);
        REQUIRE(slow);
        CHECK(slow->from_rollup == 0);
        REQUIRE(quick->rows.size() == slow->rows.size());
        for (size_t i = 0; i < quick->rows.size(); ++i) {
          CHECK(quick->rows[i].keys == slow->rows[i].keys);
          CHECK(quick->rows[i].bucket == slow->rows[i].bucket);
          CHECK(quick->rows[i].values == slow->rows[i].values);
        }
      }
    }
  }
}

TEST_CASE("pages follow one another without a gap, whatever they are sorted by") {
  const DemoStore f;
  const store::View view = f.store->view();
  for (const char* sort : {"", "from_user", "status", "via.branch", "size"}) {
    for (const bool descending : {true, false}) {
      CAPTURE(sort);
      store::Question question;
      question.with_copies = true;
      store::Selection selection;
      selection.columns = {"sequence", "payload"};
      selection.sort = sort;
      selection.descending = descending;
      selection.limit = 97;
      std::set<int64_t> seen;
      size_t rows = 0;
      while (true) {
        auto answer = f.search->select(view, question, selection);
        REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().message));
        size_t count = 0;
        while (*(*answer)->next()) {
          seen.insert((*answer)->rows().integer(0));
          selection.cursor = (*answer)->cursor();
          ++count;
        }
        rows += count;
        if (count < selection.limit) break;
      }
      CHECK(rows == f.messages.size());
      CHECK(seen.size() == f.messages.size());
    }
  }
}

TEST_CASE("SQL reads what is kept and nothing else") {
  const DemoStore f;
  const store::View view = f.store->view();
  const auto count =
      f.search->sql(view, "select count(*) as n, count(distinct call_id) from records", {});
  REQUIRE_MESSAGE(count.has_value(), (count ? "" : count.error().message));
  REQUIRE(*(*count)->next());
  CHECK((*count)->rows().integer(0) == static_cast<int64_t>(f.messages.size()));
  for (const char* bad :
       {"select * from read_text('/etc/passwd')", "copy records to '/tmp/x.csv'",
        "select 1) ; drop table records; select (1", "attach '/tmp/x.db'", "set threads = 9",
        "install httpfs", "select * from read_parquet('/etc/*')", "select * from glob('/etc/*')"}) {
    CAPTURE(bad);
    CHECK_FALSE(f.search->sql(view, bad, {}).has_value());
  }
  store::QueryControl control;
  control.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const auto endless = f.search->sql(
      view, "select count(*) from range(1000000) a, range(1000000) b where a.range + b.range < -1",
      control);
  REQUIRE_FALSE(endless.has_value());
  CHECK(endless.error().message.find("took too long") != std::string::npos);
}

TEST_CASE("kept messages answer a filter as passing ones do, whatever the field") {
  const DemoStore f;
  CHECK(stored_sum(f, "").rows == f.messages.size());
  for (const FieldInfo& field : registry::fields()) {
    if (field.scope == Scope::Call) continue;
    // What one reading knows and the store does not, and the reverse.
    if (field.name == "frame" || field.name == "received" || field.name == "retransmission" ||
        field.name == "copy") {
      continue;
    }
    for (const std::string& filter : filters_for(field, values_of(f, field, 3))) {
      CAPTURE(filter);
      CHECK(live_sum(f, filter) == stored_sum(f, filter));
    }
  }
  for (const char* filter :
       {"\"INVITE sip:\"", "invite", "header[\"Max-Forwards\"] < 60", "has \"Supported\"",
        "src in 10.0.0.0/8", "ip in 0.0.0.0/0", "status == 4xx", "status in {180, 200}",
        "method == INVITE and not has status", "not (method == BYE or from.user ~ \"^1\")",
        "port == 5060 and transport != udp", "contains \"Contact\""}) {
    CAPTURE(filter);
    CHECK(live_sum(f, filter) == stored_sum(f, filter));
  }
}

}  // namespace siploom::cli

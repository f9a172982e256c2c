#include "pipeline/stored.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "pipeline/copy_filter.h"
#include "pipeline/message_row.h"
#include "weave/causal_order.h"
#include "wire/hep/quirk.h"
#include "wire/json/json.h"
#include "wire/sip/message.h"
#include "wire/sip/via.h"

namespace siploom::pipeline {

namespace {

constexpr size_t kMaxTiedIds = 64;  // of one call, that tie records of other kinds to it
// How long before its start and after its end a call's records may lie, by clocks that differ.
constexpr Nanoseconds kAround = 120 * kSecond;
constexpr Nanoseconds kLongestCall = 24 * 3600 * kSecond;

class StoreRow final : public RowValues {
 public:
  explicit StoreRow(const store::Rows& rows) : rows_(rows) {}
  bool is_null(size_t column) const override { return rows_.is_null(column); }
  std::string_view text(size_t column) const override { return rows_.text(column); }
  int64_t integer(size_t column) const override { return rows_.integer(column); }
  size_t list_size(size_t column) const override { return rows_.list_size(column); }
  std::string_view list_text(size_t column, size_t item) const override {
    return rows_.list_text(column, item);
  }

 private:
  const store::Rows& rows_;
};

// The columns of a row one after the other.
class Columns final {
 public:
  explicit Columns(const RowValues& rows) : rows_(rows) {}
  std::string_view text() { return rows_.text(at_++); }
  int64_t integer() { return rows_.integer(at_++); }
  Timestamp time() {
    const size_t at = at_++;
    return rows_.is_null(at) ? kNoTime : Timestamp{rows_.integer(at)};
  }
  bool flag() { return rows_.integer(at_++) != 0; }
  std::vector<std::string> list() {
    std::vector<std::string> out;
    for (size_t i = 0; i < rows_.list_size(at_); ++i) out.emplace_back(rows_.list_text(at_, i));
    ++at_;
    return out;
  }
  Endpoint endpoint() {
    const std::string_view address = text();
    Endpoint out;
    if (const auto parsed = parse_ip(address)) out.address = *parsed;
    out.port = static_cast<uint16_t>(integer());
    return out;
  }

 private:
  const RowValues& rows_;
  size_t at_ = 0;
};

// Texts of a call, kept beside it.
class Keep final {
 public:
  explicit Keep(StoredCall& call) : call_(call) {}
  std::string_view operator()(std::string_view text) {
    if (text.empty()) return {};
    return call_.texts.emplace_back(text);
  }
  std::vector<std::string_view> list(const std::vector<std::string>& texts) {
    std::vector<std::string_view> out;
    for (const std::string& text : texts) out.push_back((*this)(text));
    return out;
  }

 private:
  StoredCall& call_;
};

void read_legs(std::string_view text, model::Call& call, Keep& keep) {
  tree::Tree document;
  std::string scratch;
  if (text.empty() || !json::parse(text, document)) return;
  call.legs.clear();
  for (tree::Value leg = document.root().first(); leg; leg = leg.next()) {
    model::Leg& out = call.legs.emplace_back();
    out.call_id = keep(leg.member("call_id").text(scratch));
    out.from_tag = keep(leg.member("from_tag").text(scratch));
    for (tree::Value fork = leg.member("forks").first(); fork; fork = fork.next()) {
      model::Fork& one = out.forks.emplace_back();
      one.to_tag = keep(fork.member("to_tag").text(scratch));
      one.answered_by =
          parse_endpoint(fork.member("answered_by").text(scratch)).value_or(Endpoint{});
      one.status = static_cast<uint16_t>(fork.member("status").integer().value_or(0));
    }
  }
}

void read_media(std::string_view text, model::Call& call) {
  tree::Tree document;
  std::string scratch;
  if (text.empty() || !json::parse(text, document)) return;
  for (tree::Value media = document.root().first(); media; media = media.next()) {
    model::MediaEndpoint& out = call.media.emplace_back();
    out.where = parse_endpoint(media.member("where").text(scratch)).value_or(Endpoint{});
    out.since = {media.member("since_ns").integer().value_or(kNoTime.ns)};
    out.from_caller = media.member("from_caller").type() == tree::Type::True;
  }
}

std::string braces(const std::set<std::string>& texts) {
  std::string out = "{";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    out += query::quoted(text);
  }
  return out + "}";
}

// The rows of one select, all of them.
template <class Row>
Result<std::vector<Row>> collect(store::Search& search, const store::View& view,
                                 const store::Question& question,
                                 const std::vector<std::string>& columns,
                                 Row (*read)(const store::Rows&), size_t most) {
  store::Selection selection;
  selection.columns = columns;
  selection.descending = false;
  selection.limit = most;
  auto answer = SL_TRY(search.select(view, question, selection));
  std::vector<Row> out;
  while (SL_TRY(answer->next())) out.push_back(read(answer->rows()));
  return out;
}

// Ids of other records that belong to the same call: of what is known of it so far.
void collect_ids(const std::vector<StoredRecord>& records, std::set<std::string>& values,
                 std::set<std::string>& named) {
  for (const StoredRecord& record : records) {
    if (values.size() + named.size() >= kMaxTiedIds) return;
    if (!record.correlation_id.empty()) values.insert(record.correlation_id);
    for (const std::string& id : record.extra_ids) {
      named.insert(id);
      const std::string_view value = split_once(id, ':').after;
      if (!value.empty()) values.insert(std::string(value));
    }
  }
}

// What another agent saw, too, is no message of its own.
void set_copies_apart(CallDetail& detail) {
  // In the order of coming in: the first one told of it, whatever the clocks say.
  std::sort(detail.messages.begin(), detail.messages.end(),
            [](const StoredRecord& a, const StoredRecord& b) { return a.sequence < b.sequence; });
  std::vector<StoredRecord> once;
  std::unordered_map<uint64_t, size_t> latest;  // by octets and endpoints: index in `once`
  for (StoredRecord& message : detail.messages) {
    const uint64_t hash = copy_hash_of(as_record(message));
    const auto known = latest.find(hash);
    if (message.copy && known != latest.end()) {
      ++once[known->second].copies;
      detail.copies.push_back(std::move(message));
      continue;
    }
    latest[hash] = once.size();
    once.push_back(std::move(message));
  }
  detail.messages = std::move(once);
}

}  // namespace

const std::vector<std::string>& call_columns() {
  static const std::vector<std::string> columns = {"call_id",       "kind",
                                                   "state",         "hangup_by",
                                                   "transport",     "method",
                                                   "status",        "reason",
                                                   "reason_cause",  "cause_protocol",
                                                   "cause_text",    "src_ip",
                                                   "src_port",      "dst_ip",
                                                   "dst_port",      "request_uri",
                                                   "from_user",     "from_host",
                                                   "from_display",  "to_user",
                                                   "to_host",       "to_display",
                                                   "start",         "invite",
                                                   "trying",        "ringing",
                                                   "progress",      "answer",
                                                   "confirmed",     "cancel",
                                                   "bye",           "final_response",
                                                   "last",          "end",
                                                   "messages",      "retransmissions",
                                                   "copies",        "malformed",
                                                   "expires",       "partial",
                                                   "user_agent",    "codec",
                                                   "offered",       "correlation_ids",
                                                   "nodes",         "first_sequence",
                                                   "last_sequence", "legs",
                                                   "media",         "open"};
  return columns;
}

std::unique_ptr<StoredCall> read_call(const store::Rows& rows) { return read_call(StoreRow(rows)); }

std::unique_ptr<StoredCall> read_call(const RowValues& row) {
  auto stored = std::make_unique<StoredCall>();
  model::Call& call = stored->call;
  Keep keep(*stored);
  Columns in(row);
  const std::string_view call_id = keep(in.text());
  static_cast<void>(model::parse_kind(in.text(), call.kind));
  static_cast<void>(model::parse_state(in.text(), call.state));
  const std::string_view hangup = in.text();
  if (hangup == "caller") call.hangup_by = model::HangupBy::Caller;
  if (hangup == "callee") call.hangup_by = model::HangupBy::Callee;
  call.transport = parse_transport(in.text());
  call.method = keep(in.text());
  call.status = static_cast<uint16_t>(in.integer());
  call.reason = keep(in.text());
  call.cause = static_cast<uint16_t>(in.integer());
  call.cause_protocol = keep(in.text());
  call.cause_text = keep(in.text());
  call.src = in.endpoint();
  call.dst = in.endpoint();
  call.request_uri = keep(in.text());
  for (model::Party* party : {&call.from, &call.to}) {
    party->user = keep(in.text());
    party->host = keep(in.text());
    party->display = keep(in.text());
  }
  for (Timestamp* time :
       {&call.start, &call.invite, &call.trying, &call.ringing, &call.progress, &call.answer,
        &call.confirmed, &call.cancel, &call.bye, &call.final_response, &call.last, &call.end}) {
    *time = in.time();
  }
  for (uint32_t* count :
       {&call.messages, &call.retransmissions, &call.copies, &call.malformed, &call.expires_s}) {
    *count = static_cast<uint32_t>(in.integer());
  }
  call.begins_before = in.flag();
  call.user_agents = keep.list(in.list());
  call.codecs = keep.list(in.list());
  call.offered = keep.list(in.list());
  call.correlation_ids = keep.list(in.list());
  call.nodes = keep.list(in.list());
  call.first_frame = static_cast<uint64_t>(in.integer());
  call.last_frame = static_cast<uint64_t>(in.integer());
  read_legs(in.text(), call, keep);
  if (call.legs.empty()) call.legs.push_back({call_id, {}, {}});
  read_media(in.text(), call);
  stored->open = in.flag();
  return stored;
}

const std::vector<std::string>& record_columns() {
  static const std::vector<std::string> columns = {"sequence",
                                                   "time",
                                                   "received",
                                                   "kind",
                                                   "node",
                                                   "agent_id",
                                                   "transport",
                                                   "src_ip",
                                                   "src_port",
                                                   "dst_ip",
                                                   "dst_port",
                                                   "call_id",
                                                   "hep_correlation_id",
                                                   "extra_ids",
                                                   "method",
                                                   "status",
                                                   "cseq",
                                                   "summary",
                                                   "retransmission",
                                                   "copy",
                                                   "malformed",
                                                   "datagram",
                                                   "quirks",
                                                   "chunks",
                                                   "payload"};
  return columns;
}

StoredRecord read_record(const store::Rows& rows) { return read_record(StoreRow(rows)); }

StoredRecord read_record(const RowValues& row) {
  StoredRecord out;
  Columns in(row);
  out.sequence = static_cast<uint64_t>(in.integer());
  out.time = in.time();
  out.received = in.time();
  static_cast<void>(model::parse_record_kind(in.text(), out.kind));
  out.node = in.text();
  out.agent_id = static_cast<uint32_t>(in.integer());
  out.transport = parse_transport(in.text());
  out.src = in.endpoint();
  out.dst = in.endpoint();
  out.primary_id = in.text();
  out.correlation_id = in.text();
  out.extra_ids = in.list();
  out.event = in.text();
  out.status = static_cast<uint16_t>(in.integer());
  out.cseq = static_cast<uint32_t>(in.integer());
  out.summary = in.text();
  out.retransmission = in.flag();
  out.copy = in.flag();
  out.malformed = in.flag();
  out.datagram = in.flag();
  out.quirks = static_cast<uint32_t>(in.integer());
  out.chunks = in.text();
  out.payload = in.text();
  return out;
}

void write_record(JsonWriter& json, const StoredRecord& record, bool with_payload) {
  const auto text = [&](std::string_view name, std::string_view value) {
    json.key(name);
    if (value.empty()) {
      json.null();
    } else {
      json.value(value);
    }
  };
  json.begin_object();
  json.field("sequence", record.sequence);
  json.field("time", std::string_view(format_rfc3339(record.time)));
  json.field("received", std::string_view(format_rfc3339(record.received)));
  json.field("kind", model::record_kind_name(record.kind));
  text("node", record.node);
  json.field("agent_id", uint64_t{record.agent_id});
  json.field("transport", transport_name(record.transport));
  json.field("src", std::string_view(format_endpoint(record.src)));
  json.field("dst", std::string_view(format_endpoint(record.dst)));
  text("call_id", record.primary_id);
  text("correlation_id", record.correlation_id);
  json.key("extra_ids");
  json.begin_array();
  for (const std::string& id : record.extra_ids) json.value(std::string_view(id));
  json.end_array();
  text("method", record.event);
  json.key("status");
  if (record.status == 0) {
    json.null();
  } else {
    json.value(uint64_t{record.status});
  }
  text("summary", record.summary);
  json.field("retransmission", record.retransmission);
  json.field("copy", record.copy);
  json.field("malformed", record.malformed);
  json.key("quirks");
  json.begin_array();
  for (size_t i = 0; i < hep::kQuirks; ++i) {
    if ((record.quirks >> i & 1) != 0) json.value(hep::quirk_name(static_cast<hep::Quirk>(i)));
  }
  json.end_array();
  json.key("chunks");
  json.raw(record.chunks.empty() ? std::string_view("{}") : std::string_view(record.chunks));
  json.field("size", uint64_t{record.payload.size()});
  if (with_payload) {
    const bool plain = is_utf8(record.payload);
    json.field(plain ? "payload" : "payload_base64",
               plain ? std::string_view(record.payload) : std::string_view(base64(record.payload)));
  }
  json.end_object();
}

model::Record as_record(const StoredRecord& stored) {
  model::Record record;
  record.time = stored.time;
  record.src = stored.src;
  record.dst = stored.dst;
  record.transport = stored.transport;
  record.kind = stored.kind;
  record.correlation_id = stored.correlation_id;
  record.payload = as_bytes(stored.payload);
  return record;
}

model::Message as_message(const StoredRecord& stored) {
  const auto view = std::make_unique<sip::MessageView>();
  const model::Record record = as_record(stored);
  view->parse(record.payload, stored.datagram);
  sdp::Session scratch;
  model::Message message = make_row(record, *view, scratch);
  message.retransmission = stored.retransmission;
  message.copies = stored.copies;
  message.frame = stored.sequence;
  return message;
}

// Whether a response stands so long before its request that their agents' clocks must differ.
bool has_impossible_order(const std::vector<weave::CausalMessage>& messages) {
  std::map<std::tuple<std::string_view, std::string_view, uint32_t>, Timestamp> requests;
  for (const weave::CausalMessage& message : messages) {
    if (message.status != 0 || message.branch.empty()) continue;
    const auto at =
        requests.try_emplace({message.branch, message.method, message.cseq}, message.time);
    at.first->second = std::min(at.first->second, message.time);
  }
  return std::any_of(messages.begin(), messages.end(), [&](const weave::CausalMessage& message) {
    if (message.status == 0) return false;
    const auto request = requests.find({message.branch, message.method, message.cseq});
    return request != requests.end() && request->second - message.time > weave::kCausalWindow;
  });
}

// Where agents' clocks are seconds apart, messages stand as they came in: each agent's times are
// moved by what its quickest message took to come here. The times shown stay as they were told.
void align_clocks(const std::vector<StoredRecord>& messages,
                  std::vector<weave::CausalMessage>& keys) {
  if (!has_impossible_order(keys)) return;
  std::map<std::string_view, Nanoseconds> least;
  for (const StoredRecord& message : messages) {
    const Nanoseconds lag = message.received - message.time;
    const auto at = least.try_emplace(message.node, lag).first;
    at->second = std::min(at->second, lag);
  }
  for (size_t i = 0; i < messages.size(); ++i)
    keys[i].time = keys[i].time + least[messages[i].node];
}

void order_causally(std::vector<StoredRecord>& messages) {
  struct Branches {
    std::string first, second;
  };
  std::vector<Branches> branches(messages.size());
  std::vector<weave::CausalMessage> keys(messages.size());
  const auto view = std::make_unique<sip::MessageView>();
  for (size_t i = 0; i < messages.size(); ++i) {
    const StoredRecord& message = messages[i];
    view->parse(as_bytes(message.payload), message.datagram);
    size_t via = 0;
    sip::for_each_value(*view, sip::HeaderId::Via, [&](std::string_view value) {
      if (via >= 2) return;
      const auto parsed = sip::parse_via(value);
      (via++ == 0 ? branches[i].first : branches[i].second) =
          parsed ? std::string(parsed->branch) : std::string();
    });
    keys[i] = {message.time, message.sequence, message.src,       message.dst,       message.status,
               message.cseq, message.event,    branches[i].first, branches[i].second};
  }
  align_clocks(messages, keys);
  std::vector<StoredRecord> ordered;
  ordered.reserve(messages.size());
  for (const uint32_t i : weave::causal_order(keys)) ordered.push_back(std::move(messages[i]));
  messages = std::move(ordered);
}

Result<CallDetail> load_call(store::Search& search, const store::View& view, const CallKey& key,
                             const store::Question& question) {
  CallDetail detail;
  store::Question asked = question;
  asked.table = store::Table::Calls;
  asked.filter = "call_id == " + query::quoted(key.call_id);
  if (is_known(key.at)) {
    asked.filter += fmt::format(" and call.start <= {}", format_rfc3339(key.at, 9));
  }
  store::Selection selection;
  selection.columns = call_columns();
  selection.limit = 1;
  auto found = SL_TRY(search.select(view, asked, selection));
  if (!SL_TRY(found->next())) {
    return fail(ErrorCode::NotFound,
                fmt::format("no call with the Call-ID {} is kept{}", key.call_id,
                            is_known(key.at) ? " from before that time" : ""));
  }
  detail.call = read_call(found->rows());
  const model::Call& call = detail.call->call;
  asked.table = store::Table::Records;
  asked.with_copies = true;
  asked.live_calls = nullptr;
  asked.from = call.start + -kAround;
  asked.to = std::min(call.last, call.start + kLongestCall) + kAround;
  asked.scope.clear();  // the call is within it; its messages need not be, one by one
  asked.filter = "record.kind == sip and call_id == " + query::quoted(key.call_id);
  detail.messages =
      SL_TRY(collect(search, view, asked, record_columns(), read_record, kMaxDetailRows + 1));
  detail.is_cut = detail.messages.size() > kMaxDetailRows;
  if (detail.is_cut) detail.messages.pop_back();
  set_copies_apart(detail);
  order_causally(detail.messages);
  // Two rounds: what is tied to the messages, and what that ties to it in turn.
  std::set<std::string> values = {key.call_id}, named = {"call:" + key.call_id};
  collect_ids(detail.messages, values, named);
  for (int round = 0; round < 2; ++round) {
    const size_t known = values.size() + named.size();
    asked.filter = fmt::format(
        "record.kind != sip and (call_id in {0} or hep.correlation_id in {0} or extra_id in {1}) "
        "or method in {{PUBLISH, NOTIFY}} and extra_id in {1}",
        braces(values), braces(named));
    detail.tied =
        SL_TRY(collect(search, view, asked, record_columns(), read_record, kMaxDetailRows));
    collect_ids(detail.tied, values, named);
    if (values.size() + named.size() == known) break;
  }
  return detail;
}

}  // namespace siploom::pipeline

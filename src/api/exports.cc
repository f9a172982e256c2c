// Exports of all that matches a filter, in order of time, written while they are read.
#include <fmt/format.h>

#include <algorithm>
#include <compare>

#include "api/body.h"
#include "api/mask.h"
#include "api/packet_file.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "api/rows.h"
#include "base/text.h"
#include "exporter/json.h"
#include "http/stream.h"
#include "view/message_text.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;
using http::StreamWriter;
using pipeline::StoredRecord;
using store::Table;

namespace {

constexpr size_t kPageRows = 5'000;           // calls read at once
constexpr size_t kIdBytesAtOnce = 48 * 1024;  // of Call-IDs in one filter, which may have 64 KiB
// Read, and put in order, at once: each time whole segments may be gone through.
constexpr size_t kRecordsAtOnce = 50'000;
constexpr uint64_t kBytesAtOnce = uint64_t{64} << 20;
constexpr auto kPagePatience = std::chrono::minutes(5);

enum class Format : uint8_t { Pcap, Pcapng, Text, Jsonl, Csv };
constexpr std::array<std::string_view, 5> kFormats = {"pcap", "pcapng", "text", "jsonl", "csv"};
constexpr std::array<std::string_view, 5> kMediaTypes = {
    "application/vnd.tcpdump.pcap", "application/x-pcapng", "text/plain; charset=utf-8",
    "application/x-ndjson", "text/csv; charset=utf-8"};

// An export under way, on a thread for streams.
class Export final {
 public:
  Export(const Asked& asked, store::Question question, Format format, bool masked, uint64_t most)
      : core_(asked.core),
        caller_(asked.caller),
        view_(asked.view()),
        question_(std::move(question)),
        format_(format),
        masked_(masked),
        most_(most),
        standing_(core_->standings.add(caller_->who, Permission::Export)) {}

  // Finds out what is to be given, and opens the file, if one is needed, while an error can still
  // be told: LimitExceeded when it is more than may be given.
  Result<void> open() {
    if (format_ == Format::Pcap || format_ == Format::Pcapng) {
      packets_ = SL_TRY(PacketFile::open(
          core_->context.spool_folder,
          format_ == Format::Pcap ? capture::FileFormat::Pcap : capture::FileFormat::PcapNg));
    }
    if (question_.table == Table::Records) {
      SL_TRY_VOID(find(question_));
    } else if (gives_calls()) {
      question_.control = patient();
      const auto counted = SL_TRY(search().group(view_, question_, {}));
      for (const store::GroupRow& row : counted.rows) {
        const double count = row.values[0].value_or(0);
        if (count > static_cast<double>(most_)) return too_many(static_cast<uint64_t>(count));
      }
    } else {
      SL_TRY_VOID(find_messages_of_calls());
    }
    std::sort(found_.begin(), found_.end());
    // A Call-ID that came again can have been looked for twice.
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return {};
  }

  bool is_too_large() const { return too_large_; }

  void run(StreamWriter& out) {
    out_ = &out;
    if (format_ == Format::Csv && question_.table == Table::Calls) text_ = exporter::csv_header();
    if (format_ == Format::Csv && question_.table == Table::Records) {
      text_ = "time,src,dst,transport,kind,node,call_id,method,status,summary,payload\n";
    }
    const auto done = gives_calls() ? calls() : records();
    if (!done) core_->doubt(done.error());
    if (done && flush(true)) return;
    out.abort();  // nobody is to take it for whole
    admin::AuditEvent event = admin::audit_event(AuditAction::Export, caller_->who, caller_->from);
    event.object = store::table_name(question_.table);
    event.result = done ? "partial: who asked has gone" : "partial: " + done.error().message;
    static_cast<void>(core_->context.stores.audit.add(std::move(event)));
  }

 private:
  store::Search& search() const { return core_->context.collector.search(); }
  bool gives_calls() const {
    return question_.table == Table::Calls && (format_ == Format::Jsonl || format_ == Format::Csv);
  }
  static store::QueryControl patient() {
    store::QueryControl control;
    control.deadline = std::chrono::steady_clock::now() + kPagePatience;
    return control;
  }
  tl::unexpected<Error> too_many(uint64_t count) {
    too_large_ = true;
    return fail(ErrorCode::LimitExceeded,
                fmt::format("{} {} match, and export.messages_max allows {}: narrow the filter or "
                            "the time range, or have an admin raise it",
                            count, gives_calls() ? "calls" : "messages or more", most_));
  }

  // Adds the records that match to what is to be given.
  Result<void> find(store::Question question) {
    store::Selection selection;
    selection.columns = {"time", "sequence", "size"};
    question.control = patient();
    auto answer = SL_TRY(search().stream(view_, question, selection));
    while (SL_TRY(answer->next())) {
      if (found_.size() >= most_) return too_many(most_ + 1);
      const store::Rows& rows = answer->rows();
      found_.push_back({rows.integer(0), static_cast<uint64_t>(rows.integer(1)),
                        static_cast<uint32_t>(rows.integer(2))});
    }
    return {};
  }

  // Messages of calls that the scope lets through are let through, each.
  Result<void> find_messages_of_calls() {
    constexpr Nanoseconds kAround = 120 * kSecond;
    store::Selection selection;
    selection.columns = {"call_id", "start", "last"};
    question_.control = patient();
    auto answer = SL_TRY(search().stream(view_, question_, selection));
    struct Wanted {
      std::string id;
      Timestamp start, last;
    };
    std::vector<Wanted> calls;
    while (SL_TRY(answer->next())) {
      const store::Rows& rows = answer->rows();
      if (calls.size() >= most_) return too_many(most_ + 1);  // each has a message at least
      calls.push_back({std::string(rows.text(0)), {rows.integer(1)}, {rows.integer(2)}});
    }
    // As segments have them: few parts of each are looked at for neighbours.
    std::sort(calls.begin(), calls.end(),
              [](const Wanted& a, const Wanted& b) { return a.id < b.id; });
    for (size_t at = 0; at < calls.size();) {
      std::string ids;
      store::Question question;
      question.table = Table::Records;
      Timestamp first = calls[at].start, last = calls[at].last;
      for (; at < calls.size() && ids.size() < kIdBytesAtOnce; ++at) {
        const Wanted& call = calls[at];
        const bool again = !ids.empty() && call.id == calls[at - 1].id;
        if (!again) ids += (ids.empty() ? "" : ", ") + query::quoted(call.id);
        first = std::min(first, call.start);
        last = std::max(last, call.last);
      }
      question.filter = fmt::format("record.kind == sip and call_id in {{{}}}", ids);
      question.from = first + -kAround;
      question.to = last + kAround;
      SL_TRY_VOID(find(std::move(question)));
    }
    return {};
  }

  // Calls `take(rows)` with every row, page by page; false: the client has gone.
  template <class Take>
  Result<bool> pages(store::Question question, const std::vector<std::string>& columns,
                     Take&& take) {
    store::Selection selection;
    selection.columns = columns;
    selection.descending = false;
    selection.limit = kPageRows;
    while (true) {
      question.control = patient();
      auto answer = SL_TRY(search().select(view_, question, selection));
      size_t count = 0;
      while (SL_TRY(answer->next())) {
        if (!SL_TRY(take(answer->rows()))) return false;
        if (++count < kPageRows) continue;
        selection.cursor = answer->cursor();
        skip_before(question, selection.cursor);
        break;
      }
      if (count < kPageRows) return true;
    }
  }

  // Rows before the cursor's time need not be looked at again ("tNS <tab> ...").
  static void skip_before(store::Question& question, std::string_view cursor) {
    const auto ns = cursor.starts_with('t')
                        ? parse_number<int64_t>(split_once(cursor.substr(1), '\t').before)
                        : std::optional<int64_t>();
    if (ns) question.from = {*ns};
  }

  Result<void> calls() {
    const auto take = [&](const store::Rows& row) -> Result<bool> {
      return put_call(*pipeline::read_call(row));
    };
    static_cast<void>(SL_TRY(pages(question_, pipeline::call_columns(), take)));
    return {};
  }

  // What was found, in order of time, many at a time.
  Result<void> records() {
    store::Selection selection;
    selection.columns = pipeline::record_columns();
    for (size_t at = 0; at < found_.size();) {
      store::Question question;
      question.table = Table::Records;
      for (uint64_t bytes = 0;
           at < found_.size() && bytes < kBytesAtOnce && question.sequences.size() < kRecordsAtOnce;
           ++at) {
        question.sequences.push_back(found_[at].sequence);
        bytes += found_[at].size;
      }
      std::sort(question.sequences.begin(), question.sequences.end());
      question.control = patient();
      std::vector<StoredRecord> block;
      auto answer = SL_TRY(search().stream(view_, question, selection));
      while (SL_TRY(answer->next())) block.push_back(pipeline::read_record(answer->rows()));
      std::sort(block.begin(), block.end(), [](const StoredRecord& a, const StoredRecord& b) {
        return std::pair(a.time, a.sequence) < std::pair(b.time, b.sequence);
      });
      for (StoredRecord& record : block) {
        SL_TRY_VOID(check_standing());
        if (masked_) mask_secrets(record.payload);
        SL_TRY_VOID(put(record));
        if (!flush(false)) return fail(ErrorCode::Io, "who asked has gone");
      }
    }
    return {};
  }

  // What is cut off for it ends as any other export that failed: the connection is cut.
  Result<void> check_standing() const {
    if (!standing_->is_over()) return {};
    return fail(ErrorCode::InvalidArgument, "who asked may no longer have it");
  }

  Result<bool> put_call(const pipeline::StoredCall& call) {
    SL_TRY_VOID(check_standing());
    if (format_ == Format::Csv) {
      exporter::append_csv(text_, call.call);
    } else {
      JsonWriter json(text_);
      write_stored_call(json, call);
      text_ += '\n';
    }
    return flush(false);
  }

  Result<void> put(const StoredRecord& record) {
    switch (format_) {
      case Format::Pcap:
      case Format::Pcapng:
        ++waiting_;
        return packets_->add(record);
      case Format::Text: {
        text_ += view::message_head(
            {record.time, record.src, record.dst, record.transport, record.status}, false);
        text_ += view::message_body(record.payload, record.status, false);
        text_ += '\n';
        break;
      }
      case Format::Jsonl: {
        JsonWriter json(text_);
        pipeline::write_record(json, record);
        text_ += '\n';
        break;
      }
      case Format::Csv:
        exporter::append_csv_row(
            text_,
            {format_rfc3339(record.time), format_endpoint(record.src), format_endpoint(record.dst),
             std::string(transport_name(record.transport)),
             std::string(model::record_kind_name(record.kind)), record.node, record.primary_id,
             record.event, record.status == 0 ? "" : std::to_string(record.status), record.summary,
             record.payload});
        break;
    }
    return {};
  }

  // False: the client has gone, or the file failed.
  bool flush(bool all) {
    constexpr size_t kFlushBytes = 64 * 1024, kFlushPackets = 256;
    if (packets_ != nullptr && (all || waiting_ >= kFlushPackets)) {
      waiting_ = 0;
      const auto bytes = packets_->take();
      return bytes && out_->write(*bytes);
    }
    if (text_.empty() || (!all && text_.size() < kFlushBytes)) return out_->is_open();
    const bool written = out_->write(text_);
    text_.clear();
    return written;
  }

  std::shared_ptr<Core> core_;
  std::shared_ptr<Caller> caller_;
  store::View view_;
  store::Question question_;
  Format format_;
  bool masked_;
  bool too_large_ = false;
  const uint64_t most_;  // rows that may be given
  struct Found {         // a record that is to be given
    int64_t time = 0;
    uint64_t sequence = 0;
    uint32_t size = 0;
    auto operator<=>(const Found&) const = default;
  };
  std::vector<Found> found_;
  std::shared_ptr<Standing> standing_;
  std::unique_ptr<PacketFile> packets_;
  size_t waiting_ = 0;  // packets that were not given yet
  std::string text_;
  StreamWriter* out_ = nullptr;
};

Result<Response> export_all(Asked& asked) {
  if (!asked.may(Permission::PayloadRead)) {
    return forbidden("It takes the permission payload.read; ask an admin for it.");
  }
  const Body body = SL_TRY(Body::read(asked.request, "filter table from to format"));
  const std::string format = SL_TRY(body.text_or("format", "pcap"));
  const auto known = std::find(kFormats.begin(), kFormats.end(), format);
  if (known == kFormats.end()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("\"format\" has to be one of {}", fmt::join(kFormats, ", ")));
  }
  const std::string table = SL_TRY(body.text_or("table", "calls"));
  if (table != "calls" && table != "records") {
    return fail(ErrorCode::InvalidArgument, "\"table\" has to be calls or records");
  }
  const auto index = static_cast<size_t>(known - kFormats.begin());
  store::Question question;
  question.table = table == "calls" ? Table::Calls : Table::Records;
  question.filter = SL_TRY(body.text_or("filter", ""));
  if (auto compiled = query::Filter::compile(
          question.filter, table == "calls" ? registry::Scope::Call : registry::Scope::Message);
      !compiled) {
    return problem_of(compiled.error(), question.filter);
  }
  question.scope = asked.who().scope;
  question.masked = masks(asked);
  question.from = SL_TRY(body.time("from", asked.now()));
  question.to = SL_TRY(body.time("to", asked.now()));
  asked.add_live_calls(question);
  const auto most = static_cast<uint64_t>(
      asked.stores().settings.snapshot()->number(registry::SettingId::ExportMessagesMax));
  const std::string detail = detail_json({{"filter", question.filter}, {"format", format}});
  auto work =
      std::make_shared<Export>(asked, question, static_cast<Format>(index), masks(asked), most);
  if (auto opened = work->open(); !opened) {
    asked.audit(AuditAction::Export, table, detail, "refused");
    if (!work->is_too_large()) {
      return problem_of(opened.error(), question.filter);
    }
    return Response::problem(413, "too-large", "That is more than can be exported at once",
                             opened.error().message);
  }
  asked.audit(AuditAction::Export, table, detail);
  return Response::stream(kMediaTypes[index], [work](StreamWriter& out) { work->run(out); })
      .header("Content-Disposition",
              attachment(fmt::format("siploom-{}.{}", table, format == "text" ? "txt" : format)));
}

}  // namespace

void add_exports(Routes& routes) {
  RouteInfo info{"export",
                 "All that matches, in order of time, as pcap, pcapng, text, jsonl or csv; "
                 "packets have made-up link and IP headers. More than export.messages_max is "
                 "refused (413); what fails later cuts the connection",
                 Access::Allowed, Permission::Export};
  info.body = "ExportRequest";
  info.response = "application/octet-stream";
  info.searches = true;
  routes.post("/export", export_all, info);
}

}  // namespace siploom::api

// Exports of all that matches a filter, in order of time, written while they are read.
#include <fmt/format.h>

#include <algorithm>

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

constexpr size_t kPageRows = 5'000;   // read at once
constexpr size_t kCallsAtOnce = 500;  // whose messages are read at once
constexpr auto kPagePatience = std::chrono::minutes(5);

enum class Format : uint8_t { Pcap, Pcapng, Text, Jsonl, Csv };
constexpr std::array<std::string_view, 5> kFormats = {"pcap", "pcapng", "text", "jsonl", "csv"};
constexpr std::array<std::string_view, 5> kTypes = {
    "application/vnd.tcpdump.pcap", "application/x-pcapng", "text/plain; charset=utf-8",
    "application/x-ndjson", "text/csv; charset=utf-8"};

// An export under way, on a thread for streams.
class Export final {
 public:
  Export(std::shared_ptr<Core> core, std::shared_ptr<Caller> caller, store::Question question,
         Format format, bool masked, uint64_t most)
      : core_(std::move(core)),
        caller_(std::move(caller)),
        question_(std::move(question)),
        format_(format),
        masked_(masked),
        left_(most),
        standing_(core_->standings.add(caller_->who, Permission::Export)) {}

  // Opens the file, if one is needed, while an error can still be told.
  Result<void> open() {
    view_ = core_->context.collector.store().view();
    if (format_ != Format::Pcap && format_ != Format::Pcapng) return {};
    packets_ = SL_TRY(PacketFile::open(
        core_->context.spool_folder,
        format_ == Format::Pcap ? capture::FileFormat::Pcap : capture::FileFormat::PcapNg));
    return {};
  }

  void run(StreamWriter& out) {
    out_ = &out;
    if (format_ == Format::Csv && question_.table == Table::Calls) text_ = exporter::csv_header();
    if (format_ == Format::Csv && question_.table == Table::Records) {
      text_ = "time,src,dst,transport,kind,node,call_id,method,status,summary,payload\n";
    }
    const bool rows =
        question_.table == Table::Calls && (format_ == Format::Jsonl || format_ == Format::Csv);
    const auto done = rows || question_.table == Table::Calls ? calls(rows) : records(question_);
    if (!done || !flush(true)) out.abort();
  }

 private:
  store::Search& search() const { return core_->context.collector.search(); }

  // Calls `take(rows)` with every row, page by page; false: the client has gone.
  template <class Take>
  Result<bool> pages(store::Question question, const std::vector<std::string>& columns,
                     Take&& take) {
    store::Selection selection;
    selection.columns = columns;
    selection.descending = false;
    selection.limit = kPageRows;
    while (true) {
      question.control = {};
      question.control.deadline = std::chrono::steady_clock::now() + kPagePatience;
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

  Result<void> calls(bool rows) {
    std::vector<std::string> ids;
    Timestamp first = kNoTime, last = kNoTime;
    const auto take = [&](const store::Rows& row) -> Result<bool> {
      const auto call = pipeline::read_call(row);
      if (rows) return put_call(*call);
      ids.push_back(query::quoted(model::call_id(call->call)));
      first = is_known(first) ? std::min(first, call->call.start) : call->call.start;
      last = is_known(last) ? std::max(last, call->call.last) : call->call.last;
      if (ids.size() < kCallsAtOnce) return true;
      return messages_of(ids, first, last);
    };
    const bool whole = SL_TRY(pages(question_, pipeline::call_columns(), take));
    if (whole && !ids.empty()) static_cast<void>(SL_TRY(messages_of(ids, first, last)));
    return {};
  }

  // Messages of calls that the scope lets through are let through, each.
  Result<bool> messages_of(std::vector<std::string>& ids, Timestamp& first, Timestamp& last) {
    constexpr Nanoseconds kAround = 120 * kSecond;
    store::Question question;
    question.table = Table::Records;
    question.filter = fmt::format("record.kind == sip and call_id in {{{}}}", fmt::join(ids, ", "));
    question.from = first + -kAround;
    question.to = last + kAround;
    ids.clear();
    first = last = kNoTime;
    if (auto done = records(question); !done) return tl::unexpected<Error>(done.error());
    return out_->is_open() && left_ != 0;
  }

  Result<void> records(const store::Question& question) {
    const auto take = [&](const store::Rows& row) -> Result<bool> {
      SL_TRY_VOID(check_standing());
      if (left_ == 0) return false;
      --left_;
      StoredRecord record = pipeline::read_record(row);
      if (masked_) mask_secrets(record.payload);
      SL_TRY_VOID(put(record));
      return flush(false);
    };
    static_cast<void>(SL_TRY(pages(question, pipeline::record_columns(), take)));
    return {};
  }

  // What is cut off for it ends as any other export that failed: the connection is cut.
  Result<void> check_standing() const {
    if (!standing_->is_over()) return {};
    return fail(ErrorCode::InvalidArgument, "who asked may no longer have it");
  }

  Result<bool> put_call(const pipeline::StoredCall& call) {
    SL_TRY_VOID(check_standing());
    if (left_ == 0) return false;
    --left_;
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
  store::Question question_;
  Format format_;
  bool masked_;
  uint64_t left_;  // rows that may still be given
  std::shared_ptr<Standing> standing_;
  store::View view_;
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
  question.from = SL_TRY(body.time("from", asked.now()));
  question.to = SL_TRY(body.time("to", asked.now()));
  question.live_calls = asked.collector().keeper().live_calls();
  const auto most = static_cast<uint64_t>(
      asked.stores().settings.snapshot()->number(registry::SettingId::ExportMessagesMax));
  asked.audit(AuditAction::Export, table,
              detail_json({{"filter", question.filter}, {"format", format}}));
  auto work = std::make_shared<Export>(asked.core, asked.caller, question,
                                       static_cast<Format>(index), masks(asked), most);
  SL_TRY_VOID(work->open());
  return Response::stream(kTypes[index], [work](StreamWriter& out) { work->run(out); })
      .header("Content-Disposition",
              attachment(fmt::format("siploom-{}.{}", table, format == "text" ? "txt" : format)));
}

}  // namespace

void add_exports(Routes& routes) {
  RouteInfo info{"export",
                 "All that matches, in order of time, as pcap, pcapng, text, jsonl or csv; "
                 "packets have made-up link and IP headers",
                 Access::Allowed, Permission::Export};
  info.body = "ExportRequest";
  info.response = "application/octet-stream";
  info.searches = true;
  routes.post("/export", export_all, info);
}

}  // namespace siploom::api

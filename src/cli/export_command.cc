// siploom export: matching messages, or whole calls, to a file.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/capture_sink.h"
#include "cli/chosen_calls.h"
#include "cli/commands.h"
#include "cli/message_output.h"
#include "cli/output.h"
#include "exporter/json.h"
#include "pipeline/match_consumer.h"

namespace siploom::cli {

namespace {

std::string format_of(const ExportOptions& options) {
  if (!options.format.empty()) return options.format;
  const std::string& path = options.output;
  if (path.ends_with(".pcapng")) return "pcapng";
  if (path.ends_with(".txt")) return "text";
  if (path.ends_with(".json") || path.ends_with(".jsonl")) return "jsonl";
  if (path.ends_with(".csv")) return "csv";
  return "pcap";
}

bool is_capture(const std::string& format) { return format == "pcap" || format == "pcapng"; }

// Text formats go through standard output; a named file takes its place.
Result<void> redirect(const std::string& path) {
  if (path == "-") return {};
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ::dup2(fd, STDOUT_FILENO) < 0) {
    return fail(ErrorCode::Io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  ::close(fd);
  return {};
}

std::unique_ptr<CaptureSink> make_sink(const ExportOptions& options, const std::string& format) {
  CaptureSinkOptions sink;
  sink.path = options.output;
  sink.format = format;
  return std::make_unique<CaptureSink>(sink);
}

Result<size_t> export_messages(Input& input, Options& options, const std::string& format,
                               const query::Filter* filter, const HashSet* call_ids) {
  if (format == "csv") {
    return fail(ErrorCode::InvalidArgument,
                "CSV has a row a call: add --calls, or use --format jsonl");
  }
  pipeline::MatchOptions match;
  match.filter = filter;
  match.call_ids = call_ids;
  std::unique_ptr<CaptureSink> sink;
  if (is_capture(format)) {
    sink = make_sink(options.export_, format);
    SL_TRY_VOID(sink->check());
  } else {
    SL_TRY_VOID(redirect(options.export_.output));
  }
  options.output.json = format == "jsonl";
  options.output.color = ColorMode::Never;
  Output out(options.output);
  MessagePrinter printer(options, out);
  std::optional<Error> error;
  pipeline::MatchConsumer consumer(
      match, [&](const pipeline::Message& message, const sip::MessageView& view,
                 const pipeline::Chunk& chunk, bool) {
        if (sink == nullptr) {
          printer.print(message.record, view, true);
          return !out.is_broken();
        }
        if (auto written = sink->write(message.record, chunk); !written) error = written.error();
        return !error.has_value();
      });
  consumer.before_chunk = [&](const pipeline::Chunk& chunk) {
    if (sink != nullptr) sink->before_chunk(chunk);
  };
  SL_TRY(input.run(consumer));
  if (error) return tl::unexpected<Error>(*error);
  if (sink != nullptr) SL_TRY_VOID(sink->finish());
  return static_cast<size_t>(consumer.matches());
}

// Whole calls: their rows, or all their packets in the order of capture.
Result<size_t> export_calls(Input& input, Options& options, const std::string& format,
                            const query::Filter* filter) {
  if (is_capture(format) || format == "text") SL_TRY_VOID(input.make_rereadable());
  const ChosenCalls chosen = SL_TRY(choose_calls(input, filter));
  if (format == "text") {
    const HashSet wanted = call_id_hashes(chosen.calls);
    SL_TRY(export_messages(input, options, format, nullptr, &wanted));
    return chosen.calls.size();
  }
  if (!is_capture(format)) {
    SL_TRY_VOID(redirect(options.export_.output));
    Output out(options.output);
    if (format == "csv") out.write(exporter::csv_header());
    for (const model::Call* call : chosen.calls) {
      if (format == "csv") {
        exporter::append_csv(out.buffer(), *call);
      } else {
        JsonWriter json(out.buffer());
        exporter::write_call(json, *call);
        out.buffer() += '\n';
      }
      out.write("");
    }
    return chosen.calls.size();
  }
  const auto sink = make_sink(options.export_, format);
  SL_TRY_VOID(sink->check());
  if (chosen.calls.empty()) {
    SL_TRY_VOID(sink->finish());
    return size_t{0};
  }
  auto frames = SL_TRY(frames_of(input, chosen.calls));
  pipeline::MediaMap media;
  for (uint32_t i = 0; i < chosen.calls.size() && !options.export_.no_rtp; ++i)
    media.add(i, *chosen.calls[i]);
  // A frame that carried messages of two calls is written once.
  for (pipeline::CallFrame& frame : frames) frame.call = 0;
  frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
  const auto source = SL_TRY(input.open());
  SL_TRY_VOID(pipeline::walk_call_frames(
      *source, frames, options.export_.no_rtp ? nullptr : &media,
      [&](uint32_t, const capture::Frame& frame) { return sink->write_frame(frame); }));
  SL_TRY_VOID(sink->finish());
  return chosen.calls.size();
}

}  // namespace

int export_command(Options& options) {
  if (auto words = resolve_words(options.input, false); !words) return fail_with(words.error());
  const bool calls = options.export_.whole_calls;
  auto filter = compile_filter(options.input.filter,
                               calls ? registry::Scope::Call : registry::Scope::Message);
  if (!filter) return fail_with(filter.error());
  if (!calls && *filter && (**filter).asks_calls()) {
    return fail_with(
        {ErrorCode::InvalidArgument, "a filter over calls chooses whole calls: add --calls"});
  }
  if (options.output.json && options.export_.format.empty()) options.export_.format = "jsonl";
  const std::string format = format_of(options.export_);
  if (options.export_.output == "-" && is_capture(format) && isatty(STDOUT_FILENO) != 0) {
    return fail_with(
        {ErrorCode::InvalidArgument,
         "packets are not for a terminal: name a file with -o, or choose --format text"});
  }
  Input input(options.input, options.output);
  input.will_write_files();
  if (auto good = input.check_output(options.export_.output); !good) return fail_with(good.error());
  const query::Filter* chosen = *filter ? &**filter : nullptr;
  auto written = calls ? export_calls(input, options, format, chosen)
                       : export_messages(input, options, format, chosen, nullptr);
  input.report();
  if (!written) return fail_with(written.error());
  return *written != 0 ? 0 : 1;
}

}  // namespace siploom::cli

// siploom grep: messages that match, as text, lines or JSON; their packets to a file.
#include <fmt/format.h>

#include "cli/capture_sink.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/message_output.h"
#include "cli/output.h"
#include "pipeline/match_consumer.h"

namespace siploom::cli {

namespace {

// What one run of grep does with each message that it is given.
class Grep {
 public:
  Grep(const Options& options, Output& out)
      : options_(options.grep), out_(out), printer_(options, out) {}

  Result<void> open_sink() {
    if (options_.output.empty()) return {};
    CaptureSinkOptions sink;
    sink.path = options_.output;
    sink.split_size = options_.split_size;
    sink.split_every = options_.split_every;
    sink_ = std::make_unique<CaptureSink>(sink);
    return sink_->check();
  }
  bool take(const pipeline::Message& message, const sip::MessageView& view,
            const pipeline::Chunk& chunk, bool matched) {
    const Timestamp time = message.record.time;
    if (!is_known(first_)) first_ = time;
    if (options_.stop_after != 0 && time - first_ >= options_.stop_after) return false;
    if (matched) ++matches_;
    if (!options_.count && !options_.quiet) printer_.print(message.record, view, matched);
    if (sink_ != nullptr) {
      if (auto written = sink_->write(message.record, chunk); !written) {
        error_ = written.error();
        return false;
      }
      if (options_.stop_size != 0 && sink_->bytes_written() >= options_.stop_size) return false;
    }
    if (out_.is_broken()) return false;
    return options_.max_matches == 0 || matches_ < options_.max_matches;
  }
  void before_chunk(const pipeline::Chunk& chunk) {
    if (sink_ != nullptr) sink_->before_chunk(chunk);
  }
  Result<void> finish() {
    if (error_) return tl::unexpected<Error>(*error_);
    if (options_.count) out_.write(fmt::format("{}\n", matches_));
    if (sink_ != nullptr) return sink_->finish();
    return {};
  }
  uint64_t matches() const { return matches_; }

 private:
  const GrepOptions& options_;
  Output& out_;
  MessagePrinter printer_;
  std::unique_ptr<CaptureSink> sink_;
  std::optional<Error> error_;
  Timestamp first_ = kNoTime;
  uint64_t matches_ = 0;
};

// Call-IDs of the messages that match, for a second reading that gives their whole dialogs.
Result<HashSet> matching_call_ids(Input& input, const pipeline::MatchOptions& match) {
  HashSet found;
  pipeline::MatchOptions options = match;
  options.dialogs = true;  // asks for the facts; the dialogs themselves are not looked at here
  pipeline::MatchConsumer consumer(
      options, [&](const auto& message, const auto&, const auto&, bool matched) {
        if (matched && !message.facts.call_id.empty()) found.insert(message.facts.call_hash);
        return true;
      });
  SL_TRY(input.run(consumer));
  return found;
}

}  // namespace

int grep_command(Options& options) {
  if (auto words = resolve_words(options.input, true); !words) return fail_with(words.error());
  auto filter = compile_filter(options.input.filter, registry::Scope::Message);
  if (!filter) return fail_with(filter.error());
  if (*filter && (**filter).asks_calls()) {
    return fail_with({ErrorCode::InvalidArgument,
                      "grep looks at messages one by one; to choose by what became of the call use "
                      "`siploom export --calls` or `siploom calls`"});
  }
  Output out(options.output);
  Input input(options.input, options.output);
  if (!options.grep.output.empty()) {
    input.will_write_files();
    if (auto good = input.check_output(options.grep.output); !good) return fail_with(good.error());
  }
  pipeline::MatchOptions match;
  match.filter = *filter ? &**filter : nullptr;
  match.invert = options.grep.invert;
  match.context_after = options.grep.after;

  // Whole dialogs need two readings; of a stream, that cannot be read again, they begin with the
  // first match.
  HashSet call_ids;
  if (options.grep.dialog && !input.is_stream()) {
    auto found = matching_call_ids(input, match);
    if (!found) return fail_with(found.error());
    call_ids = std::move(*found);
    match.filter = nullptr;
    match.invert = false;
    match.call_ids = &call_ids;
  } else if (options.grep.dialog) {
    match.dialogs = true;
  }

  Grep grep(options, out);
  if (auto sink = grep.open_sink(); !sink) return fail_with(sink.error());
  pipeline::MatchConsumer consumer(
      match, [&](const pipeline::Message& message, const sip::MessageView& view,
                 const pipeline::Chunk& chunk,
                 bool matched) { return grep.take(message, view, chunk, matched); });
  consumer.before_chunk = [&](const pipeline::Chunk& chunk) { grep.before_chunk(chunk); };
  const bool stream = input.is_stream();
  consumer.on_chunk = [&] {
    if (stream) out.flush();
  };
  auto result = input.run(consumer);
  auto finished = grep.finish();
  out.flush();
  input.report();
  if (!result) return fail_with(result.error());
  if (!finished) return fail_with(finished.error());
  return grep.matches() != 0 ? 0 : 1;
}

}  // namespace siploom::cli

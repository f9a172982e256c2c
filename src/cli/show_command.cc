// siploom show: one call as a ladder.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/hash.h"
#include "base/text.h"
#include "cli/chosen_calls.h"
#include "cli/commands.h"
#include "cli/message_output.h"
#include "cli/output.h"
#include "exporter/json.h"
#include "pipeline/call_subject.h"
#include "pipeline/match_consumer.h"
#include "pipeline/message_row.h"
#include "view/call_view.h"
#include "view/ladder.h"
#include "view/message_text.h"

namespace siploom::cli {

namespace {

// The first word names the call; the rest are files.
Result<void> take_call_word(Options& options) {
  std::vector<std::string>& words = options.input.words;
  if (!options.input.filter.empty()) return resolve_words(options.input, false);
  if (words.empty()) {
    return fail(ErrorCode::InvalidArgument,
                "which call? Give its number in `siploom calls`, its Call-ID or a filter");
  }
  std::error_code ignored;
  if (words.size() == 1 && options.input.interface.empty() &&
      std::filesystem::is_regular_file(words.front(), ignored)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("which call of {0}? siploom show 1 {0}; `siploom calls` lists them",
                            words.front()));
  }
  options.show.call = words.front();
  words.erase(words.begin());
  const std::string kept = options.input.filter;
  options.input.filter = "-";  // what is left are files only
  auto result = resolve_words(options.input, false);
  options.input.filter = kept;
  return result;
}

struct Wanted {
  ChosenCalls chosen;
  const model::Call* call = nullptr;
  size_t matching = 0;
};

Result<Wanted> find_call(Input& input, const Options& options) {
  Wanted out;
  const std::string& word = options.show.call;
  if (const auto number = parse_number<size_t>(word); number && !word.empty()) {
    out.chosen = SL_TRY(choose_calls(input, nullptr));
    if (*number >= 1 && *number <= out.chosen.calls.size())
      out.call = out.chosen.calls[*number - 1];
    out.matching = out.call != nullptr ? 1 : 0;
    return out;
  }
  if (word.empty() || word.find_first_of(" =~<>(\"'") != std::string::npos) {
    const std::string& text = word.empty() ? options.input.filter : word;
    const auto filter = SL_TRY(compile_filter(text, registry::Scope::Call));
    out.chosen = SL_TRY(choose_calls(input, filter ? &*filter : nullptr));
    out.matching = out.chosen.calls.size();
    if (out.matching != 0) out.call = out.chosen.calls.front();
    return out;
  }
  out.chosen = SL_TRY(choose_calls(input, nullptr));
  // The whole Call-ID, or a part that only one call has.
  for (const bool whole : {true, false}) {
    for (const model::Call* call : out.chosen.calls) {
      const std::string_view id = model::call_id(*call);
      if (whole ? id != word : id.find(word) == std::string_view::npos) continue;
      if (out.call == nullptr) out.call = call;
      ++out.matching;
    }
    if (out.call != nullptr) break;
  }
  return out;
}

Result<std::vector<model::Message>> messages_of(Input& input, const model::Call& call) {
  const HashSet ids = call_id_hashes({&call});
  pipeline::MatchOptions match;
  match.call_ids = &ids;
  std::vector<model::Message> rows;
  const auto session = std::make_unique<sdp::Session>();
  constexpr size_t kMost = 100'000;
  pipeline::MatchConsumer consumer(match, [&](const pipeline::Message& message,
                                              const sip::MessageView& view, const auto&, bool) {
    rows.push_back(pipeline::make_row(message.record, view, *session));
    return rows.size() < kMost;
  });
  SL_TRY(input.run(consumer));
  return rows;
}

Result<std::map<std::string, std::string>> read_aliases(const std::vector<std::string>& words) {
  std::map<std::string, std::string> out;
  for (const std::string& word : words) {
    const Halves halves = split_once(word, '=');
    const auto endpoint = parse_endpoint(halves.before);
    if (!halves.found || !endpoint) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("--alias '{}': write it like 10.0.0.1=proxy", word));
    }
    out[endpoint->port == 0 ? format_ip(endpoint->address) : format_endpoint(*endpoint)] =
        halves.after;
  }
  return out;
}

void write_call_json(Output& out, const model::Call& call,
                     const std::vector<model::Message>& rows) {
  JsonWriter json(out.buffer());
  exporter::write_call(json, call);
  out.write("\n");
  for (const model::Message& m : rows) {
    exporter::MessageRow row;
    row.time = m.time;
    row.src = m.src;
    row.dst = m.dst;
    row.transport = m.transport;
    row.status = m.status;
    row.cseq = m.cseq;
    row.has_cseq = !m.cseq_method.empty();
    row.method = m.method;
    row.reason = m.reason;
    row.call_id = m.call_id;
    row.cseq_method = m.cseq_method;
    row.from_tag = m.from_tag;
    row.to_tag = m.to_tag;
    row.branch = m.branch;
    row.raw = m.raw;
    row.frame = m.frame;
    JsonWriter line(out.buffer());
    exporter::write_message(line, row);
    out.write("\n");
  }
}

void write_call_text(Output& out, const Options& options, const model::Call& call,
                     const std::vector<model::Message>& rows,
                     std::map<std::string, std::string> aliases) {
  const ShowOptions& show = options.show;
  if (show.raw) {
    for (const model::Message& m : rows) out.write(m.raw);
    return;
  }
  const auto line = [&](std::string_view text) {
    out.write((out.width() == 0 ? std::string(text) : fit_width(text, out.width())) + "\n");
  };
  line(fmt::format("Call-ID {}", view::safe(model::call_id(call))));
  line(fmt::format("{} -> {}, {} {} UTC", view::party_text(call.from), view::party_text(call.to),
                   format_rfc3339(call.start, 0).substr(0, 10), format_clock(call.start, 3)));
  out.write(view::paint(view::role_of_state(call.state),
                        view::wrap(view::summarize(call), out.width()), out.color()) +
            "\n\n");
  view::LadderOptions ladder;
  ladder.width = out.width();
  ladder.color = out.color();
  ladder.ascii = options.output.ascii;
  ladder.by_ip = show.by_ip;
  ladder.unfold = show.unfold;
  ladder.relative = show.relative;
  ladder.aliases = std::move(aliases);
  out.write(view::ladder(rows, ladder));
  if (!show.messages) return;
  for (const model::Message& m : rows) {
    out.write("\n" +
              view::message_head({m.time, m.src, m.dst, m.transport, m.status}, out.color()));
    out.write(view::message_body(m.raw, m.status, out.color()));
    for (const std::string& defect : m.defects) {
      out.write(view::paint(view::Role::Warning, "! " + view::safe(defect), out.color()) + "\n");
    }
  }
}

}  // namespace

int show_command(Options& options) {
  if (auto words = take_call_word(options); !words) return fail_with(words.error());
  auto aliases = read_aliases(options.show.aliases);
  if (!aliases) return fail_with(aliases.error());
  Output out(options.output);
  Input input(options.input, options.output);
  if (auto ready = input.make_rereadable(); !ready) return fail_with(ready.error());
  auto wanted = find_call(input, options);
  if (!wanted) return fail_with(wanted.error());
  if (wanted->call == nullptr) {
    input.report();
    complain(fmt::format("no call '{}' in {} calls; `siploom calls` lists them",
                         view::safe(options.show.call), wanted->chosen.consumer->calls().size()));
    return 1;
  }
  auto rows = messages_of(input, *wanted->call);
  input.report();
  if (!rows) return fail_with(rows.error());
  if (options.output.json) {
    write_call_json(out, *wanted->call, *rows);
  } else {
    write_call_text(out, options, *wanted->call, *rows, std::move(*aliases));
  }
  out.flush();
  if (wanted->matching > 1) {
    complain(fmt::format("{} calls match; this is the first of them", wanted->matching));
  }
  return 0;
}

}  // namespace siploom::cli

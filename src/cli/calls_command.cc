// siploom calls: the list; of input that has no end, each call once it is over.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/call_writer.h"
#include "cli/chosen_calls.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "pipeline/call_subject.h"

namespace siploom::cli {

namespace {

using Rows = std::vector<CallRow>;

// How long a live call that is over is kept in case its Call-ID is used again.
constexpr Nanoseconds kForgetLive = 600 * kSecond;

// First value of a field, as something to sort by: numbers before texts.
struct SortKey {
  double number = std::nan("");
  std::string text;
};

SortKey sort_key(const model::Call& call, const registry::FieldInfo& field) {
  SortKey key;
  const auto take = [&](const query::Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) key.text = *text;
    if (const auto* number = std::get_if<double>(&value)) key.number = *number;
    if (const auto* duration = std::get_if<query::Duration>(&value))
      key.number = static_cast<double>(duration->ns);
    if (const auto* time = std::get_if<Timestamp>(&value))
      key.number = static_cast<double>(time->ns);
    if (const auto* flag = std::get_if<bool>(&value)) key.number = *flag ? 1 : 0;
    if (const auto* endpoint = std::get_if<Endpoint>(&value)) {
      key.text.assign(endpoint->address.octets.begin(), endpoint->address.octets.end());
      key.text += fmt::format("{:05}", endpoint->port);
    }
    return false;
  };
  pipeline::CallSubject(call).values(field.id, take);
  return key;
}

// What is not known sorts last, whichever the direction.
int compare(const SortKey& a, const SortKey& b, bool descending) {
  const bool a_missing = std::isnan(a.number) && a.text.empty(),
             b_missing = std::isnan(b.number) && b.text.empty();
  if (a_missing || b_missing) return int{a_missing} - int{b_missing};
  const int order =
      std::isnan(a.number) ? a.text.compare(b.text) : (a.number > b.number) - (a.number < b.number);
  return descending ? -order : order;
}

Result<void> sort_rows(Rows& rows, const std::string& sort) {
  if (sort.empty()) return {};
  const bool descending = sort.front() == '-';
  const std::string name = descending ? sort.substr(1) : sort;
  const registry::FieldInfo* field = SL_TRY(call_field(name));
  std::vector<std::pair<SortKey, CallRow>> keyed;
  for (const CallRow& row : rows) keyed.emplace_back(sort_key(*row.call, *field), row);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return compare(a.first, b.first, descending) < 0;
  });
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = keyed[i].second;
  return {};
}

// A finished capture: everything is read, then listed.
Result<size_t> list_all(Options& options, Output& out, Input& input, const query::Filter* filter) {
  auto chosen = choose_calls(input, filter);
  input.report();
  if (!chosen) return tl::unexpected<Error>(chosen.error());
  Rows rows;
  for (size_t i = 0; i < chosen->calls.size(); ++i)
    rows.push_back({chosen->calls[i], chosen->numbers[i]});
  SL_TRY_VOID(sort_rows(rows, options.calls.sort));
  const size_t limit = options.calls.limit;
  if (limit != 0 && rows.size() > limit) rows.resize(limit);
  CallWriter writer = SL_TRY(CallWriter::make(options, out));
  writer.add_all(rows, input.threads());
  writer.finish();
  if (const uint64_t lost = chosen->consumer->without_call_id(); lost != 0) {
    complain(
        fmt::format("{} messages have no Call-ID and belong to no call; was the capture cut "
                    "(snaplen)?",
                    lost));
  }
  const uint64_t evicted = chosen->consumer->evicted();
  // Freeing millions of pieces one by one just before the end is work for nobody.
  static pipeline::CallConsumer* kept_until_exit = nullptr;
  kept_until_exit = chosen->consumer.release();
  static_cast<void>(kept_until_exit);
  if (evicted != 0) {
    complain(fmt::format("--memory was too small: {} times a call had to go and is not listed",
                         evicted));
  }
  return writer.row_count();
}

// A pipe or an interface: each call is listed when it is over, the others when the input ends.
Result<size_t> list_as_they_end(Options& options, Output& out, Input& input,
                                const query::Filter* filter) {
  CallWriter writer = SL_TRY(CallWriter::make(options, out));
  size_t number = 0;
  pipeline::CallConsumerOptions consume;
  consume.weave.budget_bytes = options.input.memory_bytes;
  if (input.is_live()) consume.weave.forget_after = kForgetLive;
  consume.filter = filter;
  consume.watch = [&](const model::Call& call) {
    ++number;
    if (filter == nullptr || filter->matches(pipeline::CallSubject(call)))
      writer.add({&call, number});
    const size_t limit = options.calls.limit;
    return (limit == 0 || writer.row_count() < limit) && !out.is_broken();
  };
  pipeline::CallConsumer consumer(consume);
  auto result = input.run(consumer);
  input.report();
  consumer.finish(result ? result->counters.last : kNoTime);
  writer.finish();
  if (!result) return tl::unexpected<Error>(result.error());
  return writer.row_count();
}

}  // namespace

int calls_command(Options& options) {
  if (auto words = resolve_words(options.input, false); !words) return fail_with(words.error());
  auto filter = compile_filter(options.input.filter, registry::Scope::Call);
  if (!filter) return fail_with(filter.error());
  Output out(options.output);
  Input input(options.input, options.output);
  const query::Filter* chosen = *filter ? &**filter : nullptr;
  const bool as_they_end = input.is_stream() && options.calls.sort.empty();
  auto count = as_they_end ? list_as_they_end(options, out, input, chosen)
                           : list_all(options, out, input, chosen);
  if (!count) return fail_with(count.error());
  return *count == 0 ? 1 : 0;
}

}  // namespace siploom::cli

#include "store/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "store/check.h"
#include "store/files.h"

namespace siploom::store {

namespace fs = std::filesystem;

namespace {

// Whatever they are made of, so few rows are merged in less than a second.
constexpr uint64_t kCheapRows = 131'072;
constexpr size_t kMaxWithout = 100'000;
constexpr size_t kMaxNamed = 3;

uint64_t rows_of(const std::vector<const Segment*>& segments) {
  uint64_t sum = 0;
  for (const Segment* segment : segments) sum += segment->rows;
  return sum;
}

uint64_t largest_of(const std::vector<const Segment*>& segments) {
  uint64_t most = 0;
  for (const Segment* segment : segments) most = std::max(most, segment->rows);
  return most;
}

// A run of neighbours that begins at `from` and stays within every limit.
std::vector<const Segment*> window(const std::vector<const Segment*>& list, size_t from,
                                   const MergePolicy& policy) {
  std::vector<const Segment*> out;
  uint64_t rows = 0, bytes = 0;
  Timestamp last = kNoTime;
  for (size_t i = from; i < list.size() && out.size() < policy.max_inputs; ++i) {
    const Segment& next = *list[i];
    last = std::max(last, next.received_last);
    rows += next.rows;
    bytes += next.bytes;
    if (rows > policy.max_rows || bytes > policy.max_bytes) break;
    if (is_known(last) && is_known(list[from]->received_first) &&
        last - list[from]->received_first > policy.max_span) {
      break;
    }
    out.push_back(&next);
  }
  return out;
}

// `min_inputs` of one size, the smallest sizes first; no row is written again for little growth.
std::vector<const Segment*> choose_by_size(const std::vector<const Segment*>& list,
                                           const MergePolicy& policy) {
  for (uint64_t limit = 1024; limit < policy.max_rows * policy.min_inputs;
       limit *= policy.min_inputs) {
    std::vector<const Segment*> small;
    for (const Segment* segment : list) {
      if (segment->rows <= limit) small.push_back(segment);
    }
    for (size_t i = 0; i + policy.min_inputs <= small.size(); ++i) {
      auto chosen = window(small, i, policy);
      if (chosen.size() < policy.min_inputs) continue;
      if (largest_of(chosen) * 3 <= rows_of(chosen)) return chosen;
    }
  }
  return {};
}

// What is left of a day that is over: small ones beside one another, or beside a large one that
// they make half as large again.
std::vector<const Segment*> choose_of_day(const std::vector<const Segment*>& list,
                                          const MergePolicy& policy, Timestamp now) {
  std::map<int64_t, std::vector<const Segment*>> days;
  for (const Segment* segment : list) {
    if (!is_known(segment->received_last)) continue;
    const int64_t day = segment->received_last.ns / kDay;
    if ((day + 1) * kDay + policy.day_settles_after <= now.ns) days[day].push_back(segment);
  }
  for (auto& [day, of_day] : days) {
    std::stable_sort(of_day.begin(), of_day.end(),
                     [](const Segment* a, const Segment* b) { return a->rows < b->rows; });
    MergePolicy wide = policy;
    wide.max_span = 3 * kDay;  // they end on one day; where they begin was decided before
    const auto chosen = window(of_day, 0, wide);
    if (chosen.size() < 2) continue;
    const uint64_t rows = rows_of(chosen);
    if (rows <= kCheapRows || largest_of(chosen) * 3 <= rows * 2) return chosen;
  }
  return {};
}

}  // namespace

MergePolicy merge_all_now() {
  MergePolicy policy;
  // No day is too young; but sizes first, so that few rows are written again.
  policy.day_settles_after = -3660 * kDay;
  return policy;
}

std::string describe_merge(const std::vector<Segment>& inputs) {
  if (inputs.empty()) return {};
  uint64_t rows = 0;
  std::string names;
  for (size_t i = 0; i < inputs.size(); ++i) {
    rows += inputs[i].rows;
    if (i < kMaxNamed) names += (i == 0 ? "" : ", ") + inputs[i].path;
  }
  if (inputs.size() > kMaxNamed) names += " ...";
  return fmt::format("{} files of {} ({} rows): {}", inputs.size(),
                     shelf_name(inputs.front().shelf), rows, names);
}

std::vector<std::vector<Segment>> plan_merges(Manifest manifest, const MergePolicy& policy,
                                              Timestamp now) {
  std::vector<std::vector<Segment>> plan;
  while (true) {
    auto inputs = choose_merge(manifest, policy, now);
    if (inputs.size() < 2) return plan;
    Segment merged = inputs.front();
    merged.number = manifest.next_segment++;
    merged.path = "the result of merge " + std::to_string(plan.size() + 1);
    merged.rows = merged.bytes = 0;
    for (const Segment& input : inputs) {
      merged.rows += input.rows;
      merged.bytes += input.bytes;
      merged.received_first = std::min(merged.received_first, input.received_first);
      merged.received_last = std::max(merged.received_last, input.received_last);
      std::erase_if(manifest.segments,
                    [&](const Segment& each) { return each.number == input.number; });
    }
    manifest.segments.push_back(std::move(merged));
    plan.push_back(std::move(inputs));
  }
}

std::vector<Segment> choose_merge(const Manifest& manifest, const MergePolicy& policy,
                                  Timestamp now, const std::set<uint64_t>& without) {
  std::vector<const Segment*> best;
  for (size_t i = 0; i < static_cast<size_t>(Shelf::kCount); ++i) {
    const auto shelf = static_cast<Shelf>(i);
    if (is_held(shelf)) continue;
    std::vector<const Segment*> list;
    for (const Segment& segment : manifest.segments) {
      if (segment.shelf != shelf || segment.schema > kSchemaVersion) continue;
      if (segment.rows > policy.max_rows / 2 || segment.bytes > policy.max_bytes / 2) continue;
      if (without.find(segment.number) == without.end()) list.push_back(&segment);
    }
    // Merged ones have higher numbers than their younger neighbours.
    std::stable_sort(list.begin(), list.end(), [](const Segment* a, const Segment* b) {
      return a->received_first < b->received_first;
    });
    auto chosen = choose_by_size(list, policy);
    if (chosen.empty()) chosen = choose_of_day(list, policy, now);
    if (chosen.empty()) continue;
    if (best.empty() || rows_of(chosen) < rows_of(best)) best = std::move(chosen);
  }
  std::vector<Segment> out;
  for (const Segment* segment : best) out.push_back(*segment);
  return out;
}

Result<std::vector<Segment>> write_segments(Store& store, Merger& merger,
                                            const std::vector<Segment>& inputs, Shelf shelf,
                                            MergeJob job) {
  job.table = table_of(shelf);
  uint32_t level = 0;
  for (const Segment& input : inputs) {
    job.inputs.push_back({store.folder() + "/" + input.path, input.schema});
    level = std::max(level, input.level);
  }
  std::vector<std::pair<uint64_t, std::string>> names;
  job.next_path = [&]() -> Result<std::string> {
    names.push_back(store.new_segment_path(shelf));
    const std::string whole = store.folder() + "/" + names.back().second;
    SL_TRY_VOID(make_folders(fs::path(whole).parent_path().string()));
    return whole;
  };
  std::vector<Segment> outputs = SL_TRY(merger.merge(job));
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].number = names[i].first;
    outputs[i].path = names[i].second;
    outputs[i].shelf = shelf;
    outputs[i].level = level + 1;
  }
  return outputs;
}

void remove_segments(const Store& store, const std::vector<Segment>& segments) {
  std::error_code code;
  for (const Segment& segment : segments) {
    fs::remove(store.folder() + "/" + segment.path, code);
    fs::remove(store.folder() + "/" + segment.path + ".idx", code);
  }
}

Result<std::unique_ptr<Compaction>> Compaction::open(Store& store, const MergeOptions& options) {
  auto compaction = std::unique_ptr<Compaction>(new Compaction(store, options));
  DatabaseOptions database;
  database.memory_bytes = options.memory_bytes;
  compaction->merger_ = SL_TRY(Merger::open(database, options.seal));
  return compaction;
}

Result<bool> Compaction::merge_once(const std::atomic<bool>& stop) {
  const View view = store_.view();  // keeps the inputs' files
  const auto inputs = choose_merge(*view.manifest, options_.policy, store_.now(), without_);
  if (inputs.empty() || stop.load()) return false;
  tell("chosen");
  for (const Segment& input : inputs) {
    if (stop.load()) return false;
    // A damaged file must not become a sound one with what could be read of it.
    const auto hash = hash_file(store_.folder() + "/" + input.path);
    if (hash && *hash == input.hash) continue;
    const std::string why = hash ? "its checksum is wrong" : hash.error().message;
    SL_TRY_VOID(quarantine(store_, {input.number}, why));
    ++totals_.failures;
    totals_.last_error = fmt::format("{}: {}", input.path, why);
    return true;
  }
  auto merged = merge(inputs, stop);
  if (merged) return merged;
  if (stop.load()) {
    tell("stopped");
    return false;
  }
  ++totals_.failures;
  totals_.last_error = merged.error().message;
  const bool full = merged.error().message.find("No space left") != std::string::npos;
  if (!full && inputs.size() > 2) {  // large payloads take more memory: half as many at once
    const std::vector<Segment> half(inputs.begin(),
                                    inputs.begin() + static_cast<ptrdiff_t>(inputs.size() / 2));
    merged = merge(half, stop);
    if (merged || stop.load()) return merged ? merged : Result<bool>(false);
  }
  if (!full && without_.size() < kMaxWithout) {
    for (const Segment& input : inputs) without_.insert(input.number);
  }
  return merged;
}

Result<bool> Compaction::merge(const std::vector<Segment>& inputs, const std::atomic<bool>& stop) {
  MergeJob job;
  job.stop = &stop;
  job.max_rows = options_.policy.max_rows;
  auto outputs = SL_TRY(write_segments(store_, *merger_, inputs, inputs.front().shelf, job));
  tell("written");
  return publish(inputs, std::move(outputs));
}

Result<bool> Compaction::publish(const std::vector<Segment>& inputs, std::vector<Segment> outputs) {
  std::vector<uint64_t> numbers;
  MergeTotals sum = totals_;
  uint64_t rows_in = 0, rows_out = 0;
  for (const Segment& input : inputs) {
    numbers.push_back(input.number);
    rows_in += input.rows;
    sum.bytes_in += input.bytes;
  }
  for (const Segment& output : outputs) {
    rows_out += output.rows;
    sum.bytes_out += output.bytes;
  }
  if (rows_in != rows_out) {
    remove_segments(store_, outputs);
    return fail(ErrorCode::Malformed, fmt::format("{} rows were to be merged and {} were read from "
                                                  "{} and others",
                                                  rows_in, rows_out, inputs.front().path));
  }
  if (auto done = store_.replace(numbers, outputs); !done) {
    remove_segments(store_, outputs);
    // Retention was faster with one of them: the next choice is another.
    if (done.error().code == ErrorCode::NotFound) return true;
    return tl::unexpected<Error>(done.error());
  }
  tell("published");
  ++sum.merges;
  sum.rows += rows_out;
  sum.segments_in += inputs.size();
  sum.segments_out += outputs.size();
  sum.last_merge = describe_merge(inputs);
  totals_ = sum;
  return true;
}

}  // namespace siploom::store

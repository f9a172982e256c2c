#include "store/source_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "model/record.h"

namespace siploom::store {

namespace {

constexpr size_t kMaxOpenIndexes = 65'536;

// Empty: of any kind.
std::set<uint8_t> kind_numbers(const std::vector<std::string>& kinds) {
  std::set<uint8_t> out;
  for (const std::string& name : kinds) {
    model::RecordKind kind{};
    if (model::parse_record_kind(name, kind)) out.insert(static_cast<uint8_t>(kind));
  }
  return out;
}

bool shelf_has_kind(Shelf shelf, const std::vector<std::string>& kinds) {
  if (kinds.empty() || shelf == Shelf::Held) return true;
  const std::set<uint8_t> numbers = kind_numbers(kinds);
  return std::any_of(numbers.begin(), numbers.end(), [&](uint8_t number) {
    EntryHead head;
    head.kind = number;
    return shelf_of(head) == shelf;
  });
}

bool times_meet(const Segment& segment, const SourceNeeds& needs) {
  if (is_known(needs.from) && is_known(segment.last) && segment.last < needs.from) return false;
  return !is_known(needs.to) || !is_known(segment.first) || segment.first < needs.to;
}

bool sequences_meet(const Segment& segment, const std::vector<uint64_t>& sequences) {
  if (sequences.empty()) return true;
  const auto at = std::lower_bound(sequences.begin(), sequences.end(), segment.sequence_first);
  return at != sequences.end() && *at <= segment.sequence_last;
}

bool keys_meet(IndexCache& indexes, const View& view, const Segment& segment,
               const std::vector<std::vector<uint64_t>>& keys) {
  if (keys.empty()) return true;
  const auto index = indexes.get(view.folder + "/" + segment.path + ".idx");
  if (index == nullptr) return true;
  return std::all_of(keys.begin(), keys.end(), [&](const std::vector<uint64_t>& any) {
    return std::any_of(any.begin(), any.end(), [&](uint64_t key) { return index->may_have(key); });
  });
}

// Rows in memory that SQL need not look at: handing one over costs more than all of this.
class MemoryRows final {
 public:
  explicit MemoryRows(const SourceNeeds& needs)
      : needs_(needs), kinds_(kind_numbers(needs.kinds)), any_kind_(needs.kinds.empty()) {}

  void add(const EntryList& list, size_t count, std::vector<const EntryHead*>& out) const {
    constexpr size_t kAhead = 8, kLine = 64;
    for (size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) {
        const auto* next = reinterpret_cast<const char*>(list[i + kAhead]);
        for (size_t line = 0; line < 4; ++line) __builtin_prefetch(next + line * kLine);
      }
      if (may_match(*list[i])) out.push_back(list[i]);
    }
  }

 private:
  bool may_match(const EntryHead& entry) const {
    const int64_t time = time_of(entry);
    if (is_known(needs_.from) && (time == kNoTime.ns || time < needs_.from.ns)) return false;
    if (is_known(needs_.to) && (time == kNoTime.ns || time >= needs_.to.ns)) return false;
    if (entry.table == Table::Records) {
      if (!any_kind_ && !kinds_.contains(entry.kind)) return false;
      const uint64_t sequence = reinterpret_cast<const RecordHead&>(entry).sequence;
      if (sequence < needs_.sequence_from) return false;
      if (!needs_.sequences.empty() &&
          !std::binary_search(needs_.sequences.begin(), needs_.sequences.end(), sequence)) {
        return false;
      }
    }
    return std::all_of(needs_.keys.begin(), needs_.keys.end(),
                       [&](const AnyKey& any) { return meets(entry, any); });
  }

  const SourceNeeds& needs_;
  std::set<uint8_t> kinds_;
  bool any_kind_;
};

std::string parquet_sql(const View& view, const std::vector<const Segment*>& segments) {
  std::vector<std::string> files;
  std::set<uint32_t> schemas;
  for (const Segment* segment : segments) {
    files.push_back(sql_text(view.folder + "/" + segment->path));
    schemas.insert(segment->schema);
  }
  // Older schemas lack columns: then they are joined by name.
  const bool mixed = schemas.size() > 1 || *schemas.begin() != kSchemaVersion;
  return fmt::format("read_parquet([{}]{})", fmt::join(files, ", "),
                     mixed ? ", union_by_name = true" : "");
}

}  // namespace

std::shared_ptr<const SegmentIndex> IndexCache::get(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = files_.find(path);
    if (known != files_.end()) return known->second;
  }
  auto opened = SegmentIndex::open(path);
  std::shared_ptr<const SegmentIndex> index;
  if (opened) index = std::make_shared<const SegmentIndex>(std::move(*opened));
  const std::lock_guard lock(mutex_);
  if (files_.size() < kMaxOpenIndexes) files_.emplace(path, index);
  return index;
}

void IndexCache::keep_only(const Manifest& manifest, const std::string& folder) {
  std::set<std::string> known;
  for (const Segment& segment : manifest.segments)
    known.insert(folder + "/" + segment.path + ".idx");
  const std::lock_guard lock(mutex_);
  std::erase_if(files_, [&](const auto& each) { return known.find(each.first) == known.end(); });
}

std::string_view time_column(Table table) {
  switch (table) {
    case Table::Calls:
      return "start";
    case Table::Streams:
      return "first";
    case Table::Ledger:
      return "minute";
    case Table::Records:
      break;
  }
  return "time";
}

std::vector<const Segment*> choose_segments(IndexCache& indexes, const View& view,
                                            const SourceNeeds& needs) {
  std::vector<const Segment*> chosen;
  std::vector<std::vector<uint64_t>> keys;
  for (const AnyKey& any : needs.keys) keys.push_back(any.bloom_keys());
  for (const Segment& segment : view.manifest->segments) {
    if (table_of(segment.shelf) != needs.table || !times_meet(segment, needs)) continue;
    if (needs.table == Table::Records && !shelf_has_kind(segment.shelf, needs.kinds)) continue;
    if (needs.table == Table::Records && !sequences_meet(segment, needs.sequences)) continue;
    if (needs.table == Table::Records && segment.sequence_last < needs.sequence_from) continue;
    if (std::find(needs.without.begin(), needs.without.end(), segment.number) !=
        needs.without.end()) {
      continue;
    }
    if (keys_meet(indexes, view, segment, keys)) chosen.push_back(&segment);
  }
  return chosen;
}

SourceSql::SourceSql(RowSets& sets, IndexCache& indexes, const View& view, const SourceNeeds& needs,
                     std::shared_ptr<const RowSet> live) {
  std::vector<std::string> parts;
  if (needs.sealed) {
    const std::vector<const Segment*> segments = choose_segments(indexes, view, needs);
    segments_ = segments.size();
    if (!segments.empty()) parts.push_back("SELECT * FROM " + parquet_sql(view, segments));
  }
  auto rows = std::make_shared<RowSet>();
  rows->table = needs.table;
  const size_t table = static_cast<size_t>(needs.table) - 1;
  const MemoryRows memory(needs);
  for (const View::Part& part : view.parts) {
    if (!needs.memory || part.counts[table] == 0) continue;
    const EntryList& list = part.batch->rows(needs.table);
    const size_t before = rows->rows.size();
    memory.add(list, part.counts[table], rows->rows);
    if (rows->rows.size() != before) rows->owners.push_back(part.batch);
  }
  // There is always one part, so that the columns are known even of an empty store.
  if (!rows->rows.empty() || parts.empty()) {
    handles_.push_back(std::make_unique<RowSetHandle>(sets, std::move(rows)));
    parts.push_back(fmt::format("SELECT * FROM sl_rows({}::UBIGINT)", handles_.back()->value()));
  }
  if (live != nullptr && !live->rows.empty() && live->table == needs.table) {
    handles_.push_back(std::make_unique<RowSetHandle>(sets, std::move(live)));
    parts.push_back(fmt::format("SELECT * FROM sl_rows({}::UBIGINT)", handles_.back()->value()));
  }
  text_ = fmt::format("({})", fmt::join(parts, " UNION ALL "));
  if (needs.masked && needs.table == Table::Records) {
    text_ = fmt::format(
        "(SELECT * REPLACE (sl_masked(payload) AS payload), payload AS raw_payload FROM {})",
        text_);
  }
  std::vector<std::string> conditions;
  if (is_known(needs.from)) {
    conditions.push_back(fmt::format("{} >= {}", time_column(needs.table), sql_time(needs.from)));
  }
  if (is_known(needs.to)) {
    conditions.push_back(fmt::format("{} < {}", time_column(needs.table), sql_time(needs.to)));
  }
  if (needs.sequence_from != 0) {
    conditions.push_back(fmt::format("sequence >= {}", needs.sequence_from));
  }
  time_condition_ = conditions.empty() ? "true" : fmt::format("{}", fmt::join(conditions, " AND "));
}

}  // namespace siploom::store

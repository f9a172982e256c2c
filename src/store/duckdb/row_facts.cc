#include "store/duckdb/row_facts.h"

#include <algorithm>

#include "base/hash.h"
#include "base/net.h"

namespace siploom::store {

namespace {

constexpr size_t kMaxAddressKeys = 65'536;

size_t place(Table table, std::string_view name) {
  const auto all = columns(table);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
  }
  return RowPlaces::kNone;
}

RowPlaces make_places(Table table) {
  RowPlaces p;
  const auto at = [&](std::string_view name) { return place(table, name); };
  p.id = at("call_id");
  p.received = at("received");
  p.sequence = at("sequence");
  p.addresses = {at("src_ip"), at("dst_ip")};
  p.users = {at("from_user"), at("to_user"), at("ruri_user")};
  p.sorted_by_id = table == Table::Records || table == Table::Streams;
  switch (table) {
    case Table::Records:
      p.time = at("time");
      p.correlation = at("hep_correlation_id");
      p.ids = at("extra_ids");
      p.name = at("method");
      p.node = at("node");
      p.copy = at("copy");
      break;
    case Table::Calls:
      p.time = at("start");
      p.ids = at("correlation_ids");
      p.name = at("state");
      break;
    case Table::Streams:
      p.time = at("first");
      break;
    case Table::Ledger:
      p.time = p.received = at("minute");
      break;
  }
  if (table == Table::Records || table == Table::Calls) {
    p.kind = at("kind");
    p.status = at("status");
  }
  return p;
}

}  // namespace

const RowPlaces& row_places(Table table) {
  static const std::array<RowPlaces, 4> all = {
      make_places(Table::Records), make_places(Table::Calls), make_places(Table::Streams),
      make_places(Table::Ledger)};
  return all[static_cast<size_t>(table) - 1];
}

int64_t time_at(const RowChunk& chunk, size_t column, size_t row) {
  if (column == RowPlaces::kNone || chunk.is_null(column, row)) return kNoTime.ns;
  return chunk.number<int64_t>(column, row);
}

RowFacts::RowFacts(Table table, bool counts_minutes)
    : table_(table), places_(row_places(table)), counts_minutes_(counts_minutes) {
  segment_.first = segment_.last = segment_.received_first = segment_.received_last = kNoTime;
  segment_.schema = kSchemaVersion;
}

uint64_t RowFacts::address_key(std::string_view text) {
  const uint64_t hash = hash_text(text);
  const auto known = address_keys_.find(hash);
  if (known != address_keys_.end()) return known->second;
  if (address_keys_.size() >= kMaxAddressKeys) address_keys_.clear();
  const auto address = parse_ip(text);
  const uint64_t key = address ? bloom_key(*address) : 0;
  address_keys_.emplace(hash, key);
  return key;
}

void RowFacts::add(const RowChunk& chunk, size_t row) {
  const int64_t time = time_at(chunk, places_.time, row);
  widen(segment_.first, segment_.last, {time});
  widen(segment_.received_first, segment_.received_last, {time_at(chunk, places_.received, row)});
  ++segment_.rows;
  if (places_.sequence != RowPlaces::kNone && !chunk.is_null(places_.sequence, row)) {
    const auto sequence = chunk.number<uint64_t>(places_.sequence, row);
    if (segment_.sequence_first == 0 || sequence < segment_.sequence_first) {
      segment_.sequence_first = sequence;
    }
    segment_.sequence_last = std::max(segment_.sequence_last, sequence);
  }
  if (table_ == Table::Ledger) return;
  for_each_id(chunk, places_, row,
              [&](std::string_view id) { index_.add_key(bloom_key(KeyKind::Id, id)); });
  for (const size_t column : places_.users) {
    if (column == RowPlaces::kNone) continue;
    const std::string_view user = chunk.text(column, row);
    if (!user.empty()) index_.add_key(bloom_key(KeyKind::Number, user));
  }
  for (const size_t column : places_.addresses) {
    if (const uint64_t key = address_key(chunk.text(column, row))) index_.add_key(key);
  }
  if (counts_minutes_ && places_.kind != RowPlaces::kNone) count_minute(chunk, row, time);
}

void RowFacts::count_minute(const RowChunk& chunk, size_t row, int64_t time) {
  const bool has_status = !chunk.is_null(places_.status, row);
  const std::string_view kind = chunk.text(places_.kind, row);
  std::string of_copies;
  if (places_.copy != RowPlaces::kNone && !chunk.is_null(places_.copy, row) &&
      chunk.number<bool>(places_.copy, row)) {
    of_copies = std::string(kind) + std::string(kCopySuffix);
  }
  index_.add_rollup(
      {time / kMinute, of_copies.empty() ? kind : std::string_view(of_copies),
       chunk.text(places_.name, row),
       places_.node == RowPlaces::kNone ? std::string_view{} : chunk.text(places_.node, row),
       has_status ? chunk.number<uint16_t>(places_.status, row) : uint16_t{0}, 1});
}

void RowFacts::add_minutes_of(const SegmentIndex& index) {
  index.for_each([&](const RollupRow& row) { index_.add_rollup(row); });
}

}  // namespace siploom::store

// SegmentIndex: the side file of a segment: which keys it can hold (Bloom), and how many rows of
// which sort it has a minute (rollup), so that a search by an id touches few segments, and a
// histogram none.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/flat_map.h"
#include "base/hash_set.h"
#include "base/result.h"
#include "store/entry.h"
#include "store/files.h"
#include "store/row.h"

namespace siploom::store {

// Rows of one minute that agree on what the rollup tells apart: of records, kind, method (or event)
// and status; of calls, kind, state and status. Copies stand under a kind of their own.
constexpr std::string_view kCopySuffix = "+copy";
struct RollupRow {
  int64_t minute = 0;  // since the epoch, by the rows' own time
  std::string_view kind, name, node;
  uint16_t status = 0;
  uint32_t count = 0;
};

// What a segment is found by, gathered row by row. Quick when rows that have much in common follow
// each other, as those of one Call-ID do.
class SegmentIndexMaker final {
 public:
  void add(const EntryHead& entry);
  void add_key(uint64_t key) { keys_.insert(key); }
  void add_rollup(const RollupRow& row);
  size_t key_count() const { return keys_.size(); }
  // The side file's octets.
  std::string finish() const;

 private:
  struct Key {
    int32_t minute = 0;
    uint16_t kind = 0, name = 0, node = 0, status = 0;
    bool operator==(const Key&) const = default;
  };
  static uint64_t hash_of(const Key& key);
  uint16_t number_of(std::string_view text);
  void add_addresses(const std::array<uint8_t, 16>& src, const std::array<uint8_t, 16>& dst);
  void count(const RecordHead& record);
  void count(const CallHead& call);
  void add_text(KeyKind kind, std::string_view text);

  HashSet keys_;
  // By place: what the row before had there is in the set already.
  std::array<std::string, static_cast<size_t>(KeyPlace::kCount)> before_;
  std::array<uint8_t, 16> src_before_{}, dst_before_{};
  bool any_addresses_ = false;
  FlatMap<Key, uint32_t> rollup_;
  FlatMap<std::string_view, uint16_t> numbers_;  // the texts lie in texts_
  std::deque<std::string> texts_;
};

class SegmentIndex final {
 public:
  // Malformed without its checksum: one bit the other way would hide rows from searches.
  static Result<SegmentIndex> open(const std::string& path);
  bool may_have(uint64_t key) const;
  void for_each(const std::function<void(const RollupRow&)>& take) const;
  size_t bloom_bytes() const { return bloom_.size(); }

 private:
  MappedFile file_;
  ByteSpan bloom_, rollup_;
  std::vector<std::string_view> texts_;
};

}  // namespace siploom::store

// Journal: what retention took away, when and why, so that nobody wonders where it is. A small text
// file in the store's folder, a line an event, the last thousand of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/manifest.h"

namespace siploom::store {

// Why a segment goes. The names stand in the file.
enum class DropReason : uint8_t {
  Age,        // older than its shelf's limit
  ShelfSize,  // its shelf is larger than its limit
  StoreSize,  // all shelves together are
  FreeSpace,  // the disk is too full
  Released    // nothing holds it any more
};
std::string_view reason_name(DropReason reason);  // "age", "shelf-size", "store-size" ...
bool parse_reason(std::string_view name, DropReason& out);

// Segments of one shelf that went together for one reason.
struct DropEvent {
  Timestamp when;
  DropReason reason = DropReason::Age;
  Shelf shelf = Shelf::Sip;
  uint64_t segments = 0, rows = 0, bytes = 0;
  uint64_t held_rows = 0;                   // of the rows: kept on, because of a hold
  Timestamp received_first, received_last;  // of the rows
  bool operator==(const DropEvent&) const = default;
};

constexpr size_t kMaxDropEvents = 1000;

std::string journal_path(const std::string& folder);
// Oldest first; lines that are damaged are left out, a journal that is not there has none.
std::vector<DropEvent> read_journal(const std::string& folder);
std::vector<DropEvent> parse_journal(std::string_view text);
// Adds to it; the oldest make room. The file is the old one or the new one, whole.
Result<void> append_journal(const std::string& folder, const std::vector<DropEvent>& events);

}  // namespace siploom::store

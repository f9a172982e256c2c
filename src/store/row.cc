#include "store/row.h"

#include <algorithm>

#include "store/utf8.h"

namespace siploom::store {

int64_t time_of(const EntryHead& entry) {
  switch (entry.table) {
    case Table::Records:
      return reinterpret_cast<const RecordHead&>(entry).time_ns;
    case Table::Calls:
      return reinterpret_cast<const CallHead&>(entry).time(CallTime::Start).ns;
    case Table::Streams:
      return reinterpret_cast<const StreamHead&>(entry).first_ns;
    case Table::Ledger:
      break;
  }
  return reinterpret_cast<const LedgerHead&>(entry).minute_ns;
}

int64_t received_of(const EntryHead& entry) {
  switch (entry.table) {
    case Table::Records:
      return reinterpret_cast<const RecordHead&>(entry).received_ns;
    case Table::Calls:
      return reinterpret_cast<const CallHead&>(entry).received_ns;
    case Table::Streams:
      return reinterpret_cast<const StreamHead&>(entry).received_ns;
    case Table::Ledger:
      break;
  }
  return reinterpret_cast<const LedgerHead&>(entry).minute_ns;
}

void AnyKey::add(const AnyKey& others) {
  texts_.insert(others.texts_.begin(), others.texts_.end());
  addresses_.insert(addresses_.end(), others.addresses_.begin(), others.addresses_.end());
}

std::vector<uint64_t> AnyKey::bloom_keys() const {
  std::vector<uint64_t> keys;
  for (const auto& [kind, text] : texts_) keys.push_back(bloom_key(kind, text));
  for (const IpAddress& each : addresses_) keys.push_back(bloom_key(each));
  return keys;
}

bool AnyKey::has(KeyKind kind, std::string_view text) const {
  return texts_.contains(std::pair(kind, text));
}

bool AnyKey::has(const std::array<uint8_t, 16>& address) const {
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [&](const IpAddress& each) { return each.octets == address; });
}

bool meets(const EntryHead& entry, const AnyKey& any) {
  const bool plain = entry.table == Table::Records &&
                     (reinterpret_cast<const RecordHead&>(entry).flags & kPlain) != 0;
  bool found = false;
  for_each_key(
      entry,
      [&](KeyPlace, KeyKind kind, std::string_view text) {
        if (found || text.empty()) return;
        found = any.has(kind, text) ||
                (!plain && !is_column_text(text) && any.has(kind, to_column_text(text)));
      },
      [&](const std::array<uint8_t, 16>& src, const std::array<uint8_t, 16>& dst) {
        found = found || any.has(src) || any.has(dst);
      });
  return found;
}

}  // namespace siploom::store

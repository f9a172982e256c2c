#include "store/ledger_sum.h"

#include <map>
#include <tuple>

#include "store/entry_writer.h"

namespace siploom::store {

std::string sum_ledger(std::span<const EntryHead* const> rows) {
  struct Sum {
    uint64_t count = 0, bytes = 0;
  };
  using Key =
      std::tuple<int64_t, uint8_t, std::array<uint8_t, 16>, std::string_view, std::string_view>;
  std::map<Key, Sum> sums;
  for (const EntryHead* row : rows) {
    const auto& ledger = *reinterpret_cast<const LedgerHead*>(row);
    Sum& sum = sums[{ledger.minute_ns, ledger.entry.kind, ledger.source,
                     ledger.text(LedgerText::Node), ledger.text(LedgerText::Reason)}];
    sum.count += ledger.count;
    sum.bytes += ledger.bytes;
  }
  std::string out;
  for (const auto& [key, sum] : sums) {
    LedgerFields fields;
    fields.minute = {std::get<0>(key)};
    fields.fate = static_cast<Fate>(std::get<1>(key));
    fields.source.octets = std::get<2>(key);
    fields.node = std::get<3>(key);
    fields.reason = std::get<4>(key);
    fields.count = sum.count;
    fields.bytes = sum.bytes;
    append_ledger(out, fields);
  }
  return out;
}

}  // namespace siploom::store

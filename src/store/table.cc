#include "store/table.h"

#include <array>

namespace siploom::store {

namespace {

constexpr std::array<std::string_view, 4> kTables = {"records", "calls", "streams", "ledger"};

}  // namespace

std::string_view sql_type(ColumnType type) {
  switch (type) {
    case ColumnType::Blob:
      return "BLOB";
    case ColumnType::Bool:
      return "BOOLEAN";
    case ColumnType::UInt16:
      return "USMALLINT";
    case ColumnType::UInt32:
      return "UINTEGER";
    case ColumnType::UInt64:
      return "UBIGINT";
    case ColumnType::Int64:
      return "BIGINT";
    case ColumnType::Time:
      return "TIMESTAMP_NS";
    case ColumnType::TextList:
      return "VARCHAR[]";
    case ColumnType::Text:
      break;
  }
  return "VARCHAR";
}

std::string_view table_name(Table table) { return kTables[static_cast<size_t>(table) - 1]; }

bool parse_table(std::string_view name, Table& out) {
  for (size_t i = 0; i < kTables.size(); ++i) {
    if (kTables[i] != name) continue;
    out = static_cast<Table>(i + 1);
    return true;
  }
  return false;
}

}  // namespace siploom::store

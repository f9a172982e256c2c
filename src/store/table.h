// The columns of the store's tables, one list for the sealed files, the memory batch, SQL, the API
// and the documentation. Names of columns that hold a field of the registry are the field's, with
// '_' for '.' and without "call." (a test compares them).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "store/entry.h"

namespace siploom::store {

// Raised when columns change; segments of older schemas are read with NULL for what they lack.
constexpr uint32_t kSchemaVersion = 1;

enum class ColumnType : uint8_t {
  Text,
  Blob,
  Bool,
  UInt16,
  UInt32,
  UInt64,
  Int64,
  Time,  // ns since the epoch
  TextList
};
std::string_view sql_type(ColumnType type);  // "VARCHAR", "TIMESTAMP_NS" ...

struct ColumnInfo {
  std::string_view name;
  ColumnType type = ColumnType::Text;
  std::string_view help;
};

std::span<const ColumnInfo> columns(Table table);
std::string_view table_name(Table table);  // "records", "calls", "streams", "ledger"
bool parse_table(std::string_view name, Table& out);
}  // namespace siploom::store

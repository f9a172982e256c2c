// The octets of a text in DuckDB's memory.
#pragma once

#include <duckdb.h>

#include <string_view>

namespace siploom::store {

inline std::string_view view_of(const duckdb_string_t& text) {
  // The C API wants a pointer to what may be changed; it is only read.
  auto& writable = const_cast<duckdb_string_t&>(text);
  return {duckdb_string_t_data(&writable), duckdb_string_t_length(text)};
}

}  // namespace siploom::store

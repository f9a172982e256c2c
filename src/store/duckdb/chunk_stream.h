// ChunkStream: the rows of a query as DuckDB's own flat vectors, a chunk at a time, for who copies
// columns rather than looks at values. One thread.
#pragma once

#include <duckdb.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/duckdb/database.h"
#include "store/table.h"

namespace siploom::store {

// Up to 2,048 rows; texts lie in the chunk and live as long as it.
struct RowChunk {
  struct Column {
    duckdb_vector vector = nullptr;
    const void* data = nullptr;
    uint64_t* validity = nullptr;  // null: all are there
  };
  duckdb_data_chunk handle = nullptr;
  size_t rows = 0;
  std::vector<Column> columns;

  RowChunk() = default;
  RowChunk(const RowChunk&) = delete;
  RowChunk& operator=(const RowChunk&) = delete;
  ~RowChunk();
  bool is_null(size_t column, size_t row) const {
    const uint64_t* bits = columns[column].validity;
    return bits != nullptr && (bits[row / 64] >> (row % 64) & 1) == 0;
  }
  // Of a column that has this type; the caller knows it.
  template <class T>
  T number(size_t column, size_t row) const {
    return static_cast<const T*>(columns[column].data)[row];
  }
  // Empty for NULL.
  std::string_view text(size_t column, size_t row) const;
  size_t list_size(size_t column, size_t row) const;
  std::string_view list_text(size_t column, size_t row, size_t item) const;
};

duckdb_type duckdb_type_of(ColumnType type);
duckdb_logical_type make_logical_type(ColumnType type);

class ChunkStream final {
 public:
  // Malformed when the query's columns do not have these types.
  static Result<ChunkStream> open(Database& database, const std::string& sql,
                                  std::span<const ColumnType> types);
  ChunkStream(ChunkStream&& other) noexcept;
  ChunkStream& operator=(ChunkStream&& other) noexcept;
  ~ChunkStream();
  // Null at the end.
  Result<std::shared_ptr<const RowChunk>> next();

 private:
  explicit ChunkStream(Connection connection) : connection_(std::move(connection)) {}
  Connection connection_;
  duckdb_result result_{};
  bool open_ = false;
  size_t columns_ = 0;
};

}  // namespace siploom::store

#include "store/duckdb/chunk_stream.h"

#include <fmt/format.h>

#include <utility>

#include "store/duckdb/text_of.h"

namespace siploom::store {

RowChunk::~RowChunk() {
  if (handle != nullptr) duckdb_destroy_data_chunk(&handle);
}

std::string_view RowChunk::text(size_t column, size_t row) const {
  if (is_null(column, row)) return {};
  return view_of(static_cast<const duckdb_string_t*>(columns[column].data)[row]);
}

size_t RowChunk::list_size(size_t column, size_t row) const {
  if (is_null(column, row)) return 0;
  return static_cast<const duckdb_list_entry*>(columns[column].data)[row].length;
}

std::string_view RowChunk::list_text(size_t column, size_t row, size_t item) const {
  const auto& entry = static_cast<const duckdb_list_entry*>(columns[column].data)[row];
  duckdb_vector child = duckdb_list_vector_get_child(columns[column].vector);
  uint64_t* validity = duckdb_vector_get_validity(child);
  const size_t at = entry.offset + item;
  if (validity != nullptr && !duckdb_validity_row_is_valid(validity, at)) return {};
  return view_of(static_cast<const duckdb_string_t*>(duckdb_vector_get_data(child))[at]);
}

duckdb_type duckdb_type_of(ColumnType type) {
  switch (type) {
    case ColumnType::Blob:
      return DUCKDB_TYPE_BLOB;
    case ColumnType::Bool:
      return DUCKDB_TYPE_BOOLEAN;
    case ColumnType::UInt16:
      return DUCKDB_TYPE_USMALLINT;
    case ColumnType::UInt32:
      return DUCKDB_TYPE_UINTEGER;
    case ColumnType::UInt64:
      return DUCKDB_TYPE_UBIGINT;
    case ColumnType::Int64:
      return DUCKDB_TYPE_BIGINT;
    case ColumnType::Time:
      return DUCKDB_TYPE_TIMESTAMP_NS;
    case ColumnType::TextList:
      return DUCKDB_TYPE_LIST;
    case ColumnType::Text:
      break;
  }
  return DUCKDB_TYPE_VARCHAR;
}

duckdb_logical_type make_logical_type(ColumnType type) {
  if (type != ColumnType::TextList) return duckdb_create_logical_type(duckdb_type_of(type));
  duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_logical_type list = duckdb_create_list_type(text);
  duckdb_destroy_logical_type(&text);
  return list;
}

ChunkStream::ChunkStream(ChunkStream&& other) noexcept
    : connection_(std::move(other.connection_)),
      result_(other.result_),
      open_(std::exchange(other.open_, false)),
      columns_(other.columns_) {}

ChunkStream& ChunkStream::operator=(ChunkStream&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(result_, other.result_);
  std::swap(open_, other.open_);
  std::swap(columns_, other.columns_);
  return *this;
}
ChunkStream::~ChunkStream() {
  if (open_) duckdb_destroy_result(&result_);
}

Result<ChunkStream> ChunkStream::open(Database& database, const std::string& sql,
                                      std::span<const ColumnType> types) {
  ChunkStream stream(SL_TRY(database.connect()));
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(stream.connection_.handle(), sql.c_str(), &statement) != DuckDBSuccess) {
    auto error = fail_duckdb(duckdb_prepare_error(statement));
    duckdb_destroy_prepare(&statement);
    return error;
  }
  const duckdb_state done = duckdb_execute_prepared_streaming(statement, &stream.result_);
  duckdb_destroy_prepare(&statement);
  stream.open_ = true;
  if (done != DuckDBSuccess) return fail_duckdb(duckdb_result_error(&stream.result_));
  stream.columns_ = duckdb_column_count(&stream.result_);
  bool same = stream.columns_ == types.size();
  for (size_t i = 0; same && i < types.size(); ++i) {
    same = duckdb_column_type(&stream.result_, i) == duckdb_type_of(types[i]);
    if (same && types[i] == ColumnType::TextList) {
      duckdb_logical_type list = duckdb_column_logical_type(&stream.result_, i);
      duckdb_logical_type child = duckdb_list_type_child_type(list);
      same = duckdb_get_type_id(child) == DUCKDB_TYPE_VARCHAR;
      duckdb_destroy_logical_type(&child);
      duckdb_destroy_logical_type(&list);
    }
  }
  if (!same) return fail(ErrorCode::Malformed, "its columns are not those of the table");
  return stream;
}

Result<std::shared_ptr<const RowChunk>> ChunkStream::next() {
  auto chunk = std::make_shared<RowChunk>();
  do {
    if (chunk->handle != nullptr) duckdb_destroy_data_chunk(&chunk->handle);
    chunk->handle = duckdb_fetch_chunk(result_);
    if (chunk->handle == nullptr) {
      const char* error = duckdb_result_error(&result_);
      if (error != nullptr && *error != '\0') return fail_duckdb(error);
      return std::shared_ptr<const RowChunk>();
    }
    chunk->rows = duckdb_data_chunk_get_size(chunk->handle);
  } while (chunk->rows == 0);
  for (size_t i = 0; i < columns_; ++i) {
    RowChunk::Column column;
    column.vector = duckdb_data_chunk_get_vector(chunk->handle, i);
    column.data = duckdb_vector_get_data(column.vector);
    column.validity = duckdb_vector_get_validity(column.vector);
    chunk->columns.push_back(column);
  }
  return std::shared_ptr<const RowChunk>(std::move(chunk));
}

}  // namespace siploom::store

#include "store/duckdb/scan.h"

#include <duckdb.h>

#include <atomic>

#include "store/duckdb/fill.h"

namespace siploom::store {

namespace {

// What one query knows of its scan.
struct ScanState {
  std::shared_ptr<const RowSet> rows;
  std::vector<idx_t> columns;
  std::atomic<size_t> next{0};
};

// What one thread of it needs.
struct ScanLocal {
  AddressTexts addresses;
  Arena scratch;
};

template <class T>
void destroy(void* object) {
  delete static_cast<T*>(object);
}

duckdb_logical_type logical_type(ColumnType type) {
  switch (type) {
    case ColumnType::Blob:
      return duckdb_create_logical_type(DUCKDB_TYPE_BLOB);
    case ColumnType::Bool:
      return duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    case ColumnType::UInt16:
      return duckdb_create_logical_type(DUCKDB_TYPE_USMALLINT);
    case ColumnType::UInt32:
      return duckdb_create_logical_type(DUCKDB_TYPE_UINTEGER);
    case ColumnType::UInt64:
      return duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
    case ColumnType::Int64:
      return duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    case ColumnType::Time:
      return duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP_NS);
    case ColumnType::TextList: {
      duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
      duckdb_logical_type list = duckdb_create_list_type(text);
      duckdb_destroy_logical_type(&text);
      return list;
    }
    case ColumnType::Text:
      break;
  }
  return duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
}

void bind(duckdb_bind_info info) {
  auto& sets = *static_cast<RowSets*>(duckdb_bind_get_extra_info(info));
  duckdb_value value = duckdb_bind_get_parameter(info, 0);
  const uint64_t handle = duckdb_get_uint64(value);
  duckdb_destroy_value(&value);
  std::shared_ptr<const RowSet> rows = sets.find(handle);
  if (rows == nullptr) {
    duckdb_bind_set_error(info, "sl_rows: no such rows");
    return;
  }
  for (const FillColumn& column : fill_columns(rows->table)) {
    duckdb_logical_type type = logical_type(column.info.type);
    duckdb_bind_add_result_column(info, std::string(column.info.name).c_str(), type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_bind_set_cardinality(info, rows->rows.size(), true);
  duckdb_bind_set_bind_data(info, new std::shared_ptr<const RowSet>(std::move(rows)),
                            destroy<std::shared_ptr<const RowSet>>);
}

void init(duckdb_init_info info) {
  auto state = std::make_unique<ScanState>();
  state->rows = *static_cast<std::shared_ptr<const RowSet>*>(duckdb_init_get_bind_data(info));
  const idx_t count = duckdb_init_get_column_count(info);
  for (idx_t i = 0; i < count; ++i) {
    state->columns.push_back(duckdb_init_get_column_index(info, i));
  }
  duckdb_init_set_max_threads(info, 1 + state->rows->rows.size() / 65'536);
  duckdb_init_set_init_data(info, state.release(), destroy<ScanState>);
}

void init_local(duckdb_init_info info) {
  duckdb_init_set_init_data(info, new ScanLocal(), destroy<ScanLocal>);
}

void scan(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto& state = *static_cast<ScanState*>(duckdb_function_get_init_data(info));
  auto& local = *static_cast<ScanLocal*>(duckdb_function_get_local_init_data(info));
  // What the last chunk pointed to is no longer looked at.
  local.scratch.reset();
  local.addresses.trim();
  const size_t step = duckdb_vector_size();
  const size_t begin = state.next.fetch_add(step, std::memory_order_relaxed);
  const auto& rows = state.rows->rows;
  if (begin >= rows.size()) {
    duckdb_data_chunk_set_size(chunk, 0);
    return;
  }
  const size_t count = std::min(step, rows.size() - begin);
  const std::span<const FillColumn> columns = fill_columns(state.rows->table);
  VectorSink sink;
  for (size_t i = 0; i < state.columns.size(); ++i) {
    const idx_t column = state.columns[i];
    if (column >= columns.size()) continue;  // the row id, of which nobody asks
    sink.begin(duckdb_data_chunk_get_vector(chunk, i), local.addresses, local.scratch);
    const auto fill = columns[column].fill;
    for (size_t row = 0; row < count; ++row) fill(sink, row, *rows[begin + row]);
  }
  duckdb_data_chunk_set_size(chunk, count);
}

}  // namespace

uint64_t RowSets::add(std::shared_ptr<const RowSet> rows) {
  const std::lock_guard lock(mutex_);
  sets_.emplace(next_, std::move(rows));
  return next_++;
}
void RowSets::remove(uint64_t handle) {
  const std::lock_guard lock(mutex_);
  sets_.erase(handle);
}
std::shared_ptr<const RowSet> RowSets::find(uint64_t handle) const {
  const std::lock_guard lock(mutex_);
  const auto known = sets_.find(handle);
  return known == sets_.end() ? nullptr : known->second;
}

Result<void> register_scan(Connection& connection, RowSets& sets) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "sl_rows");
  duckdb_logical_type handle = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
  duckdb_table_function_add_parameter(function, handle);
  duckdb_destroy_logical_type(&handle);
  duckdb_table_function_set_extra_info(function, &sets, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_local_init(function, init_local);
  duckdb_table_function_set_function(function, scan);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const duckdb_state done = duckdb_register_table_function(connection.handle(), function);
  duckdb_destroy_table_function(&function);
  if (done != DuckDBSuccess) return fail(ErrorCode::Io, "cannot register sl_rows with DuckDB");
  return {};
}

}  // namespace siploom::store

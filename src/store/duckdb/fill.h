// Fill: how each column of a table is written from entries. The tables' columns stand here, once.
#pragma once

#include <span>

#include "store/duckdb/vector_sink.h"
#include "store/table.h"

namespace siploom::store {

struct FillColumn {
  ColumnInfo info;
  void (*fill)(VectorSink& sink, size_t row, const EntryHead& entry);
};

std::span<const FillColumn> fill_columns(Table table);

}  // namespace siploom::store

// FilterSql: a filter as SQL over one table, for as long as this lives. What SQL cannot say in the
// filter language's sense is asked of leaves.
#pragma once

#include <string>
#include <vector>

#include "query/filter.h"
#include "store/bloom.h"
#include "store/duckdb/leaf.h"
#include "store/table.h"

namespace siploom::store {

class FilterSql final {
 public:
  // SQL naming the rows of another table within the query's time range (with a call_id column).
  struct Others {
    std::string records;  // for questions about a call's messages
    std::string calls;    // for questions about a message's call
  };
  FilterSql(Leaves& leaves, const query::Filter& filter, Table table, Others others);
  FilterSql(const FilterSql&) = delete;
  FilterSql& operator=(const FilterSql&) = delete;
  ~FilterSql();

  // A condition; "true" for the empty filter.
  const std::string& condition() const { return condition_; }

 private:
  std::string condition_;
  Leaves& leaves_;
  std::vector<uint64_t> used_;
};

// Keys (store/bloom.h) that every matching row has: of each inner list at least one.
std::vector<std::vector<uint64_t>> required_keys(const query::Filter& filter, Table table);
// Kinds of records that can match; empty: any.
std::vector<std::string> required_kinds(const query::Filter& filter);
// Whether some part of the filter asks the other table: any(...) of calls, call fields of records.
bool asks_other_table(const query::Filter& filter);

}  // namespace siploom::store

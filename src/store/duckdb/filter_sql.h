// FilterSql: a filter as SQL over one table, for as long as this lives. What SQL cannot say in the
// filter language's sense is asked of leaves.
#pragma once

#include <string>
#include <vector>

#include "query/filter.h"
#include "store/duckdb/leaf.h"
#include "store/row.h"
#include "store/table.h"

namespace siploom::store {

class FilterSql final {
 public:
  // SQL naming the rows of another table within the query's time range (with a call_id column).
  struct Others {
    std::string records;  // for questions about a call's messages
    std::string calls;    // for questions about a message's call
  };
  // What it sees of messages, and when asking has to end.
  struct Sight {
    // Filters of who may not read secrets see masked payloads; the column `raw_payload` has what
    // can be looked at first. A scope is asked of what came.
    bool masked = false;
    bool raw = false;  // the payload stands in raw_payload
    QueryControl control;
  };
  FilterSql(Leaves& leaves, const query::Filter& filter, Table table, Others others,
            const Sight& sight);
  FilterSql(const FilterSql&) = delete;
  FilterSql& operator=(const FilterSql&) = delete;
  ~FilterSql();

  // A condition; "true" for the empty filter.
  const std::string& condition() const { return condition_; }
  // Those of its parts that are joined by "and" and that SQL can say by itself; "true": none.
  const std::string& cheap_condition() const { return cheap_; }
  // Whether rows are asked one by one, of functions of ours.
  bool asks_leaves() const { return !used_.empty(); }

 private:
  std::string condition_, cheap_;
  Leaves& leaves_;
  std::vector<uint64_t> used_;
};

// Keys that every matching row has: of each at least one. (The keys of a call are its first
// request's addresses and numbers, as its columns are.)
std::vector<AnyKey> required_keys(const query::Filter& filter);
// Kinds of records that can match; empty: any.
std::vector<std::string> required_kinds(const query::Filter& filter);
// Whether some part of the filter asks the other table: any(...) of calls, call fields of records.
bool asks_other_table(const query::Filter& filter);

}  // namespace siploom::store

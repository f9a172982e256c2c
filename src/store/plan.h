// Plan: what a question becomes: sources and conditions as SQL, alive together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/filter.h"
#include "store/duckdb/filter_sql.h"
#include "store/search.h"
#include "store/source_sql.h"

namespace siploom::store {

// A column by its own name, or a field of the registry, as an SQL expression.
Result<std::string> column_sql(std::string_view name, Table table);
std::string quoted_name(std::string_view name);

class Plan final {
 public:
  static Result<std::unique_ptr<Plan>> make(RowSets& sets, IndexCache& indexes, Leaves& leaves,
                                            const View& view, const Question& question);

  const Question& question() const { return question_; }
  const SourceNeeds& needs() const { return needs_; }
  const std::vector<query::Filter>& filters() const { return filters_; }
  const View& view() const { return view_; }
  // A table expression in brackets, and the condition for its rows.
  const std::string& source() const { return source_->text(); }
  const std::string& where() const { return where_; }
  // The part of it that SQL can say by itself, when the rest asks rows one by one and everything
  // can be asked in a row's own place; empty: not so.
  const std::string& cheap_where() const { return cheap_where_; }
  // Replaces the source, for a second step over fewer rows.
  void narrow(RowSets& sets, IndexCache& indexes, const SourceNeeds& needs);

 private:
  void add_other(RowSets& sets, IndexCache& indexes, FilterSql::Others& names);

  Question question_;
  View view_;
  SourceNeeds needs_;
  std::vector<query::Filter> filters_;
  std::unique_ptr<SourceSql> source_, other_;
  std::vector<std::unique_ptr<FilterSql>> sqls_;
  std::string where_, cheap_where_;
};

}  // namespace siploom::store

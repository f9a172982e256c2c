#include "store/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/node.h"
#include "store/duckdb/field_sql.h"

namespace siploom::store {

using Kind = query::Filter::Node::Kind;

namespace {

// A call's messages come before its end, and a message's call begins before it: how far the other
// table is looked at beyond the range.
constexpr Nanoseconds kCallReach = 24 * 3600 * kSecond;

bool has_column(Table table, std::string_view name) {
  const auto all = columns(table);
  return std::any_of(all.begin(), all.end(), [&](const ColumnInfo& c) { return c.name == name; });
}

// Frames are numbered within one reading of one capture.
bool asks_frames(const query::Filter::Node& node) {
  const bool field = (node.kind == Kind::Compare || node.kind == Kind::Has) && !node.is_header;
  if (field && node.field == registry::FieldId::Frame) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return asks_frames(*child); });
}
bool asks_frames(const query::Filter& filter) {
  const auto& parts = filter.message_predicates();
  return asks_frames(filter.root()) ||
         std::any_of(parts.begin(), parts.end(),
                     [](const query::Filter& part) { return asks_frames(part.root()); });
}

registry::Scope scope_of(Table table) {
  return table == Table::Calls ? registry::Scope::Call : registry::Scope::Message;
}

bool asks_who_saw(const query::Filter::Node& node) {
  if (!node.is_header &&
      (node.field == registry::FieldId::Node || node.field == registry::FieldId::Copy)) {
    const auto kind = node.kind;
    if (kind == query::Filter::Node::Kind::Compare || kind == query::Filter::Node::Kind::Has) {
      return true;
    }
  }
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return asks_who_saw(*child); });
}

bool asks_who_saw(const std::vector<query::Filter>& filters) {
  return std::any_of(filters.begin(), filters.end(),
                     [](const query::Filter& filter) { return asks_who_saw(filter.root()); });
}

}  // namespace

std::string quoted_name(std::string_view name) { return fmt::format("\"{}\"", name); }

// A column by its own name, or a field of the registry.
Result<std::string> column_sql(std::string_view name, Table table) {
  if (has_column(table, name)) return quoted_name(name);
  if (const registry::FieldInfo* field = registry::find_field(name)) {
    return value_sql(field->id, table);
  }
  const auto near = registry::nearest_fields(name);
  return fail(
      ErrorCode::InvalidArgument,
      fmt::format("unknown column '{}'{}", name,
                  near.empty() ? "" : fmt::format(": did you mean {}?", fmt::join(near, " or "))));
}

bool asks_calls(const Question& question) {
  if (question.table == Table::Calls) return true;
  if (question.table != Table::Records) return false;
  for (const std::string* text : {&question.filter, &question.scope}) {
    if (text->empty()) continue;
    const auto filter = query::Filter::compile(*text, scope_of(question.table));
    if (filter && asks_other_table(*filter)) return true;
  }
  return false;
}

Result<std::unique_ptr<Plan>> Plan::make(RowSets& sets, IndexCache& indexes, Leaves& leaves,
                                         const View& view, const Question& question) {
  auto plan = std::make_unique<Plan>();
  plan->question_ = question;
  plan->view_ = view;
  SourceNeeds needs;
  needs.table = question.table;
  needs.from = question.from;
  needs.to = question.to;
  needs.masked = question.masked;
  if (question.table == Table::Records) needs.sequence_from = question.sequence_from;
  for (const std::string* text : {&question.filter, &question.scope}) {
    if (text->empty()) continue;
    if (question.table != Table::Records && question.table != Table::Calls) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("a filter cannot be asked of {}", table_name(question.table)));
    }
    plan->filters_.push_back(SL_TRY(query::Filter::compile(*text, scope_of(question.table))));
    if (asks_frames(plan->filters_.back())) {
      return fail(
          ErrorCode::InvalidArgument,
          "filter: what is stored has no 'frame': that is a number within one capture file; "
          "ask for its time");
    }
  }
  bool others = false;
  for (const query::Filter& filter : plan->filters_) {
    for (auto& keys : required_keys(filter)) needs.keys.push_back(std::move(keys));
    if (question.table == Table::Records && needs.kinds.empty()) {
      needs.kinds = required_kinds(filter);
    }
    others = others || asks_other_table(filter);
  }
  plan->question_.with_copies =
      question.table != Table::Records || question.with_copies || asks_who_saw(plan->filters_);
  if (question.table == Table::Records) needs.sequences = question.sequences;
  plan->needs_ = needs;
  plan->source_ = std::make_unique<SourceSql>(sets, indexes, view, needs, question.live_calls);
  FilterSql::Others names;
  if (others) plan->add_other(sets, indexes, names);
  plan->where_ = plan->source_->time_condition();
  if (!plan->question_.with_copies) plan->where_ += " AND NOT \"copy\"";
  if (!question.sequences.empty()) {
    plan->where_ += fmt::format(" AND sequence IN ({})", fmt::join(question.sequences, ", "));
  }
  std::string cheap = plan->where_;
  bool asks_leaves = false;
  for (size_t i = 0; i < plan->filters_.size(); ++i) {
    const bool is_scope = i + 1 == plan->filters_.size() && !question.scope.empty();
    const FilterSql::Sight sight{question.masked && !is_scope, question.masked && is_scope,
                                 question.control};
    plan->sqls_.push_back(
        std::make_unique<FilterSql>(leaves, plan->filters_[i], question.table, names, sight));
    plan->where_ += " AND " + plan->sqls_.back()->condition();
    cheap += " AND " + plan->sqls_.back()->cheap_condition();
    asks_leaves = asks_leaves || plan->sqls_.back()->asks_leaves();
  }
  if (asks_leaves && !others) plan->cheap_where_ = std::move(cheap);
  return plan;
}

void Plan::narrow(RowSets& sets, IndexCache& indexes, const SourceNeeds& needs) {
  source_ = std::make_unique<SourceSql>(sets, indexes, view_, needs, question_.live_calls);
}

void Plan::add_other(RowSets& sets, IndexCache& indexes, FilterSql::Others& names) {
  SourceNeeds needs;
  const bool calls = question_.table == Table::Calls;
  needs.table = calls ? Table::Records : Table::Calls;
  needs.masked = question_.masked;
  if (is_known(question_.from)) {
    needs.from = calls ? question_.from : question_.from + -kCallReach;
  }
  if (is_known(question_.to)) needs.to = calls ? question_.to + kCallReach : question_.to;
  if (calls) needs.kinds = {"sip"};
  other_ = std::make_unique<SourceSql>(sets, indexes, view_, needs, question_.live_calls);
  const std::string text =
      fmt::format("(SELECT * FROM {} WHERE {})", other_->text(), other_->time_condition());
  (calls ? names.records : names.calls) = text;
}

}  // namespace siploom::store

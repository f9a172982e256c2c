#include "store/search.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "store/duckdb/field_sql.h"
#include "store/plan.h"
#include "store/source_sql.h"
#include "store/user_sql.h"

namespace siploom::store {

using registry::FieldInfo;

namespace {

constexpr size_t kMaxLimit = 1'000'000;
// Up to this many rows are first found by their numbers, so that payloads are read of these alone.
constexpr size_t kMaxNumbered = 10'001;
// To read what was found, when the time for finding it is over.
constexpr auto kHandOver = std::chrono::milliseconds(500);

bool reads_payload(const std::string& sql) { return sql.find("payload") != std::string::npos; }

std::string_view tie_column(Table table) {
  switch (table) {
    case Table::Records:
      return "sequence";
    case Table::Calls:
    case Table::Streams:
      return "call_id";
    case Table::Ledger:
      break;
  }
  return "reason";
}

}  // namespace

namespace {

class DuckAnswer final : public Answer {
 public:
  DuckAnswer(std::unique_ptr<Plan> plan, Connection connection, Rows rows, size_t columns)
      : plan_(std::move(plan)),
        connection_(std::move(connection)),
        rows_(std::move(rows)),
        columns_(columns) {}
  void set_partial() { partial_ = true; }
  bool is_partial() const override { return partial_; }
  Result<bool> next() override { return rows_.next(); }
  const Rows& rows() const override { return rows_; }
  size_t column_count() const override { return columns_; }
  // "SORT VALUE <tab> TIE", as SQL literals.
  std::string cursor() const override {
    if (rows_.column_count() < columns_ + 2) return {};
    const auto literal = [&](size_t column) {
      if (rows_.is_null(column)) return std::string("NULL");
      const std::string_view type = rows_.column_type(column);
      if (type == "time") return fmt::format("t{}", rows_.integer(column));
      if (type == "integer" || type == "boolean") return fmt::format("i{}", rows_.display(column));
      if (type == "real") return fmt::format("r{}", rows_.display(column));
      return fmt::format("x{}", rows_.display(column));
    };
    return literal(columns_) + "\t" + literal(columns_ + 1);
  }

 private:
  std::unique_ptr<Plan> plan_;
  Connection connection_;
  Rows rows_;
  size_t columns_;
  bool partial_ = false;
};

// A value of a cursor as SQL; nothing: it was none of ours.
std::optional<std::string> cursor_sql(std::string_view text) {
  if (text == "NULL") return "NULL";
  if (text.empty()) return std::nullopt;
  const std::string_view value = text.substr(1);
  switch (text.front()) {
    case 't': {
      const auto ns = parse_number<int64_t>(value);
      return ns ? std::optional(sql_time({*ns})) : std::nullopt;
    }
    case 'i': {
      if (value == "true" || value == "false") return std::string(value);
      if (const auto number = parse_number<int64_t>(value)) return std::to_string(*number);
      const auto large = parse_number<uint64_t>(value);
      return large ? std::optional(std::to_string(*large)) : std::nullopt;
    }
    case 'r': {
      const auto number = parse_number<double>(value);
      return number ? std::optional(fmt::format("{:.17g}::DOUBLE", *number)) : std::nullopt;
    }
    case 'x':
      return sql_text(value);
    default:
      return std::nullopt;
  }
}

Result<std::string> cursor_condition(const std::string& cursor, const std::string& sort,
                                     bool descending, std::string_view tie) {
  if (cursor.empty()) return std::string("true");
  const Halves halves = split_once(cursor, '\t');
  const auto value = cursor_sql(halves.before), last = cursor_sql(halves.after);
  if (!value || !last || !halves.found) {
    return fail(ErrorCode::InvalidArgument, "the cursor is none that a search gave; leave it out");
  }
  const char* before = descending ? "<" : ">";
  if (*value == "NULL") return fmt::format("({} IS NULL AND {} {} {})", sort, tie, before, *last);
  return fmt::format("({0} {1} {2} OR ({0} = {2} AND {3} {1} {4}) OR {0} IS NULL)", sort, before,
                     *value, tie, *last);
}

struct SelectSql {
  std::vector<std::string> columns;  // "EXPRESSION AS "name""
  std::string sort;
  bool payload = false;
};

Result<SelectSql> select_sql(Table table, const Selection& selection) {
  SelectSql out;
  for (const std::string& name : selection.columns) {
    const std::string sql = SL_TRY(column_sql(name, table));
    out.payload = out.payload || reads_payload(sql);
    out.columns.push_back(fmt::format("{} AS {}", sql, quoted_name(name)));
  }
  const std::string sort =
      selection.sort.empty() ? std::string(time_column(table)) : selection.sort;
  out.sort = SL_TRY(column_sql(sort, table));
  return out;
}

// What a search that may be cut off has found, for as long as it runs.
class Finding final {
 public:
  Finding(Leaves& leaves, const Selection& selection, size_t limit, bool by_time)
      : leaves_(leaves),
        finds_(std::make_shared<Finds>(limit, !by_time               ? Finds::Order::Any
                                              : selection.descending ? Finds::Order::Latest
                                                                     : Finds::Order::Earliest)),
        number_(leaves.add(finds_)) {}
  Finding(const Finding&) = delete;
  Finding& operator=(const Finding&) = delete;
  ~Finding() { leaves_.remove(number_); }
  std::string sql() const {
    return fmt::format("sl_found({}::UBIGINT, sequence, coalesce(epoch_ns(time), 0)::BIGINT)",
                       number_);
  }
  std::vector<uint64_t> numbers() const { return finds_->sequences(); }

 private:
  Leaves& leaves_;
  std::shared_ptr<Finds> finds_;
  uint64_t number_;
};

// The numbers in the first column, ascending.
Result<std::vector<uint64_t>> numbers_of(Connection& connection, const std::string& sql,
                                         const QueryControl& control) {
  auto found = SL_TRY(connection.query(sql, control));
  std::vector<uint64_t> numbers;
  while (SL_TRY(found.next())) numbers.push_back(static_cast<uint64_t>(found.integer(0)));
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

Search::Search(const SearchOptions& options)
    : options_(options),
      leaves_(options.make_reader, options.mask),
      indexes_(std::make_unique<IndexCache>()) {}
Search::~Search() = default;

Result<std::unique_ptr<Search>> Search::open(const SearchOptions& options) {
  auto search = std::unique_ptr<Search>(new Search(options));
  DatabaseOptions database;
  database.memory_bytes = options.memory_bytes;
  database.threads = options.threads;
  database.temp_folder = options.folder + "/tmp";
  database.temp_bytes = options.temp_bytes;
  database.readable_folder = options.folder + "/segments/";
  search->database_ = SL_TRY(Database::open(database));
  auto connection = SL_TRY(search->database_->connect());
  SL_TRY_VOID(register_scan(connection, search->sets_));
  SL_TRY_VOID(register_leaves(connection, search->leaves_));
  SL_TRY_VOID(connection.run("SET parquet_metadata_cache = true"));
  SL_TRY_VOID(search->database_->lock());
  return search;
}

Result<std::unique_ptr<Answer>> Search::select(const View& view, const Question& question,
                                               const Selection& selection) {
  auto plan = SL_TRY(Plan::make(sets_, *indexes_, leaves_, view, question));
  const SelectSql sql = SL_TRY(select_sql(question.table, selection));
  const std::string_view tie = tie_column(question.table);
  const std::string after =
      SL_TRY(cursor_condition(selection.cursor, sql.sort, selection.descending, tie));
  const size_t limit = std::min(selection.limit, kMaxLimit);
  const std::string order =
      fmt::format("ORDER BY _sort {0} NULLS LAST, _tie {0}", selection.descending ? "DESC" : "ASC");
  std::string where = fmt::format("{} AND {}", plan->where(), after);
  auto connection = SL_TRY(database_->connect());
  const bool records = question.table == Table::Records && limit <= kMaxNumbered;
  const bool finds = records && !plan->cheap_where().empty();
  QueryControl control = question.control;
  bool partial = false;
  if (finds || (records && sql.payload)) {
    const Finding finding(leaves_, selection, limit, sql.sort == quoted_name("time"));
    if (finds) {
      // Only the first condition stands where rows can be left out unread; and only behind all of
      // them is a row found.
      where = fmt::format("{0} AND {1} AND CASE WHEN {0} AND {1} AND {2} THEN {3} ELSE false END",
                          plan->cheap_where(), after, plan->where(), finding.sql());
    }
    auto found = numbers_of(
        connection,
        fmt::format("SELECT sequence, {} AS _sort, sequence AS _tie FROM {} WHERE {} {} LIMIT {}",
                    sql.sort, plan->source(), where, order, limit),
        control);
    partial =
        !found && finds && control.is_over() && found.error().code == ErrorCode::LimitExceeded;
    if (!found && !partial) return tl::unexpected<Error>(found.error());
    std::vector<uint64_t> numbers = partial ? finding.numbers() : std::move(*found);
    where = numbers.empty() ? "false" : fmt::format("sequence IN ({})", fmt::join(numbers, ", "));
    SourceNeeds needs = plan->needs();
    needs.sequences = numbers.empty() ? std::vector<uint64_t>{0} : std::move(numbers);
    plan->narrow(sets_, *indexes_, needs);
    // What has been found is worth a moment more.
    control = {};
    control.deadline =
        std::max(question.control.deadline, std::chrono::steady_clock::now() + kHandOver);
  }
  std::vector<std::string> columns = sql.columns;
  columns.push_back(sql.sort + " AS _sort");
  columns.push_back(fmt::format("{} AS _tie", tie));
  auto rows = SL_TRY(
      connection.query(fmt::format("SELECT {} FROM {} WHERE {} {} LIMIT {}",
                                   fmt::join(columns, ", "), plan->source(), where, order, limit),
                       control));
  auto answer = std::make_unique<DuckAnswer>(std::move(plan), std::move(connection),
                                             std::move(rows), selection.columns.size());
  if (partial) answer->set_partial();
  return answer;
}

Result<std::unique_ptr<Answer>> Search::stream(const View& view, const Question& question,
                                               const Selection& selection) {
  auto plan = SL_TRY(Plan::make(sets_, *indexes_, leaves_, view, question));
  const SelectSql sql = SL_TRY(select_sql(question.table, selection));
  std::string order;
  if (selection.ordered) {
    order = fmt::format(" ORDER BY {0} {2} NULLS LAST, {1} {2}", sql.sort,
                        tie_column(question.table), selection.descending ? "DESC" : "ASC");
  }
  auto connection = SL_TRY(database_->connect());
  auto rows = SL_TRY(
      connection.stream(fmt::format("SELECT {} FROM {} WHERE {}{}", fmt::join(sql.columns, ", "),
                                    plan->source(), plan->where(), order),
                        question.control));
  return std::make_unique<DuckAnswer>(std::move(plan), std::move(connection), std::move(rows),
                                      selection.columns.size());
}

Result<std::unique_ptr<Answer>> Search::sql(const View& view, const std::string& text,
                                            const QueryControl& control) {
  Question question;
  question.table = Table::Ledger;  // the plan is for its control alone: of few rows
  question.control = control;
  std::vector<std::unique_ptr<SourceSql>> sources;
  auto connection = SL_TRY(database_->connect());
  std::string with;
  const std::string folded = lower(text);
  for (const Table table : {Table::Records, Table::Calls, Table::Streams, Table::Ledger}) {
    if (folded.find(table_name(table)) == std::string::npos) continue;
    SourceNeeds needs;
    needs.table = table;
    sources.push_back(std::make_unique<SourceSql>(sets_, *indexes_, view, needs));
    with += fmt::format("{}{} AS {}", with.empty() ? "WITH " : ", ", table_name(table),
                        sources.back()->text());
  }
  // One statement that gives rows; what changes something finds nothing to change, and no file.
  const std::string whole = around_user_sql(with, text);
  const auto tidy = [](Error error) {
    error.message = tidy_sql_error(error.message);
    return tl::unexpected<Error>(std::move(error));
  };
  const auto shape = connection.query(whole + " LIMIT 0", control);
  if (!shape) return tidy(shape.error());
  bool readable = true;
  for (size_t i = 0; i < shape->column_count(); ++i) readable = readable && shape->is_readable(i);
  auto found = connection.query(readable ? whole : readable_user_sql(with, text, *shape), control);
  if (!found) return tidy(found.error());
  Rows rows = std::move(*found);
  const size_t columns = rows.column_count();
  auto plan = SL_TRY(Plan::make(sets_, *indexes_, leaves_, view, question));
  return std::make_unique<DuckAnswer>(std::move(plan), std::move(connection), std::move(rows),
                                      columns);
}

}  // namespace siploom::store

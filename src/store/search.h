// Search: questions to what is stored and what is not sealed yet, in the filter language. One
// answer, whichever of the two holds the rows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/duckdb/database.h"
#include "store/duckdb/leaf.h"
#include "store/duckdb/scan.h"
#include "store/store.h"
#include "store/table.h"

namespace siploom::store {

struct SearchOptions {
  std::string folder;  // of the store: nothing else can be read
  uint64_t memory_bytes = uint64_t{384} << 20;
  uint64_t temp_bytes = uint64_t{4} << 30;
  unsigned threads = 2;
  MakePayloadReader make_reader;
  MaskPayload mask = nullptr;  // null: nothing can be asked `masked`
};

// What is asked of which rows.
struct Question {
  Table table = Table::Records;
  std::string filter;        // filter language; empty: all
  std::string scope;         // another one that rows have to satisfy, of who asks
  bool masked = false;       // payloads are seen as who may not read secrets sees them, in columns
                             // and by the filter; the scope sees all
  Timestamp from = kNoTime;  // by the rows' own time (calls: start); from <= time < to
  Timestamp to = kNoTime;
  uint64_t sequence_from = 0;  // of records: that number and later ones
  // Of records: also those of a packet that another place had seen before. Without it they are left
  // out, unless the filter or the grouping asks who saw what.
  bool with_copies = false;
  std::vector<uint64_t> sequences;           // of records: these alone, ascending; empty: all
  std::shared_ptr<const RowSet> live_calls;  // calls that are not over, beside the stored ones
  QueryControl control;
};

// Whether calls have a part in the answer; then it needs those that are going on, too.
bool asks_calls(const Question& question);

struct Selection {
  std::vector<std::string> columns;  // of the table; or fields of the registry ("contact.user")
  std::string sort;                  // a column or field; empty: time
  bool descending = true;
  size_t limit = 100;
  std::string cursor;    // where the page before ended
  bool ordered = false;  // of stream(): by `sort`, beyond memory in files of the store's tmp/
};

// A column of numbers over groups of rows.
struct Measure {
  enum class Kind : uint8_t { Count, Rate, Sum, Average, Minimum, Maximum, Quantile, Distinct };
  Kind kind = Kind::Count;
  std::string field;
  double quantile = 0.5;
};
// "count", "rate" (a second), "sum(F)", "avg(F)", "min(F)", "max(F)", "p95(F)", "distinct(F)" of a
// field F; quantiles are within a percent or so, durations in seconds.
Result<Measure> parse_measure(std::string_view text);
std::string measure_name(const Measure& measure);

struct Grouping {
  std::vector<std::string> by;  // fields; of those with several values a row counts for each
  Nanoseconds bucket = 0;       // and over time; 0: not
  std::vector<Measure> measures = {Measure{}};
  // For rates: where a range without an end ends; kNoTime: with its last row. One without a
  // beginning begins with its first row.
  Timestamp now = kNoTime;
  size_t limit = 1000;  // groups (over all buckets): the largest by the first measure
};

struct GroupRow {
  Timestamp bucket = kNoTime;  // its beginning
  std::vector<std::optional<std::string>> keys;
  std::vector<std::optional<double>> values;
};

struct Groups {
  std::vector<GroupRow> rows;  // by bucket, then the largest first
  size_t dropped = 0;          // groups beyond the limit
  size_t from_rollup = 0;      // segments whose side file had the answer
  size_t from_rows = 0;        // segments that were read
};

// An answer: rows in order. It keeps what it reads for as long as it lives. One thread.
class Answer {
 public:
  virtual ~Answer() = default;
  virtual Result<bool> next() = 0;
  virtual const Rows& rows() const = 0;
  // Columns that were asked for; what the rows have behind them is for cursor().
  virtual size_t column_count() const = 0;
  // Continues behind the row at hand when given as Selection::cursor.
  virtual std::string cursor() const = 0;
  // Its time was over: these are the rows found until then, and there may be more between them.
  virtual bool is_partial() const = 0;
};

class IndexCache;

class Search final {
 public:
  static Result<std::unique_ptr<Search>> open(const SearchOptions& options);
  ~Search();

  // One page; whether there are more is told by asking for one row more than wanted. What reads
  // messages one by one gives what it has found when its time is over (is_partial()).
  Result<std::unique_ptr<Answer>> select(const View& view, const Question& question,
                                         const Selection& selection);
  // All of it, row by row as they are found, or ordered; limit and cursor do not count.
  Result<std::unique_ptr<Answer>> stream(const View& view, const Question& question,
                                         const Selection& selection);
  // Counts come from the side files where these can tell.
  Result<Groups> group(const View& view, const Question& question, const Grouping& grouping);
  // SQL of the user's over the views records, calls, streams, ledger.
  Result<std::unique_ptr<Answer>> sql(const View& view, const std::string& text,
                                      const QueryControl& control);

 private:
  explicit Search(const SearchOptions& options);
  SearchOptions options_;
  RowSets sets_;
  Leaves leaves_;
  std::unique_ptr<IndexCache> indexes_;
  std::unique_ptr<Database> database_;  // last: what it calls outlives it
};

}  // namespace siploom::store

#include "cli/row_finder.h"

#include <fmt/format.h>

#include "cli/opened_store.h"
#include "cli/remote.h"

namespace siploom::cli {

namespace {

// Up to so many rows are held, to be turned round; more come in order from the store.
constexpr size_t kMostHeld = 10'000;
// What is sorted beyond it lies in files meanwhile.
// And so many are sorted at once: DuckDB takes more memory for wide rows than it is given.
constexpr double kWindowRows = 60'000;
constexpr uint64_t kSearchBytes = uint64_t{256} << 20;

std::string filter_of(const Options& options) {
  return fmt::format("{}", fmt::join(options.store.words, " "));
}

std::vector<std::string> names_of(const std::vector<RowColumn>& columns) {
  std::vector<std::string> out;
  for (const RowColumn& column : columns) out.push_back(column.name);
  return out;
}

class StoreFinder final : public RowFinder {
 public:
  StoreFinder(OpenedStore opened, const Options& options)
      : opened_(std::move(opened)), options_(options), control_(control_of(options.store)) {}

  Result<void> calls(TakeCall take) override {
    return each(pipeline::call_columns(), [&](const store::Answer& answer) {
      return take(pipeline::read_call(answer.rows()));
    });
  }
  Result<void> records(TakeRecord take) override {
    return each(pipeline::record_columns(), [&](const store::Answer& answer) {
      return take(pipeline::read_record(answer.rows()));
    });
  }
  Result<void> cells(std::vector<RowColumn>& columns, TakeCells take) override {
    return each(names_of(columns), [&](const store::Answer& answer) {
      columns = columns_of(answer.rows(), answer.column_count());
      return take(cells_of(answer.rows(), answer.column_count()));
    });
  }
  Result<size_t> count() override {
    const auto groups = SL_TRY(opened_.search->group(opened_.view, question(), store::Grouping{}));
    return static_cast<size_t>(groups.rows.empty() ? 0 : groups.rows[0].values[0].value_or(0));
  }
  bool is_in_order() const override { return is_streamed() || !options_.calls.sort.empty(); }

 private:
  bool is_streamed() const { return options_.store.limit == 0 || options_.store.limit > kMostHeld; }
  store::Question question() const {
    store::Question question;
    question.table = options_.store.table == "calls" ? store::Table::Calls : store::Table::Records;
    question.filter = filter_of(options_);
    // Beside the filter, so that errors are about what was typed.
    if (options_.store.table == "messages") question.scope = "record.kind == sip";
    question.from = options_.input.from;
    question.to = options_.input.to;
    question.control = control_;
    return question;
  }
  store::Selection selection(const std::vector<std::string>& columns) const {
    store::Selection selection;
    selection.columns = columns;
    selection.limit = options_.store.limit;
    selection.sort = options_.calls.sort;
    if (selection.sort.empty()) {
      selection.descending = !is_streamed();
    } else {
      selection.descending = selection.sort.front() == '-';
      if (selection.descending) selection.sort.erase(0, 1);
    }
    return selection;
  }
  Result<void> each(const std::vector<std::string>& columns,
                    FunctionRef<bool(const store::Answer&)> take) {
    if (!is_streamed()) {
      const auto answer =
          SL_TRY(opened_.search->select(opened_.view, question(), selection(columns)));
      while (SL_TRY(answer->next()) && take(*answer)) {
      }
      if (!answer->is_partial()) return {};
      return fail(ErrorCode::LimitExceeded,
                  "the search took too long and was ended; narrow its time range or its filter, or "
                  "give it more time (--time-limit)");
    }
    // The newest of many are the last ones in order.
    size_t left = options_.store.limit == 0 ? SIZE_MAX : options_.store.limit, skip = 0;
    if (left != SIZE_MAX && options_.calls.sort.empty()) {
      const size_t all = SL_TRY(count());
      skip = all > left ? all - left : 0;
    }
    store::Selection wanted = selection(columns);
    wanted.ordered = true;
    store::Question window = question();
    std::vector<Timestamp> ends = SL_TRY(window_ends());
    ends.push_back(window.to);
    for (const Timestamp end : ends) {
      window.to = end;
      const auto answer = SL_TRY(opened_.search->stream(opened_.view, window, wanted));
      while (left > 0 && SL_TRY(answer->next())) {
        if (skip > 0) {
          --skip;
          continue;
        }
        --left;
        if (!take(*answer)) return {};
      }
      window.from = end;
    }
    return {};
  }
  // Where to divide the time so that few records lie between two places; by all of them, which the
  // side files know. Nothing when not every record lies in such a part.
  Result<std::vector<Timestamp>> window_ends() {
    std::vector<Timestamp> out;
    if (options_.store.table == "calls" || !options_.calls.sort.empty()) return out;
    store::Question all = question();
    all.filter.clear();
    all.scope.clear();
    store::Grouping minutes;
    minutes.bucket = 60 * kSecond;
    const auto found = SL_TRY(opened_.search->group(opened_.view, all, minutes));
    const auto whole = SL_TRY(opened_.search->group(opened_.view, all, store::Grouping{}));
    double sum = 0, here = 0;
    for (const store::GroupRow& row : found.rows) {
      const double count = row.values[0].value_or(0);
      if (!is_known(row.bucket)) return std::vector<Timestamp>{};
      if (here > 0 && here + count > kWindowRows) {
        out.push_back(row.bucket);
        here = 0;
      }
      here += count;
      sum += count;
    }
    if (whole.rows.empty() || whole.rows[0].values[0].value_or(0) != sum) out.clear();
    return out;
  }

  OpenedStore opened_;
  const Options& options_;
  store::QueryControl control_;
};

class ServerFinder final : public RowFinder {
 public:
  explicit ServerFinder(const Options& options) : options_(options), remote_(options.store) {}

  Result<void> calls(TakeCall take) override {
    return remote_.pages("calls", parameters(), pipeline::call_columns(), options_.store.limit,
                         [&](const RemoteRow& row) { return take(pipeline::read_call(row)); });
  }
  Result<void> records(TakeRecord take) override {
    return remote_.pages(options_.store.table, parameters(), pipeline::record_columns(),
                         options_.store.limit,
                         [&](const RemoteRow& row) { return take(pipeline::read_record(row)); });
  }
  Result<void> cells(std::vector<RowColumn>& columns, TakeCells take) override {
    return remote_.pages(options_.store.table, parameters(), names_of(columns),
                         options_.store.limit,
                         [&](const RemoteRow& row) { return take(row.cells()); });
  }
  Result<size_t> count() override {
    Remote::Parameters asked;
    for (const auto& each : parameters()) {
      if (each.first != "sort" && each.first != "order") asked.push_back(each);
    }
    return static_cast<size_t>(SL_TRY(remote_.count(options_.store.table, std::move(asked))));
  }
  bool is_in_order() const override {
    return options_.store.limit == 0 || !options_.calls.sort.empty();
  }

 private:
  Remote::Parameters parameters() const {
    std::string sort = options_.calls.sort;
    const bool ascending = sort.empty() ? options_.store.limit == 0 : sort.front() != '-';
    if (!sort.empty() && !ascending) sort.erase(0, 1);
    const auto time = [](Timestamp t) {
      return is_known(t) ? format_rfc3339(t, 9) : std::string();
    };
    return {
        {"filter", filter_of(options_)},   {"from", time(options_.input.from)},
        {"to", time(options_.input.to)},   {"sort", sort},
        {"order", ascending ? "asc" : ""}, {"timeout", timeout_text(options_.store.time_limit)}};
  }

  const Options& options_;
  Remote remote_;
};

}  // namespace

Result<std::unique_ptr<RowFinder>> find_rows(const Options& options) {
  if (!options.store.server.empty()) {
    return std::unique_ptr<RowFinder>(std::make_unique<ServerFinder>(options));
  }
  StoreCommandOptions where = options.store;
  where.memory_bytes = kSearchBytes;
  return std::unique_ptr<RowFinder>(
      std::make_unique<StoreFinder>(SL_TRY(open_store(where)), options));
}

}  // namespace siploom::cli

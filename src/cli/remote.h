// Remote: a siploom serve asked through its API, for commands that print what a store holds.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "cli/options.h"
#include "cli/row_writer.h"
#include "http/client.h"
#include "pipeline/stored.h"

namespace siploom::cli {

// A row of a page; columns that read_call() and read_record() want, or any.
class RemoteRow : public pipeline::RowValues {
 public:
  virtual std::vector<RowCell> cells() const = 0;
};

// An upload that the server reads.
struct RemoteJob {
  int64_t id = 0;
  std::string state, error;
  uint64_t bytes = 0, bytes_read = 0, records = 0, calls = 0;
  bool is_over() const { return state != "waiting" && state != "running"; }
};

// A time limit as the API takes it; 0 is its own most.
std::string timeout_text(Nanoseconds limit);

class Remote final {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  explicit Remote(const StoreCommandOptions& options);
  // Errors are what the server's problem says; of a filter as Filter::compile draws them here.
  Result<std::string> get(const std::string& path, const Parameters& parameters);
  // How many rows match; `table`: calls, messages, records.
  Result<uint64_t> count(const std::string& table, Parameters asked);
  Result<std::string> post(const std::string& path, const std::string& json);

  // Pages of `path` (calls, messages, records) with these columns, until `limit` rows came (0: all)
  // or `take` gives false. LimitExceeded when the server gave up: what came before is a part.
  using TakeRow = FunctionRef<bool(const RemoteRow& row)>;
  Result<void> pages(const std::string& path, const Parameters& asked,
                     const std::vector<std::string>& columns, size_t limit, TakeRow take);

  struct SqlRows {
    std::vector<RowColumn> columns;
    std::vector<std::vector<RowCell>> rows;
    std::string cut;  // why there are not all of them; empty: there are
  };
  Result<SqlRows> sql(const std::string& statement, Nanoseconds time_limit);

  // Captures for the server to read. `path` is sent, under this name.
  Result<RemoteJob> import_file(const std::string& path, const std::string& name);
  Result<RemoteJob> job(int64_t id);
  Result<void> cancel(int64_t id);

 private:
  Result<std::string> send(http::ClientRequest request, std::string_view filter = {});
  Result<RemoteJob> read_job(const std::string& body) const;

  std::string base_, token_;
  http::Client client_;
};

}  // namespace siploom::cli

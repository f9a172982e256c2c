// Remote: a siploom serve asked through its API, for commands that print what a store holds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/options.h"
#include "http/client.h"
#include "pipeline/stored.h"

namespace siploom::cli {

class Remote final {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  explicit Remote(const StoreCommandOptions& options);
  // Errors are what the server's problem says; of a filter as Filter::compile draws them here.
  Result<std::string> get(const std::string& path, const Parameters& parameters);
  // How many rows match; `table`: calls, messages, records.
  Result<uint64_t> count(const std::string& table, Parameters asked);
  Result<std::string> post(const std::string& path, const std::string& json);

  // Pages of `path` (calls, messages, records) with the columns that read_call() and read_record()
  // want, until `limit` rows came; 0: all.
  Result<std::vector<std::unique_ptr<pipeline::StoredCall>>> calls(const Parameters& asked,
                                                                   size_t limit);
  Result<std::vector<pipeline::StoredRecord>> records(const std::string& path,
                                                      const Parameters& asked, size_t limit);

 private:
  Result<std::string> send(http::ClientRequest request, std::string_view filter = {});
  using TakeRow = std::function<void(const pipeline::RowValues& row)>;
  Result<void> pages(const std::string& path, const Parameters& asked,
                     const std::vector<std::string>& columns, size_t limit, const TakeRow& take);

  std::string base_, token_;
  http::Client client_;
};

}  // namespace siploom::cli

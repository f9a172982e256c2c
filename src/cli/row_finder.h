// RowFinder: what `siploom query` asks for, from a store or from a server, row by row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "cli/options.h"
#include "cli/row_writer.h"
#include "pipeline/stored.h"

namespace siploom::cli {

class RowFinder {
 public:
  using TakeCall = FunctionRef<bool(std::unique_ptr<pipeline::StoredCall>)>;
  using TakeRecord = FunctionRef<bool(pipeline::StoredRecord)>;
  using TakeCells = FunctionRef<bool(const std::vector<RowCell>&)>;

  virtual ~RowFinder() = default;
  // Each gives rows to `take` until that returns false. An error may come after some of them: then
  // these are a part of the answer.
  virtual Result<void> calls(TakeCall take) = 0;
  virtual Result<void> records(TakeRecord take) = 0;
  // `columns` of the table as `take` gets them, their kinds as far as they are known before.
  virtual Result<void> cells(std::vector<RowColumn>& columns, TakeCells take) = 0;
  virtual Result<size_t> count() = 0;
  // Rows come as they are to be read; else the newest first, no more of them than memory is for.
  virtual bool is_in_order() const = 0;
};

// By the options: of the store, or of the server.
Result<std::unique_ptr<RowFinder>> find_rows(const Options& options);

}  // namespace siploom::cli

// Spool: input that comes only once, kept in a file of its own for commands that read twice.
#pragma once

#include <atomic>
#include <string>

#include "base/result.h"
#include "capture/source.h"

namespace siploom::cli {

class Spool final {
 public:
  Spool() = default;
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Both end at the end of input, or when `stop` is set.
  Result<void> keep_standard_input(const std::atomic<bool>& stop);
  // Gives what the capture had to say (packets dropped).
  Result<capture::SourceStats> keep_live(const capture::OpenOptions& options,
                                         const std::atomic<bool>& stop);
  const std::string& path() const { return path_; }

 private:
  Result<int> create();
  std::string path_;
};

}  // namespace siploom::cli

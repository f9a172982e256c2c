// Input: opens what the user named, runs the engine over it with progress and Ctrl-C, and says what
// was amiss.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "capture/source.h"
#include "cli/options.h"
#include "cli/spool.h"
#include "pipeline/engine.h"
#include "query/filter.h"

namespace siploom::cli {

// Set by SIGINT and SIGTERM; a second signal ends the program at once.
const std::atomic<bool>& stop_flag();
void catch_signals();

class Input final {
 public:
  Input(const InputOptions& options, const OutputOptions& output);
  // For commands that read twice: standard input, or a live capture until Ctrl-C, is kept in a
  // file.
  Result<void> make_rereadable();
  // Live: files are written after root's rights are gone.
  void will_write_files() { writes_files_ = true; }
  // Error: writing `path` would destroy what is read, be read itself, or not be what its name says.
  Result<void> check_output(const std::string& path) const;
  // Reads everything once (again) through `consumer`.
  Result<pipeline::EngineResult> run(pipeline::Consumer& consumer);
  // For walks over the frames themselves.
  Result<std::unique_ptr<capture::Source>> open() const;
  // Tells warnings of the last run on standard error: files cut off, packets dropped.
  void report() const;
  bool is_live() const { return !options_.interface.empty(); }
  bool is_stream() const;  // standard input or live: results should show as they come
  unsigned threads() const;
  const InputOptions& options() const { return options_; }

 private:
  capture::OpenOptions open_options() const;

  InputOptions options_;
  OutputOptions output_;
  std::optional<capture::SourceStats> stats_;
  Spool spool_;
  bool writes_files_ = false;
};

// Takes `words` apart into a filter and files. `filter_first`: the first word is a filter unless it
// names a file.
Result<void> resolve_words(InputOptions& input, bool filter_first);
Result<std::optional<query::Filter>> compile_filter(const std::string& text, registry::Scope scope);

}  // namespace siploom::cli

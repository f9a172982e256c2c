// Output: text to standard output in large writes; knows whether a person is looking, in what width
// and colour.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/options.h"

namespace siploom::cli {

class Output final {
 public:
  explicit Output(const OutputOptions& options);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool is_terminal() const { return terminal_; }
  bool color() const { return color_; }
  // Columns to fit into; 0: no limit.
  size_t width() const { return width_; }

  std::string& buffer() { return buffer_; }
  void write(std::string_view text);
  // Sends what is buffered. False once the reader has gone away (EPIPE) or the device is full.
  bool flush();
  bool is_broken() const { return broken_; }

 private:
  std::string buffer_;
  bool terminal_ = false;
  bool color_ = false;
  bool broken_ = false;
  size_t width_ = 0;
};

// "siploom: ..." on standard error.
void complain(std::string_view text);
int fail_with(const Error& error);  // complains, gives 2

}  // namespace siploom::cli

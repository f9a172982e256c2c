// LineCursor: a walk over the lines of a text that looks a few lines ahead and remembers the few it
// passed.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace siploom::capture::dump {

class LineCursor final {
 public:
  explicit LineCursor(std::string_view text) : text_(text) { load(0); }

  bool done() const { return at_ >= text_.size(); }
  // The line under the cursor, without its LF or CRLF. Empty at the end.
  std::string_view line() const { return line_; }
  size_t offset() const { return at_; }
  void next() {
    if (done()) return;
    if (line_.find_first_not_of(" \t") != std::string_view::npos) remember(line_);
    load(next_at_);
  }
  // The line `ahead` lines after this one; empty behind the end. For small numbers.
  std::string_view peek(size_t ahead) const {
    size_t at = at_, end = next_at_;
    for (; ahead > 0 && at < text_.size(); --ahead) {
      at = end;
      end = line_end(at);
    }
    return ahead == 0 ? without_end(at, end) : std::string_view{};
  }

  // Lines passed since the last packet, nearest first, blank ones left out; empty when there were
  // fewer.
  static constexpr size_t kRemembered = 3;
  std::string_view before(size_t nth) const {
    return nth < remembered_ ? past_[(newest_ + kRemembered - nth) % kRemembered]
                             : std::string_view{};
  }
  // What came before belongs to a packet already read.
  void forget() { remembered_ = 0; }

 private:
  size_t line_end(size_t from) const {
    if (from >= text_.size()) return text_.size();
    const size_t lf = text_.find('\n', from);
    return lf == std::string_view::npos ? text_.size() : lf + 1;
  }
  std::string_view without_end(size_t from, size_t end) const {
    if (from >= text_.size()) return {};
    std::string_view line = text_.substr(from, end - from);
    if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }
  void load(size_t from) {
    at_ = from;
    next_at_ = line_end(from);
    line_ = without_end(at_, next_at_);
  }
  void remember(std::string_view line) {
    newest_ = (newest_ + 1) % kRemembered;
    past_[newest_] = line;
    if (remembered_ < kRemembered) ++remembered_;
  }

  std::string_view text_, line_;
  size_t at_ = 0, next_at_ = 0;
  std::array<std::string_view, kRemembered> past_{};
  size_t newest_ = 0, remembered_ = 0;
};

}  // namespace siploom::capture::dump

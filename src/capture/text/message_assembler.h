// MessageAssembler: a SIP message out of the lines that a dump shows of it. Dumps lose line ends:
// CRLF (RFC 3261 7) is put back, and where that makes the body longer than Content-Length or the
// dump's own count says, a body of LF lines is tried. Blank lines behind the message belong to the
// dump.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace siploom::capture::dump {

enum class LineEnd : unsigned char { Lost, Crlf, Lf };

class MessageAssembler final {
 public:
  // Octets of the whole message as the dump tells them; 0: it does not.
  explicit MessageAssembler(size_t declared_bytes = 0) : declared_bytes_(declared_bytes) {}

  // The lines live until take(). The first is the start line. Too long a message loses its end.
  void add(std::string_view line, LineEnd end = LineEnd::Lost);
  // Nothing more can belong to the message, given the line that comes next.
  bool complete(std::string_view next_line) const;
  bool in_body() const { return state_ == State::Body; }
  bool empty() const { return state_ == State::Start; }
  std::string take();

  static constexpr size_t kMaxBytes = 1u << 20;

 private:
  enum class State : unsigned char { Start, SecondLine, Headers, Body };
  struct BodyLine {
    std::string_view text;
    LineEnd end;
  };
  void add_header(std::string_view line, LineEnd end);
  void add_body(std::string_view line, LineEnd end);
  void end_headers();
  // Whether a body of `sum` octets, the last `end_size` of which are a line end, is what was said;
  // gives its size.
  std::optional<size_t> exact(size_t sum, size_t end_size) const;
  std::string join_body(size_t lines, bool lf, size_t size) const;

  std::string head_;
  std::vector<BodyLine> body_;
  size_t declared_bytes_;
  std::optional<size_t> content_length_, declared_body_;
  bool has_type_ = false, double_spaced_ = false, skip_blank_ = false;
  State state_ = State::Start;
  size_t crlf_sum_ = 0, lf_sum_ = 0;
  struct Match {
    size_t lines = 0, size = 0;
    bool found = false;
  };
  Match crlf_match_, lf_match_;
};

}  // namespace siploom::capture::dump

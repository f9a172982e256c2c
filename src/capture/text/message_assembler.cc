#include "capture/text/message_assembler.h"

#include <algorithm>

#include "base/text.h"
#include "capture/text/sip_text.h"

namespace siploom::capture::dump {
namespace {

bool is_blank_line(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// RFC 8866 5: one letter, an equals sign, the value.
bool is_sdp_line(std::string_view line) {
  return line.size() >= 2 && line[1] == '=' && line[0] >= 'a' && line[0] <= 'z';
}

}  // namespace

void MessageAssembler::add(std::string_view line, LineEnd end) {
  if (head_.size() + crlf_sum_ + line.size() > kMaxBytes) return;
  if (state_ == State::Body) return add_body(line, end);
  // Some logs print the CR of each line as one more line end: then every other line is blank.
  if (state_ == State::SecondLine && is_blank_line(line) && end == LineEnd::Lost && !skip_blank_) {
    skip_blank_ = true;
    return;
  }
  if (state_ == State::SecondLine) {
    double_spaced_ = skip_blank_ && header_name_size(line) > 0;
    const bool had_no_headers = skip_blank_ && !double_spaced_;
    state_ = State::Headers;
    skip_blank_ = false;
    if (had_no_headers) {
      end_headers();
      return add_body(line, end);
    }
  } else if (double_spaced_ && skip_blank_ && is_blank_line(line)) {
    skip_blank_ = false;
    return;
  }
  add_header(line, end);
}

void MessageAssembler::add_header(std::string_view line, LineEnd end) {
  if (state_ == State::Headers && is_blank_line(line)) {
    skip_blank_ = double_spaced_;
    return end_headers();
  }
  head_ += line;
  head_ += end == LineEnd::Lf ? "\n" : "\r\n";
  skip_blank_ = double_spaced_;
  if (state_ == State::Start) {
    state_ = State::SecondLine;
    return;
  }
  const size_t name_size = header_name_size(line);
  if (name_size == 0) return;
  const std::string_view name = trim_right(line.substr(0, name_size));
  const std::string_view value = trim(line.substr(name_size + 1));
  if (iequals(name, "Content-Length") || iequals(name, "l")) {
    content_length_ = parse_number<size_t>(value);
  } else if (iequals(name, "Content-Type") || iequals(name, "c")) {
    has_type_ = true;
  }
}

void MessageAssembler::end_headers() {
  head_ += "\r\n";
  state_ = State::Body;
  if (declared_bytes_ >= head_.size()) declared_body_ = declared_bytes_ - head_.size();
}

void MessageAssembler::add_body(std::string_view line, LineEnd end) {
  if (double_spaced_ && skip_blank_ && is_blank_line(line)) {
    skip_blank_ = false;
    return;
  }
  skip_blank_ = double_spaced_;
  body_.push_back({line, end});
  const size_t end_size = end == LineEnd::Lf ? 1 : 2;
  crlf_sum_ += line.size() + end_size;
  lf_sum_ += line.size() + (end == LineEnd::Crlf ? 2 : 1);
  if (const auto size = exact(crlf_sum_, end_size); size && !crlf_match_.found) {
    crlf_match_ = {body_.size(), *size, true};
  }
  if (const auto size = exact(lf_sum_, end == LineEnd::Crlf ? 2 : 1); size && !lf_match_.found) {
    lf_match_ = {body_.size(), *size, true};
  }
}

std::optional<size_t> MessageAssembler::exact(size_t sum, size_t end_size) const {
  for (const auto& target : {content_length_, declared_body_}) {
    if (target && *target > 0 && (sum == *target || sum - end_size == *target)) return target;
  }
  return std::nullopt;
}

bool MessageAssembler::complete(std::string_view next_line) const {
  if (state_ != State::Body) return false;
  if (content_length_ && *content_length_ == 0) return true;
  if (!content_length_ && !has_type_ && declared_body_.value_or(0) == 0) return true;
  if (!content_length_ && !declared_body_) {
    return !body_.empty() && is_blank_line(next_line) && !is_sdp_line(next_line);
  }
  // An exact fit in the middle of a session description is chance.
  if (crlf_match_.found) return !is_sdp_line(next_line);
  if (lf_match_.found) return true;
  const size_t most = std::max(content_length_.value_or(0), declared_body_.value_or(0));
  return lf_sum_ > most && is_blank_line(next_line);
}

std::string MessageAssembler::join_body(size_t lines, bool lf, size_t size) const {
  std::string out;
  for (size_t i = 0; i < lines; ++i) {
    out += body_[i].text;
    const bool is_lf = body_[i].end == LineEnd::Lf || (lf && body_[i].end == LineEnd::Lost);
    out += is_lf ? "\n" : "\r\n";
  }
  if (out.size() > size) out.resize(size);
  return out;
}

std::string MessageAssembler::take() {
  if (state_ != State::Body && state_ != State::Start) end_headers();
  std::string out = std::move(head_);
  // Of two fits the one that takes all lines is the right one.
  const bool lf_wins =
      lf_match_.found && (!crlf_match_.found || lf_match_.lines > crlf_match_.lines);
  if (lf_wins) {
    out += join_body(lf_match_.lines, true, lf_match_.size);
  } else if (crlf_match_.found) {
    out += join_body(crlf_match_.lines, false, crlf_match_.size);
  } else {
    size_t lines = body_.size();
    while (lines > 0 && is_blank_line(body_[lines - 1].text)) --lines;
    out += join_body(lines, false, kMaxBytes);
  }
  *this = MessageAssembler();
  return out;
}

}  // namespace siploom::capture::dump

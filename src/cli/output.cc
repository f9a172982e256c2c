#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.h"

namespace siploom::cli {

namespace {

constexpr size_t kFlushBytes = 64 * 1024;

bool wants_color(ColorMode mode, bool terminal) {
  if (mode != ColorMode::Auto) return mode == ColorMode::Always;
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return terminal && !dumb && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

Output::Output(const OutputOptions& options) : terminal_(isatty(STDOUT_FILENO) != 0) {
  color_ = wants_color(options.color, terminal_);
  width_ = options.width;
  winsize size{};
  if (width_ == 0 && terminal_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    width_ = size.ws_col;
  if (width_ == 0 && terminal_) width_ = 80;
}

Output::~Output() { flush(); }

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kFlushBytes) flush();
}

bool Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !broken_) {
    const ssize_t sent = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (sent >= 0) {
      rest.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
  buffer_.clear();
  return !broken_;
}

// Much of what is said quotes the network, a file or a server.
void complain(std::string_view text) { fmt::print(stderr, "siploom: {}\n", printable(text)); }

int fail_with(const Error& error) {
  complain(error.message);
  return 2;
}

}  // namespace siploom::cli

#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>

namespace siploom::cli {

namespace {
// Quick work needs no bar, and a bar that changes faster than the eye follows is noise.
constexpr auto kShowAfter = std::chrono::milliseconds(500);
constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr size_t kBarColumns = 30;
}  // namespace

Progress::Progress(uint64_t total, bool wanted)
    : total_(total),
      on_(wanted && total != 0 && isatty(STDERR_FILENO) != 0),
      began_(Clock::now()),
      last_(began_) {}

void Progress::update(uint64_t done) {
  if (!on_) return;
  const auto now = Clock::now();
  if (now - began_ < kShowAfter || now - last_ < kRedrawEvery) return;
  last_ = now;
  const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const auto filled = static_cast<size_t>(part * kBarColumns);
  std::string bar(filled, '#');
  bar.resize(kBarColumns, '.');
  fmt::print(stderr, "\r[{}] {:3.0f} %  {:.0f} MB/s  {:.0f} s left ", bar, part * 100,
             static_cast<double>(done) / seconds / 1e6, part > 0 ? seconds / part - seconds : 0);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace siploom::cli

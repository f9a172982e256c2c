#include "capture/file_reader.h"

#include <fmt/format.h>

namespace siploom::capture {

FileReader::Step FileReader::cut_off(uint64_t have, uint64_t want) {
  return stop_with(
      fmt::format("cut off after packet {} ({} of {} octets)", stats_.frames, have, want));
}

FileReader::Step FileReader::stop_with(const std::string& warning) {
  if (window_->error()) {
    stats_.warnings.push_back(fmt::format("{}: {}; read up to packet {}", name_,
                                          window_->error()->message, stats_.frames));
  } else if (!warning.empty()) {
    stats_.warnings.push_back(fmt::format("{}: {}", name_, warning));
  }
  return Step::End;
}

void FileReader::hold(FrameBatch& batch) {
  auto owner = window_->owner();
  if (owner == nullptr || (!batch.owners.empty() && batch.owners.back() == owner)) return;
  batch.owners.push_back(std::move(owner));
}

FileReader::Step FileReader::need(FrameBatch& batch, size_t size) {
  if (window_->available() >= size) return Step::More;
  hold(batch);
  switch (window_->ensure(size)) {
    case Window::Status::Ready:
      return Step::More;
    case Window::Status::Wait:
      return Step::Wait;
    case Window::Status::Short:
      break;
  }
  return window_->available() == 0 ? stop_with({}) : cut_off(window_->available(), size);
}

}  // namespace siploom::capture

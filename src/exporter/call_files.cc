#include "exporter/call_files.h"

#include "base/text.h"

namespace siploom::exporter {

Result<void> CallFiles::add(size_t call, const capture::Frame& frame) {
  File& file = files_[call];
  const size_t offset = file.bytes.size();
  file.bytes.insert(file.bytes.end(), frame.data, frame.data + frame.captured);
  file.frames.push_back({frame, offset});
  waiting_bytes_ += frame.captured + sizeof(Waiting);
  if (waiting_bytes_ < kMaxWaitingBytes) return {};
  for (File& each : files_) SL_TRY_VOID(write_out(each));
  waiting_bytes_ = 0;
  return {};
}

Result<void> CallFiles::write_out(File& file) {
  if (file.frames.empty()) return {};
  if (!file.begun) file.link = file.frames.front().frame.link;
  auto writer = SL_TRY(capture::open_writer(file.path, options_, file.link, file.begun));
  if (!file.begun) ++written_;
  file.begun = true;
  for (Waiting& waiting : file.frames) {
    if (options_.format == capture::FileFormat::Pcap && waiting.frame.link != file.link) {
      ++left_out_;
      continue;
    }
    waiting.frame.data = file.bytes.data() + waiting.offset;
    SL_TRY_VOID(writer->write(waiting.frame));
  }
  SL_TRY_VOID(writer->finish());
  file.frames = {};
  file.bytes = {};
  return {};
}

Result<void> CallFiles::finish() {
  for (File& file : files_) SL_TRY_VOID(write_out(file));
  return {};
}

std::string file_name_part(std::string_view text) {
  constexpr size_t kMost = 80;
  std::string out;
  for (const char c : text.substr(0, kMost)) {
    const bool plain = is_alnum(c) || c == '-' || c == '_' || c == '@' || c == '+' || c == '.';
    out += plain ? c : '_';
  }
  if (out.empty()) return "unknown";
  if (out.front() == '.') out.front() = '_';
  return out;
}

}  // namespace siploom::exporter

#include "cli/capture_sink.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "capture/privileges.h"

namespace siploom::cli {

namespace {
constexpr uint64_t kRecordOverhead = 16;
constexpr size_t kMaxRemembered = 1u << 20;
}  // namespace

Result<void> CaptureSink::check() {
  const bool ng = options_.format == "pcapng" ||
                  (options_.format.empty() && options_.path.ends_with(".pcapng"));
  format_ = ng ? capture::FileFormat::PcapNg : capture::FileFormat::Pcap;
  if (options_.path == "-") return {};
  std::FILE* file = std::fopen(next_path().c_str(), "wb");
  if (file == nullptr) {
    return fail(ErrorCode::Io,
                fmt::format("cannot write {}: {}", next_path(), std::strerror(errno)));
  }
  std::fclose(file);
  capture::hand_over(next_path(), true);
  return {};
}

// out.pcap, then out-1.pcap, out-2.pcap ... when it is split.
std::string CaptureSink::next_path() const {
  const bool split = options_.split_size != 0 || options_.split_every != 0;
  if (!split || options_.path == "-") return options_.path;
  const size_t slash = options_.path.rfind('/');
  const size_t dot = options_.path.rfind('.');
  const bool has_suffix = dot != std::string::npos && (slash == std::string::npos || dot > slash);
  const std::string stem = options_.path.substr(0, has_suffix ? dot : std::string::npos);
  return fmt::format("{}-{:04}{}", stem, file_number_, has_suffix ? options_.path.substr(dot) : "");
}

Result<void> CaptureSink::open_next(const capture::Frame& frame) {
  capture::WriterOptions writer;
  writer.format = format_;
  writer_ = SL_TRY(capture::open_writer(next_path(), writer, frame.link));
  ++file_number_;
  file_begins_ = frame.time;
  file_bytes_ = 0;
  return {};
}

Result<void> CaptureSink::write_frame(const capture::Frame& frame) {
  const bool full = options_.split_size != 0 && file_bytes_ >= options_.split_size;
  const bool old = options_.split_every != 0 && writer_ != nullptr &&
                   frame.time - file_begins_ >= options_.split_every;
  if (writer_ != nullptr && (full || old)) {
    SL_TRY_VOID(writer_->finish());
    writer_.reset();
  }
  if (writer_ == nullptr) SL_TRY_VOID(open_next(frame));
  SL_TRY_VOID(writer_->write(frame));
  file_bytes_ += frame.captured + kRecordOverhead;
  bytes_ += frame.captured + kRecordOverhead;
  return {};
}

Result<void> CaptureSink::write(const model::Record& record, const pipeline::Chunk& chunk) {
  Result<void> result;
  // Frames far back are not kept any more (RecentFrames), so their numbers need not be either.
  if (written_.size() > kMaxRemembered) written_ = HashSet{};
  const auto one = [&](uint64_t number) {
    // Two messages may share a segment, and segments of several streams interleave.
    if (!result || !written_.insert(number)) return;
    recent_.with(chunk, number, [&](const capture::Frame& frame) { result = write_frame(frame); });
  };
  if (record.frames.empty()) {
    one(record.frame);
  } else {
    for (const uint64_t number : record.frames) one(number);
  }
  return result;
}

Result<void> CaptureSink::finish() {
  if (writer_ == nullptr) {
    // Nothing was found: a capture without packets, not an empty file.
    capture::WriterOptions empty;
    empty.format = format_;
    writer_ = SL_TRY(capture::open_writer(next_path(), empty));
  }
  return writer_->finish();
}

}  // namespace siploom::cli

// CaptureSink: writes the original packets of messages to a capture file, or to a row of them by
// size or time.
#pragma once

#include <memory>
#include <string>

#include "base/hash_set.h"
#include "capture/writer.h"
#include "model/record.h"
#include "pipeline/recent_frames.h"

namespace siploom::cli {

struct CaptureSinkOptions {
  std::string path;
  std::string format;           // pcap or pcapng; empty: by the name of the file
  uint64_t split_size = 0;      // octets
  Nanoseconds split_every = 0;  // capture time
};

class CaptureSink final {
 public:
  explicit CaptureSink(const CaptureSinkOptions& options) : options_(options) {}
  // Whether the file can be written at all, told before the work begins.
  Result<void> check();
  void before_chunk(const pipeline::Chunk& chunk) { recent_.add(chunk); }
  // All frames that carried the record, each once.
  Result<void> write(const model::Record& record, const pipeline::Chunk& chunk);
  Result<void> write_frame(const capture::Frame& frame);
  Result<void> finish();
  uint64_t bytes_written() const { return bytes_; }

 private:
  Result<void> open_next(const capture::Frame& frame);
  std::string next_path() const;

  CaptureSinkOptions options_;
  std::unique_ptr<capture::Writer> writer_;
  pipeline::RecentFrames recent_;
  capture::FileFormat format_ = capture::FileFormat::Pcap;
  Timestamp file_begins_ = kNoTime;
  uint64_t file_bytes_ = 0, bytes_ = 0;
  HashSet written_;
  unsigned file_number_ = 0;
};

}  // namespace siploom::cli

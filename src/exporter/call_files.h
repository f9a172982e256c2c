// CallFiles: one capture file a call, however many calls there are: frames wait in memory (capped)
// and are appended to their file in turn, so that one file is open at a time.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "capture/writer.h"

namespace siploom::exporter {

class CallFiles final {
 public:
  CallFiles(std::vector<std::string> paths, const capture::WriterOptions& options)
      : options_(options), files_(paths.size()) {
    for (size_t i = 0; i < paths.size(); ++i) files_[i].path = std::move(paths[i]);
  }
  Result<void> add(size_t call, const capture::Frame& frame);
  Result<void> finish();
  size_t files_written() const { return written_; }
  // Frames left out since their link type differs from their file's (plain pcap holds one).
  uint64_t left_out() const { return left_out_; }

 private:
  static constexpr size_t kMaxWaitingBytes = 64u << 20;
  struct Waiting {
    capture::Frame frame;  // data is set when it is written
    size_t offset = 0;
  };
  struct File {
    std::string path;
    std::vector<uint8_t> bytes;
    std::vector<Waiting> frames;
    capture::LinkType link{};
    bool begun = false;
  };
  Result<void> write_out(File& file);

  capture::WriterOptions options_;
  std::vector<File> files_;
  size_t waiting_bytes_ = 0;
  size_t written_ = 0;
  uint64_t left_out_ = 0;
};

// `text` as one component of a file name: nothing that a shell or file system minds, no leading
// dot, at most 80 octets.
std::string file_name_part(std::string_view text);

}  // namespace siploom::exporter

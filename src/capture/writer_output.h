// OutputFile: a buffered file descriptor for capture writers. Errors are sticky: after the first
// nothing is written.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace siploom::capture {

class OutputFile final {
 public:
  // `path` "-" is standard output. `append` keeps what is there.
  static Result<std::unique_ptr<OutputFile>> open(const std::string& path, bool append);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Up to `size` octets of the start of the file as it was when opened; fewer when it is shorter.
  Result<size_t> read_start(uint8_t* out, size_t size) const;
  uint64_t existing_bytes() const { return existing_bytes_; }

  // Room for `size` octets (at most kBufferBytes) that the caller fills, or null after an error.
  uint8_t* reserve(size_t size) {
    if (kBufferBytes - used_ < size && !drain()) return nullptr;
    return &buffer_[used_];
  }
  void commit(size_t size) { used_ += size; }
  // Any amount of octets.
  bool append(ByteSpan bytes);
  Result<void> flush();
  Result<void> close();
  // What went wrong; only after something did.
  tl::unexpected<Error> error() const;

  static constexpr size_t kBufferBytes = size_t{1} << 20;

 private:
  OutputFile(std::string path, int fd, bool owned)
      : path_(std::move(path)), fd_(fd), owned_(owned) {}
  bool drain();
  bool write_all(const uint8_t* data, size_t size);

  std::string path_;
  int fd_;
  bool owned_;
  int error_number_ = 0;
  uint64_t existing_bytes_ = 0;
  size_t used_ = 0;
  std::unique_ptr<uint8_t[]> buffer_ = std::make_unique<uint8_t[]>(kBufferBytes);
};

}  // namespace siploom::capture

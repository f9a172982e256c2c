// Window: the octets of a capture file as its reader walks over them: a mapped file, or blocks
// filled from a ByteSource. Pointers into a mapped window live as long as it; pointers into a block
// as long as somebody holds the block.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "capture/byte_source.h"

namespace siploom::capture {

class Window final {
 public:
  enum class Status : uint8_t { Ready, Wait, Short };

  static Result<std::unique_ptr<Window>> map(const std::string& path);
  static std::unique_ptr<Window> stream(std::unique_ptr<ByteSource> source);
  static std::unique_ptr<Window> memory(ByteSpan bytes);  // outlives the window
  ~Window();

  // Makes `size` octets available at data(). Short: the end comes before; available() tells how
  // many there are. Damaged or unreadable input ends like a short file, and error() says why.
  Status ensure(size_t size);
  const uint8_t* data() const { return at_; }
  size_t available() const { return static_cast<size_t>(end_ - at_); }
  void advance(size_t size) { at_ += size; }
  // What holds the octets at data(); null when the window itself does.
  std::shared_ptr<const void> owner() const { return block_; }
  bool is_mapped() const { return block_ == nullptr && source_ == nullptr; }
  uint64_t size() const { return static_cast<uint64_t>(end_ - begin_); }  // of a mapped file
  uint64_t offset() const { return stream_offset_ + static_cast<uint64_t>(at_ - begin_); }
  // When the file was last written; kNoTime: it is no file, or not known.
  Timestamp modified() const { return modified_; }
  void set_modified(Timestamp time) { modified_ = time; }
  const std::optional<Error>& error() const { return error_; }
  // Lets go of the pages of a mapped file before `offset`; they can be read again.
  void release_before(uint64_t offset);

 private:
  Window() = default;
  Status fill(size_t size);

  const uint8_t* begin_ = nullptr;
  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
  void* mapping_ = nullptr;
  size_t mapping_size_ = 0;
  uint64_t released_ = 0;
  std::unique_ptr<ByteSource> source_;
  std::shared_ptr<uint8_t[]> block_;
  size_t block_size_ = 0;
  uint64_t stream_offset_ = 0;
  bool at_end_ = false;
  Timestamp modified_ = kNoTime;
  std::optional<Error> error_;
};

}  // namespace siploom::capture

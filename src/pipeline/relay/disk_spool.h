// DiskSpool: messages that wait for a far end which is away, in files of heplify's form ({ u32
// length, network order; message } again and again), which `siploom import` reads, too. Bounded:
// the oldest file goes first. Outlives the program: what is found is taken up. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "intake/fd.h"

namespace siploom::pipeline::relay {

class DiskSpool final {
 public:
  static constexpr uint64_t kMaxFileBytes = uint64_t{16} << 20;
  static constexpr uint64_t kLeastFileBytes = 64 * 1024;
  static constexpr uint64_t kFiles = 16;  // that it is cut into, at the least, if it is large

  // `most_bytes` zero: nothing can be added. The folder is made when something is.
  DiskSpool(std::string folder, uint64_t most_bytes);

  // Takes up what an earlier run left. Error: the folder cannot be read.
  Result<void> open();
  // Error: the system does not take it; it is lost. Messages of the oldest file may be, too: see
  // dropped().
  Result<void> add(ByteSpan message);
  // To disk, as far as the kernel is concerned. Error: as with add(), of all since the last flush.
  Result<void> flush();
  // Gives the oldest messages, about `octets` of them, and forgets them. Error: a file could not
  // be read; the next call goes on behind it.
  Result<void> take(size_t octets, FunctionRef<void(ByteSpan)> each);
  // Notes how far the oldest file has been given, for the next run.
  Result<void> close();

  bool is_enabled() const { return most_bytes_ != 0; }
  bool is_empty() const { return messages_ == 0; }
  uint64_t messages() const { return messages_; }
  uint64_t octets() const { return octets_; }
  uint64_t dropped() const { return dropped_; }  // for want of room, or unreadable

 private:
  struct File {
    uint64_t number = 0;
    uint64_t size = 0, messages = 0;  // messages: not yet given
    uint64_t given = 0;               // octets, of the oldest
  };
  std::string path(uint64_t number) const;
  Result<void> take_up(uint64_t number, uint64_t given);
  Result<void> begin_file();
  void make_room(uint64_t octets);
  void drop_oldest(bool lost);

  std::string folder_;
  uint64_t most_bytes_, file_bytes_;
  std::deque<File> files_;  // the oldest first; the last is written to when `fd_` is open
  intake::Fd fd_;
  std::string unwritten_;
  uint64_t unwritten_messages_ = 0;
  uint64_t messages_ = 0, octets_ = 0, dropped_ = 0;
};

}  // namespace siploom::pipeline::relay

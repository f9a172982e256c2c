// StreamReader: HEP v3 messages out of a TCP (TLS, SCTP) stream. After garbage it looks for the
// next magic. One thread, a connection each; holds at most one message (64 KiB).
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace siploom::hep {

class StreamReader final {
 public:
  // So much garbage in a row, and the stream is given up: it is no HEP.
  static constexpr size_t kMaxGarbage = 64 * 1024;

  enum class Step : uint8_t { Message, NeedMore, Lost };
  struct Counters {
    uint64_t messages = 0, resyncs = 0, skipped_octets = 0;
  };

  // The octets must stay until next() has said NeedMore or Lost.
  void feed(ByteSpan octets) { input_ = octets; }
  // `message` lives until the next call of anything here: a view of what was fed when it lies whole
  // in that, else of a buffer.
  Step next(ByteSpan& message);
  const Counters& counters() const { return counters_; }
  // Octets of a message that is not whole yet.
  size_t pending() const { return buffer_.size(); }

 private:
  Step from_buffer(ByteSpan& message);
  Step from_input(ByteSpan& message);
  void top_up(size_t size);
  void skip(size_t octets);

  ByteSpan input_;
  std::vector<uint8_t> buffer_;  // the beginning of a message; the rest of it is to come
  Counters counters_;
  size_t garbage_ = 0;  // since the last message
  bool given_ = false;  // the buffer holds a message that was handed out
  bool lost_ = false;
};

}  // namespace siploom::hep

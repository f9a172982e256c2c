// DatagramJoiner: puts fragments of a datagram that a dump shows apart back together. It holds the
// one datagram whose SIP message is not complete; fragments between the same addresses belong to
// it.
#pragma once

#include <optional>
#include <string>

#include "capture/text/dialect.h"

namespace siploom::capture::dump {

class DatagramJoiner final {
 public:
  // Takes a datagram with a SIP message; what it held goes out first. `declared_bytes`: of the
  // payload, 0: not told. `lost_ends`: the text has LF where CRLF was, to be put back when all is
  // there.
  void begin(TextPacket packet, size_t declared_bytes, bool lost_ends, PacketSink& sink);
  // More octets from `src` to `dst`; false when no datagram waits for them.
  bool more(const Party& src, const Party& dst, std::string_view octets);
  void flush(PacketSink& sink);

 private:
  std::optional<TextPacket> held_;
  size_t declared_bytes_ = 0;
  bool lost_ends_ = false;
};

// A message from text with LF for CRLF.
std::string restore_message(std::string_view text, size_t declared_bytes);

}  // namespace siploom::capture::dump

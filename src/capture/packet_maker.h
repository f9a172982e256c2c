// PacketMaker: payloads whose packets are gone (reported by agents, kept by the store) as packets
// again: IP with UDP or TCP between their endpoints, so that Wireshark and every other tool reads
// them. Streams go on from one payload to the next. One thread; a capture file each.
#pragma once

#include <memory>

#include "base/net.h"
#include "capture/writer.h"

namespace siploom::capture {

class PacketMaker final {
 public:
  PacketMaker();
  ~PacketMaker();
  PacketMaker(const PacketMaker&) = delete;
  PacketMaker& operator=(const PacketMaker&) = delete;
  // SIP over TLS and WebSocket is put into TCP as it is. The frames are of LinkType::Raw.
  Result<void> write(Writer& writer, Timestamp time, Transport transport, const Endpoint& src,
                     const Endpoint& dst, std::string_view payload);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siploom::capture

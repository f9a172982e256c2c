// TCP reassembly for a watcher who must not trust, ask again or wait for ever (RFC 9293): segments
// swapped, reversed, repeated, overlapping, lost, captured from the middle. One thread. Memory is
// capped over all connections.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/time.h"
#include "packet/datagram.h"

namespace siploom::packet {

struct TcpLimits {
  size_t max_flows = 65'536;  // directions, least recently used goes first
  size_t max_buffered_bytes =
      64u << 20;                       // out-of-order segments and unread stream data of all flows
  size_t max_flow_bytes = 1u << 20;    // the same of one flow
  Nanoseconds gap_wait = 3 * kSecond;  // how long a missing segment is waited for (packet time)
  size_t gap_bytes = 256 * 1024;       // or how much may pile up behind it
};

struct TcpCounters {
  uint64_t segments = 0, copies = 0, retransmitted = 0, out_of_order = 0, gaps = 0, gap_bytes = 0,
           malformed = 0, evicted = 0;
};

// A stretch of the stream and the frame that brought it, for exports of original packets.
struct StreamPiece {
  uint64_t frame = 0;
  Timestamp time;
  uint32_t size = 0;
};

// One direction of a connection, as its reader sees it.
struct TcpFlow {
  Endpoint src, dst;
  uint64_t id = 0;               // unique within the run
  uint64_t peer_id = 0;          // the other direction, 0 when not seen
  void* reader_state = nullptr;  // the reader's own; freed by it in on_close
};

// Who reads the streams. consume() is handed all octets not yet taken, in order, as one contiguous
// span, and gives back how many it took; the rest stays and is handed over again with what follows.
// `pieces` tell which frames brought these octets (in order, sizes add up to data.size()).
class TcpReader {
 public:
  virtual ~TcpReader() = default;
  // Whether `data` looks like the beginning of something that the reader understands. Asked when
  // the beginning of the connection was not captured. If so, data is handed over at once. If not,
  // it waits a fifth of a second (packet time), or until the peer acknowledges it, for a segment
  // that belongs before it but was captured behind it.
  virtual bool is_beginning(ByteSpan data) {
    static_cast<void>(data);
    return false;
  }
  virtual size_t consume(TcpFlow& flow, ByteSpan data, std::span<const StreamPiece> pieces) = 0;
  // `missing` octets were never captured; what had not been taken (`left`) ends here and is then
  // forgotten.
  virtual void on_gap(TcpFlow& flow, ByteSpan left, std::span<const StreamPiece> pieces,
                      uint64_t missing) = 0;
  // The flow ended (FIN, RST, evicted, end of capture); `left` is what had not been taken.
  virtual void on_close(TcpFlow& flow, ByteSpan left, std::span<const StreamPiece> pieces) = 0;
};

class TcpReassembler final {
 public:
  explicit TcpReassembler(TcpReader& reader, const TcpLimits& limits = {});
  ~TcpReassembler();
  // `datagram.payload` begins with the TCP header. A segment that continues an empty stream is
  // handed to the reader where it lies, without a copy.
  void add(const Datagram& datagram, Timestamp time, uint64_t frame);
  // Gives up on gaps that are older than gap_wait.
  void expire(Timestamp now);
  // End of capture: gives up on all gaps, then closes every flow.
  void finish();
  const TcpCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siploom::packet

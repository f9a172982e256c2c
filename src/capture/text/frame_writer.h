// FrameWriter: raw IP frames (LINKTYPE_RAW) around the payloads of a text dump.
#pragma once

#include <cstdint>
#include <vector>

#include "base/flat_map.h"
#include "capture/text/addresses.h"
#include "capture/text/dialect.h"

namespace siploom::capture::dump {

// Frames one after another in one buffer; addresses are given to them when the buffer no longer
// grows.
struct FrameBuffer {
  struct Entry {
    Timestamp time;
    size_t offset = 0;
    size_t size = 0;
    LinkType link = LinkType::Raw;
  };
  std::vector<uint8_t> bytes;
  std::vector<Entry> entries;
};

// TCP streams are kept such that a reassembler finds the messages again: numbers follow each other,
// or follow the dump where it gives them. A message that begins while the body of the one before is
// not complete (its text was changed or cut) gets a connection of its own, lest it be taken for
// that body.
class FrameWriter final {
 public:
  void write(Timestamp time, const Ends& ends, const TextPacket& packet, const Glimpse& message,
             FrameBuffer& out);
  void write_octets(Timestamp time, const TextPacket& packet, FrameBuffer& out);
  // Payloads that did not fit into a datagram.
  uint64_t cut() const { return cut_; }

 private:
  // Never 0, and another for each packet: a text that stands twice was sent twice, and must not
  // pass for two sightings of one packet.
  uint16_t next_id() { return id_ = id_ == 0xFFFF ? uint16_t{1} : static_cast<uint16_t>(id_ + 1); }
  uint16_t id_ = 0;
  static constexpr size_t kMaxStreams = 65'536;
  struct StreamKey {
    Endpoint src, dst;
    bool operator==(const StreamKey&) const = default;
  };
  struct Stream {
    uint32_t next = 0;    // sequence number of what comes next
    uint32_t base = 0;    // the dump's first number of the connection ...
    uint32_t origin = 0;  // ... and ours
    bool started = false;
    bool has_base = false;
    bool at_odds = false;     // the last message is longer than it says
    size_t body_missing = 0;  // of the last message
  };

  void write_datagram(Timestamp time, const Ends& ends, std::string_view payload, FrameBuffer& out);
  void write_stream(Timestamp time, const Ends& ends, const TextPacket& packet,
                    const Glimpse& message, FrameBuffer& out);
  void write_segment(Timestamp time, const Ends& ends, uint32_t sequence, uint8_t flags,
                     std::string_view payload, FrameBuffer& out);
  Stream& stream(const Ends& ends);
  static uint64_t hash(const StreamKey& key);
  static uint32_t place(Stream& state, uint32_t told, bool is_syn);
  static void note_message(Stream& state, std::string_view payload, const Glimpse& message);
  uint32_t acknowledged(const Ends& ends, bool& known);

  FlatMap<StreamKey, Stream> streams_;
  uint64_t cut_ = 0;
};

}  // namespace siploom::capture::dump

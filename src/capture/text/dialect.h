// A dialect is one program's way to write traffic as text. The reader walks over the lines; the
// first dialect that sees one of its packets begin reads that packet. Anything that no dialect
// knows is passed over, so junk may stand anywhere and dialects may be mixed.
//
// Cost: begins() looks at the line and at few behind it; read() takes lines once. All of it is
// linear in the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/source.h"
#include "capture/text/clock.h"
#include "capture/text/lines.h"
#include "capture/text/sip_text.h"

namespace siploom::capture::dump {

// As a log of one side tells it: to or from the host that wrote the log.
enum class Direction : uint8_t { Unknown, Sent, Received };

// A TCP segment as tcpdump tells it; numbers may be relative or not.
struct SegmentNumbers {
  uint32_t sequence = 0;
  bool has_sequence = false;
  uint8_t flags = 0;  // of the TCP header (RFC 9293 3.1)
};

// One packet as a text tells it: the octets themselves, or a payload and what is known around it.
// Views are into the text.
struct TextPacket {
  TimeText time;
  std::optional<LinkType> link;  // set: `octets` is the frame
  std::string octets;            // frame or payload
  bool is_cut = false;           // the text had more of it than a message can hold
  Party src, dst;
  Direction direction = Direction::Unknown;
  Transport transport = Transport::Unknown;
  std::optional<SegmentNumbers> segment;
};

class PacketSink {
 public:
  virtual ~PacketSink() = default;
  virtual void take(TextPacket packet) = 0;
};

class Dialects;

class Dialect {
 public:
  virtual ~Dialect() = default;
  // A packet of this dialect begins at the line under the cursor.
  virtual bool begins(const LineCursor& at) const = 0;
  // Reads that packet: moves the cursor behind it, at least by one line.
  virtual void read(LineCursor& at, const Dialects& all, PacketSink& sink) = 0;
  // End of the text: what was held back goes out.
  virtual void finish(PacketSink& sink) { static_cast<void>(sink); }
};

// All dialects, in the order in which they are asked.
class Dialects final {
 public:
  Dialects();
  // Reads one packet, or passes over one line. False at the end of the text.
  bool step(LineCursor& at, PacketSink& sink);
  void finish(PacketSink& sink);
  // A packet with a heading of its own begins here, whatever was going on before. A bare SIP
  // message is not meant: one may stand in the body of another (message/sipfrag, RFC 3420).
  bool heading_at(const LineCursor& at) const;
  // A packet begins here, with a heading or without.
  bool packet_at(const LineCursor& at) const;

 private:
  std::vector<std::unique_ptr<Dialect>> with_heading_;
  std::unique_ptr<Dialect> bare_;
};

}  // namespace siploom::capture::dump

// HepFramer: cuts octets into HEP messages (HEP3 framing: magic, u16 total length). What lies whole
// in the octets given is handed on from there; only a begun message is kept.
//
// A Stream has HEP3 alone and goes on for ever; when it leaves its framing, the next magic is
// looked for. A Document (an HTTP body, a WebSocket message) has an end, and may instead be one
// message of any version, or gzip.
#pragma once

#include <string>

#include "intake/taker.h"

namespace siploom::intake {

class HepFramer final {
 public:
  enum class Unit : uint8_t { Stream, Document };
  static constexpr size_t kMaxMessageBytes = 65'535;
  static constexpr size_t kMaxResyncBytes = 64 * 1024;  // passed over before a stream is given up

  explicit HepFramer(Unit unit) : unit_(unit) {}
  // Takes all of `in`. False: no magic within kMaxResyncBytes; nothing more is to be given.
  bool feed(ByteSpan in, const Handover& to);
  // The end: what was begun is handed on (a document that is one message) or counted.
  void finish(const Handover& to);

  bool in_message() const { return !carry_.empty() || skipped_ > 0; }
  uint64_t messages() const { return messages_; }  // framed, since the beginning
  size_t held_bytes() const { return carry_.capacity(); }

 private:
  enum class Shape : uint8_t { Unknown, Messages, One };
  size_t decide(ByteSpan in);
  size_t slice(ByteSpan in, const Handover& to);
  size_t complete(ByteSpan in, const Handover& to);
  size_t collect(ByteSpan in);
  size_t search(ByteSpan bytes, const Handover& to);
  void hand_on(ByteSpan message, const Handover& to);

  Unit unit_;
  Shape shape_ = Shape::Unknown;
  bool oversize_ = false;
  std::string carry_;
  size_t skipped_ = 0;
  uint64_t messages_ = 0;
};

// Whether octets may be the beginning of HEP3 framing, as far as they go.
bool may_begin_hep3(ByteSpan bytes);

}  // namespace siploom::intake

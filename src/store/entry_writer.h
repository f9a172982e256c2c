// EntryWriter: puts entries together at the end of a string: a head, texts, a payload.
#pragma once

#include <string>
#include <string_view>

#include "model/call.h"
#include "model/record.h"
#include "model/stream.h"
#include "store/entry.h"

namespace siploom::store {

// What a record's row is made of; the texts may be slices of the payload, which are not copied
// twice.
struct RecordFields {
  Timestamp time, received;
  uint64_t sequence = 0;
  model::RecordKind kind = model::RecordKind::Sip;
  Transport transport = Transport::Udp;
  Endpoint src, dst;
  uint16_t status = 0, flags = 0;
  uint32_t cseq = 0, agent_id = 0, quirks = 0;
  std::array<std::string_view, kRecordTexts> texts{};
  ByteSpan payload;
  std::string made;  // what one of the texts may lie in

  std::string_view& text(RecordText which) { return texts[static_cast<size_t>(which)]; }
};

// Longer texts and payloads are cut (and a payload that is cut is said to be malformed).
constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxPayloadBytes = 384 * 1024;

// Each appends one entry to `out`, whose size is a multiple of 8 before and after.
void append_record(std::string& out, const RecordFields& fields);
struct CallExtras {
  uint64_t version = 0;
  Timestamp received;
  bool open = false;
  std::string_view ruri_user, ruri_host;  // of the Request-URI
};
void append_call(std::string& out, const model::Call& call, const CallExtras& extras);
void append_stream(std::string& out, const model::Stream& stream, std::string_view call_id,
                   std::string_view codec, std::string_view node, Timestamp received);
struct LedgerFields {
  Timestamp minute;
  Fate fate = Fate::Stored;
  IpAddress source;
  std::string_view node, reason;
  uint64_t count = 0, bytes = 0;
};
void append_ledger(std::string& out, const LedgerFields& fields);

}  // namespace siploom::store

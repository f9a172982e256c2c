// Entry: one row as it stands in the log and in the memory batch: a fixed head, then its octets.
// Little-endian, read in place; a version in every head. An entry is a multiple of 8 octets and
// begins at one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/net.h"
#include "base/time.h"

namespace siploom::store {

// What a row is of. The numbers stand in files: they never change their meaning.
enum class Table : uint8_t { Records = 1, Calls = 2, Streams = 3, Ledger = 4 };

constexpr uint8_t kEntryVersion = 1;
constexpr size_t kMaxEntryBytes = 512 * 1024;

struct EntryHead {
  uint32_t size = 0;  // of head and octets, a multiple of 8
  Table table = Table::Records;
  uint8_t version = kEntryVersion;
  uint8_t kind = 0;       // records: model::RecordKind
  uint8_t transport = 0;  // siploom::Transport
};
static_assert(sizeof(EntryHead) == 8);

// Where a text of the entry lies, from the entry's first octet.
struct Slice {
  uint16_t offset = 0;
  uint16_t size = 0;
};

inline std::string_view text_at(const void* entry, Slice slice) {
  return {static_cast<const char*>(entry) + slice.offset, slice.size};
}

// The texts of a record. `ExtraIds` are separated by line feeds; `Chunks` is a JSON object of what
// else its agent told about it.
enum class RecordText : uint8_t {
  CallId,
  CorrelationId,
  ExtraIds,
  Method,
  Reason,
  FromUser,
  FromHost,
  ToUser,
  ToHost,
  RuriUser,
  RuriHost,
  UserAgent,
  Node,
  Summary,
  Chunks,
  kCount
};
constexpr size_t kRecordTexts = static_cast<size_t>(RecordText::kCount);

// Bits of RecordHead::flags.
enum RecordFlag : uint16_t {
  kRetransmission = 1,  // sent again, as far as its transaction tells (RFC 3261 17)
  kCopy = 2,            // the same packet was seen at another place, too
  kMalformed = 4,
  kSecretCut = 8,  // a TLS secret was taken out of the payload and is kept apart
  kDatagram = 16,  // came in a datagram of its own: ends where its payload ends
  kPlain = 32,     // texts and payload are ASCII without NULs
};

struct RecordHead {
  EntryHead entry;
  int64_t time_ns = 0;      // by the capture point's clock
  int64_t received_ns = 0;  // by ours
  uint64_t sequence = 0;    // order of coming in, from 1, for good
  std::array<uint8_t, 16> src{}, dst{};
  uint16_t src_port = 0, dst_port = 0;
  uint16_t status = 0;  // of a response; 0 else
  uint16_t flags = 0;
  uint32_t cseq = 0;
  uint32_t agent_id = 0;
  uint32_t quirks = 0;  // what had to be healed (wire/hep)
  uint32_t payload_offset = 0, payload_size = 0;
  std::array<Slice, kRecordTexts> texts{};

  std::string_view text(RecordText which) const {
    return text_at(this, texts[static_cast<size_t>(which)]);
  }
  ByteSpan payload() const {
    return {reinterpret_cast<const uint8_t*>(this) + payload_offset, payload_size};
  }
};
static_assert(sizeof(RecordHead) % 8 == 0 && std::is_trivially_copyable_v<RecordHead>);

// Texts of a call; lists are separated by line feeds, Legs and Media are JSON arrays.
enum class CallText : uint8_t {
  CallId,
  CauseProtocol,
  CauseText,
  Method,
  Reason,
  RequestUri,
  RuriUser,
  RuriHost,
  FromUser,
  FromHost,
  FromDisplay,
  ToUser,
  ToHost,
  ToDisplay,
  UserAgents,
  Offered,
  Codecs,
  CorrelationIds,
  Nodes,
  Legs,
  Media,
  kCount
};
constexpr size_t kCallTexts = static_cast<size_t>(CallText::kCount);

enum class CallTime : uint8_t {
  Start,
  Invite,
  Trying,
  Ringing,
  Progress,
  Answer,
  Confirmed,
  Cancel,
  Bye,
  FinalResponse,
  Last,
  End,
  kCount
};
constexpr size_t kCallTimes = static_cast<size_t>(CallTime::kCount);

struct CallHead {
  EntryHead entry;       // kind: model::CallKind
  uint64_t version = 0;  // of two rows of one call (Call-ID and start) the higher one holds
  int64_t received_ns = 0;
  std::array<int64_t, kCallTimes> times{};
  std::array<uint8_t, 16> src{}, dst{};
  uint16_t src_port = 0, dst_port = 0;
  uint16_t status = 0, cause = 0;
  uint64_t first_sequence = 0, last_sequence = 0;  // of its records
  uint32_t messages = 0, retransmissions = 0, copies = 0, malformed = 0;
  uint32_t expires_s = 0;
  uint16_t forks = 0;
  uint8_t state = 0;      // model::CallState
  uint8_t hangup_by = 0;  // model::HangupBy
  uint8_t partial = 0;    // its beginning was not captured
  uint8_t open = 0;       // not over when it was written
  std::array<uint8_t, 6> unused{};
  std::array<Slice, kCallTexts> texts{};
  uint32_t unused2 = 0;

  std::string_view text(CallText which) const {
    return text_at(this, texts[static_cast<size_t>(which)]);
  }
  Timestamp time(CallTime which) const { return {times[static_cast<size_t>(which)]}; }
};
static_assert(sizeof(CallHead) % 8 == 0 && std::is_trivially_copyable_v<CallHead>);

enum class StreamText : uint8_t { CallId, Codec, Node, kCount };
struct StreamHead {
  EntryHead entry;
  int64_t received_ns = 0, first_ns = 0, last_ns = 0;
  std::array<uint8_t, 16> src{}, dst{};
  uint16_t src_port = 0, dst_port = 0;
  uint32_t ssrc = 0;
  uint64_t packets = 0, bytes = 0, duplicates = 0, copies = 0, expected = 0;
  uint8_t payload_type = 0, announced = 0;
  uint16_t unused = 0;
  std::array<Slice, static_cast<size_t>(StreamText::kCount)> texts{};

  std::string_view text(StreamText which) const {
    return text_at(this, texts[static_cast<size_t>(which)]);
  }
};
static_assert(sizeof(StreamHead) % 8 == 0 && std::is_trivially_copyable_v<StreamHead>);

// Where messages went, a minute and a source at a time.
enum class LedgerText : uint8_t { Node, Reason, kCount };
enum class Fate : uint8_t { Stored, Filtered, Lost };
struct LedgerHead {
  EntryHead entry;  // kind: Fate
  int64_t minute_ns = 0;
  std::array<uint8_t, 16> source{};
  uint64_t count = 0, bytes = 0;
  std::array<Slice, static_cast<size_t>(LedgerText::kCount)> texts{};

  std::string_view text(LedgerText which) const {
    return text_at(this, texts[static_cast<size_t>(which)]);
  }
};
static_assert(sizeof(LedgerHead) % 8 == 0 && std::is_trivially_copyable_v<LedgerHead>);

inline Endpoint endpoint_of(const std::array<uint8_t, 16>& octets, uint16_t port) {
  Endpoint e;
  e.address.octets = octets;
  e.port = port;
  return e;
}

// Whether the octets at `bytes` are an entry that can be read in place without fear; what is read
// back from a file is asked this once. Sets `size`.
bool is_entry(ByteSpan bytes, size_t& size);

}  // namespace siploom::store

// What the payload of a HEP message is, told by content first and by its type number second, and
// what it is tied to. Owns its texts; keep one Description and one Scratch and use them again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/hep/packet.h"
#include "wire/tree/tree.h"

namespace siploom::report {

enum class Kind : uint8_t {
  Sip,
  Sdp,
  Rtp,
  Rtcp,              // binary
  RtcpReport,        // RTCP as JSON
  VqReport,          // RFC 6035, as text or within SIP
  RtpReport,         // agents' summaries of streams
  HeaderStatistics,  // X-RTP-Stat and the like
  Log,
  TransportEvent,     // OpenSIPS net
  RestQuery,          // OpenSIPS rest
  ManagementCommand,  // OpenSIPS mi
  Correlation,        // OpenSIPS control: ids that belong together, and nothing else
  Ng,                 // rtpengine's control protocol
  Dns,
  Isup,
  Diameter,
  Map,
  Verto,
  Cdr,
  WebRtc,
  Megaco,
  Mgcp,
  Xmpp,
  Rtsp,
  KeepAlive,  // nothing, or blank lines
  Other,
  Count
};
std::string_view kind_name(Kind kind);  // stable: "sip", "rtcp_report", ...

// What an id names. Two ids are the same only within one space.
enum class IdSpace : uint8_t { Call, Net, Rest, Mi, Channel, NgCookie, Session, Other, Count };
std::string_view id_space_name(IdSpace space);  // stable: "call", "net", ..., "ng-cookie", ...

struct Id {
  IdSpace space = IdSpace::Other;
  std::string name;  // of an Other: what its sender calls it; else empty
  std::string value;
};

enum class Severity : uint8_t {
  Unknown,
  Debug,
  Info,
  Notice,
  Warning,
  Error,
  Critical,
  Alert,
  Emergency,
  Count
};
std::string_view severity_name(Severity severity);

// Figures of a stream, of the first report block where there are several. All as far as given.
struct Quality {
  std::optional<uint32_t> ssrc;         // of the reporter
  std::optional<uint32_t> source_ssrc;  // of the stream reported on
  std::optional<double> lost_share;     // 0 to 1, since the last report (vq: of the session)
  std::optional<int64_t> lost;          // packets, negative with duplicates (RFC 3550 6.4.1)
  std::optional<uint32_t> jitter_rtp;   // in units of the RTP clock
  std::optional<double> jitter_ms;
  std::optional<uint32_t> highest_sequence, lsr, dlsr;
  std::optional<uint64_t> packets, octets;  // sent (RTCP) or seen (reports)
  std::optional<uint64_t> expected_packets;
  std::optional<double> rtt_ms, mos, r_factor;
};

struct Description {
  static constexpr size_t kMaxIds = 16;
  static constexpr size_t kMaxSecrets = 4;
  static constexpr size_t kMaxIdBytes = 512;
  static constexpr size_t kMaxSummaryColumns = 200;

  Kind kind = Kind::Other;
  Severity severity = Severity::Unknown;
  bool malformed = false;  // of a known shape, but not well-formed
  std::string event;       // like a method: SR, ACCEPTED, GET, offer, query, IAM ...
  std::string summary;     // one line, printable UTF-8
  std::optional<Id> primary_id;
  Quality quality;
  // SIP, unwrapped; in the packet or in the Scratch. Not empty for every SIP message, whatever its
  // kind.
  std::string_view sip;

  std::span<const Id> extra_ids() const { return {ids.data(), id_count}; }
  // Octets of the payload that hold a TLS master secret: to be cut out and kept apart. Summary and
  // ids never hold any of them.
  std::span<const ByteSpan> secrets() const { return {secret_list.data(), secret_count}; }

  void clear();
  // Absent ids ("", "<null>") and repeated ones are passed over.
  void add_id(IdSpace space, std::string_view value, std::string_view name = {});
  void add_secret(ByteSpan octets);

  std::array<Id, kMaxIds> ids;
  std::array<ByteSpan, kMaxSecrets> secret_list;
  uint8_t id_count = 0, secret_count = 0;
  uint16_t ids_dropped = 0;  // beyond the list, or longer than kMaxIdBytes
};

struct Scratch {
  tree::Tree tree;
  std::string text, sip;
};

// Never fails: what is not understood has the kind of its type number, and its first line as
// summary.
void describe(const hep::Packet& packet, Description& out, Scratch& scratch);

// What a correlation id (chunk 0x11) of a message of this type names: by its form, then by the
// type.
IdSpace space_of(uint8_t protocol_type, std::string_view id);
// A chunk 0x20 as MOS: agents send it times 100, some as it is; nothing for scales unknown.
std::optional<double> mos_of(double value);

}  // namespace siploom::report

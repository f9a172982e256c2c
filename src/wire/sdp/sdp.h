// SDP (RFC 8866) read in one pass over the body, tolerant; views into the body. Nothing allocated
// beyond fixed tables.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/net.h"

namespace siploom::sdp {

enum class Direction : uint8_t { SendRecv, SendOnly, RecvOnly, Inactive };
std::string_view direction_name(Direction direction);

struct Format {                // one payload type of an m= line
  std::string_view text;       // as it stands: "8", "webrtc-datachannel", "t38"
  uint8_t payload_type = 255;  // 255: not a number
  std::string_view encoding;   // from rtpmap, or the static table of RFC 3551: "PCMA"
  uint32_t clock_hz = 0;
  uint8_t channels = 1;
  std::string_view fmtp;  // parameters as they stand
};

struct Crypto {  // RFC 4568
  uint32_t tag = 0;
  std::string_view suite, key_params, session_params;
  bool valid = false;
};

struct Media {
  static constexpr size_t kMaxFormats = 32;
  static constexpr size_t kMaxCandidates = 32;
  static constexpr size_t kMaxCrypto = 8;
  std::string_view media, protocol;  // "audio", "RTP/AVP"
  uint16_t port = 0;
  uint16_t port_count = 1;
  std::optional<IpAddress> address;  // its own c= line, or the session's
  std::string_view host;             // as it stands there
  Direction direction = Direction::SendRecv;
  std::optional<Endpoint>
      rtcp;  // a=rtcp (RFC 3605), where it names an address too; else port below
  uint16_t rtcp_port = 0;
  bool rtcp_mux = false;  // RFC 5761
  uint16_t ptime_ms = 0, maxptime_ms = 0;
  std::string_view mid, fingerprint, setup, ice_ufrag, ice_pwd, label;
  std::array<Format, kMaxFormats> formats{};
  std::array<std::string_view, kMaxCandidates> candidates{};  // a=candidate values (RFC 8839)
  std::array<Crypto, kMaxCrypto> crypto{};
  uint8_t format_count = 0, candidate_count = 0, crypto_count = 0;
  std::span<const Format> format_list() const { return {formats.data(), format_count}; }
};

struct Session {
  static constexpr size_t kMaxMedia = 16;
  std::string_view origin_user, session_id, session_version, origin_host, name;
  std::string_view host;  // session c=
  std::optional<IpAddress> address;
  Direction direction = Direction::SendRecv;
  std::string_view fingerprint, setup, ice_ufrag, ice_pwd;
  std::string_view bundle;  // a=group:BUNDLE mids (RFC 9143)
  bool ice_lite = false;
  bool malformed = false;  // some line could not be read; the rest was
  bool truncated = false;  // a table above was full
  std::array<Media, kMaxMedia> media{};
  uint8_t media_count = 0;
  std::span<const Media> media_list() const { return {media.data(), media_count}; }
};

// How much of a description is asked for. Media: addresses, ports, formats and their encodings;
// the rest stays as reset.
enum class Detail : uint8_t { All, Media };
// False: not SDP at all (no v= line and no m= line). LF-only and lone CR line ends are taken too.
// `out` is large: keep one and use it again (it is reset here).
bool parse(std::string_view body, Session& out, Detail detail = Detail::All);

// Encoding name and clock of a static payload type (RFC 3551 6), or an empty name.
struct StaticType {
  std::string_view encoding;
  uint32_t clock_hz = 0;
  uint8_t channels = 1;
};
StaticType static_type(uint8_t payload_type);

}  // namespace siploom::sdp

#include "wire/sdp/sdp.h"

#include <algorithm>

#include "base/byte_masks.h"
#include "base/text.h"
#include "wire/sdp/attributes.h"

namespace siploom::sdp {

namespace {

// RFC 8866 5.2: user, id, version, net type, address type, address.
void read_origin(std::string_view value, Session& out) {
  out.origin_user = take_word(value);
  out.session_id = take_word(value);
  out.session_version = take_word(value);
  take_word(value);
  take_word(value);
  out.origin_host = take_word(value);
  if (out.origin_host.empty()) out.malformed = true;
}

// RFC 8866 5.7: "IN IP4 host/ttl/count".
bool read_connection(std::string_view value, std::string_view& host,
                     std::optional<IpAddress>& address) {
  take_word(value);
  take_word(value);
  const std::string_view word = take_word(value);
  host = word.substr(0, word.find('/'));
  address = parse_ip(host);
  return !host.empty();
}

void add_format(Media& media, std::string_view text, Session& out) {
  if (media.format_count == Media::kMaxFormats) {
    out.truncated = true;
    return;
  }
  Format& format = media.formats[media.format_count++];
  format = Format{};
  format.text = text;
  if (const auto type = parse_number<uint8_t>(text); type && *type < 128) {
    format.payload_type = *type;
    const StaticType known = static_type(*type);
    format.encoding = known.encoding;
    format.clock_hz = known.clock_hz;
    format.channels = known.channels;
  }
}

// Only what is in use is reset: the tables are large.
void reset(Media& media) {
  media.media = media.protocol = media.host = {};
  media.port = media.rtcp_port = media.ptime_ms = media.maxptime_ms = 0;
  media.port_count = 1;
  media.address.reset();
  media.rtcp.reset();
  media.direction = Direction::SendRecv;
  media.rtcp_mux = false;
  media.mid = media.fingerprint = media.setup = media.ice_ufrag = media.ice_pwd = media.label = {};
  media.format_count = media.candidate_count = media.crypto_count = 0;
}

// RFC 8866 5.14: media, port[/count], protocol, formats.
Media* begin_media(std::string_view value, Session& out) {
  if (out.media_count == Session::kMaxMedia) {
    out.truncated = true;
    return nullptr;
  }
  Media& media = out.media[out.media_count++];
  reset(media);
  media.media = take_word(value);
  const Halves port = split_once(take_word(value), '/');
  const auto number = parse_number<uint16_t>(port.before);
  if (!number) out.malformed = true;
  media.port = number.value_or(0);
  if (port.found) media.port_count = parse_number<uint16_t>(port.after).value_or(1);
  media.protocol = take_word(value);
  for (std::string_view word = take_word(value); !word.empty(); word = take_word(value)) {
    add_format(media, word, out);
  }
  // What the session said holds until the media says otherwise (RFC 8866 5.7, 6.7).
  media.direction = out.direction;
  media.fingerprint = out.fingerprint;
  media.setup = out.setup;
  media.ice_ufrag = out.ice_ufrag;
  media.ice_pwd = out.ice_pwd;
  media.host = out.host;
  media.address = out.address;
  return &media;
}

void reset(Session& out) {
  out.origin_user = out.session_id = out.session_version = out.origin_host = out.name =
      out.host = {};
  out.fingerprint = out.setup = out.ice_ufrag = out.ice_pwd = out.bundle = {};
  out.address.reset();
  out.direction = Direction::SendRecv;
  out.ice_lite = out.malformed = out.truncated = false;
  out.media_count = 0;
}

}  // namespace

namespace {

// Reads line after line; what a line means depends on the media section it stands in.
class LineReader {
 public:
  LineReader(Session& out, Detail detail) : out_(out), detail_(detail) {}
  void read(std::string_view line);
  bool is_sdp() const { return has_version_ || out_.media_count != 0; }

 private:
  void read_attribute(std::string_view value) {
    if (detail_ == Detail::Media && !value.starts_with("rtpmap:")) return;
    if (media_ != nullptr) {
      read_media_attribute(value, *media_, out_);
    } else if (!dropped_media_) {
      read_session_attribute(value, out_);
    }
  }
  void read_address(std::string_view value) {
    if (dropped_media_) return;
    const bool good = media_ != nullptr ? read_connection(value, media_->host, media_->address)
                                        : read_connection(value, out_.host, out_.address);
    if (!good) out_.malformed = true;
  }

  Session& out_;
  const Detail detail_;
  Media* media_ = nullptr;
  bool has_version_ = false, dropped_media_ = false;
};

void LineReader::read(std::string_view line) {
  if (line.size() < 2 || line[1] != '=') {
    out_.malformed = true;
    return;
  }
  const std::string_view value = line.substr(2);
  switch (line[0]) {
    case 'v':
      has_version_ = true;
      break;
    case 'o':
      if (detail_ == Detail::All) read_origin(value, out_);
      break;
    case 's':
      out_.name = value;
      break;
    case 'c':
      read_address(value);
      break;
    case 'm':
      media_ = begin_media(value, out_);
      dropped_media_ = media_ == nullptr;
      break;
    case 'a':
      read_attribute(value);
      break;
    default:
      break;
  }
}

}  // namespace

// Line ends are found 64 octets at a time. CRLF, LF or a lone CR end a line (RFC 8866 5 asks to
// accept the sloppy ones), and empty lines mean nothing.
bool parse(std::string_view body, Session& out, Detail detail) {
  reset(out);
  LineReader reader(out, detail);
  size_t line = 0;
  for (size_t block = 0; block < body.size(); block += 64) {
    const size_t left = body.size() - block;
    const char* p = body.data() + block;
    const ByteMasks masks =
        left >= 64 ? find_in_64(p, '\r', '\n') : find_in_rest(p, left, '\r', '\n');
    for (uint64_t ends = masks.first | masks.second; ends != 0; ends &= ends - 1) {
      const size_t end = block + static_cast<unsigned>(__builtin_ctzll(ends));
      if (end > line) reader.read(body.substr(line, end - line));
      line = end + 1;
    }
  }
  if (line < body.size()) reader.read(body.substr(line));
  return reader.is_sdp();
}

std::string_view direction_name(Direction direction) {
  switch (direction) {
    case Direction::SendRecv:
      return "sendrecv";
    case Direction::SendOnly:
      return "sendonly";
    case Direction::RecvOnly:
      return "recvonly";
    case Direction::Inactive:
      return "inactive";
  }
  return "";
}

// RFC 3551 6, tables 4 and 5.
StaticType static_type(uint8_t type) {
  switch (type) {
    case 0:
      return {"PCMU", 8000, 1};
    case 3:
      return {"GSM", 8000, 1};
    case 4:
      return {"G723", 8000, 1};
    case 5:
      return {"DVI4", 8000, 1};
    case 6:
      return {"DVI4", 16'000, 1};
    case 7:
      return {"LPC", 8000, 1};
    case 8:
      return {"PCMA", 8000, 1};
    case 9:
      return {"G722", 8000, 1};
    case 10:
      return {"L16", 44'100, 2};
    case 11:
      return {"L16", 44'100, 1};
    case 12:
      return {"QCELP", 8000, 1};
    case 13:
      return {"CN", 8000, 1};
    case 14:
      return {"MPA", 90'000, 1};
    case 15:
      return {"G728", 8000, 1};
    case 16:
      return {"DVI4", 11'025, 1};
    case 17:
      return {"DVI4", 22'050, 1};
    case 18:
      return {"G729", 8000, 1};
    case 25:
      return {"CelB", 90'000, 1};
    case 26:
      return {"JPEG", 90'000, 1};
    case 28:
      return {"nv", 90'000, 1};
    case 31:
      return {"H261", 90'000, 1};
    case 32:
      return {"MPV", 90'000, 1};
    case 33:
      return {"MP2T", 90'000, 1};
    case 34:
      return {"H263", 90'000, 1};
    default:
      return {};
  }
}

}  // namespace siploom::sdp

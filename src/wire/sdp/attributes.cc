#include "wire/sdp/attributes.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::sdp {

namespace {

bool read_direction(std::string_view name, Direction& out) {
  if (name.size() != 8 || (name[0] != 's' && name[0] != 'r' && name[0] != 'i')) return false;
  for (const Direction d :
       {Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive}) {
    if (name == direction_name(d)) {
      out = d;
      return true;
    }
  }
  return false;
}

Format* format_of(Media& media, std::string_view payload_type) {
  for (size_t i = 0; i < media.format_count; ++i) {
    if (equal_short(media.formats[i].text, payload_type)) return &media.formats[i];
  }
  return nullptr;
}

// a=rtpmap:PT encoding/clock[/channels]
void read_rtpmap(std::string_view value, Media& media, Session& out) {
  Format* format = format_of(media, take_word(value));
  if (format == nullptr) return;
  const Halves name = split_once(trim(value), '/');
  const Halves clock = split_once(name.after, '/');
  format->encoding = name.before;
  const auto hz = parse_number<uint32_t>(trim(clock.before));
  if (!hz) out.malformed = true;
  format->clock_hz = hz.value_or(0);
  format->channels = parse_number<uint8_t>(trim(clock.after)).value_or(1);
}

// RFC 3605: a=rtcp:port [IN IP4 address]
void read_rtcp(std::string_view value, Media& media) {
  media.rtcp_port = parse_number<uint16_t>(take_word(value)).value_or(0);
  take_word(value);
  take_word(value);
  if (const auto address = parse_ip(take_word(value)))
    media.rtcp = Endpoint{*address, media.rtcp_port};
}

uint16_t milliseconds(std::string_view value) {
  return static_cast<uint16_t>(std::clamp(parse_number<double>(value).value_or(0), 0.0, 60'000.0));
}

struct Suite {
  std::string_view name;
  size_t key_and_salt_bytes;
};
// RFC 4568 6.2, RFC 6188, RFC 7714.
constexpr Suite kSuites[] = {{"AES_CM_128_HMAC_SHA1_80", 30}, {"AES_CM_128_HMAC_SHA1_32", 30},
                             {"F8_128_HMAC_SHA1_80", 30},     {"AES_192_CM_HMAC_SHA1_80", 38},
                             {"AES_192_CM_HMAC_SHA1_32", 38}, {"AES_256_CM_HMAC_SHA1_80", 46},
                             {"AES_256_CM_HMAC_SHA1_32", 46}, {"AEAD_AES_128_GCM", 28},
                             {"AEAD_AES_256_GCM", 44}};

// Octets that base64 text stands for; 0 when it is none.
size_t base64_size(std::string_view text) {
  size_t padding = 0;
  while (!text.empty() && text.back() == '=' && padding < 2) {
    text.remove_suffix(1);
    ++padding;
  }
  const bool clean = std::all_of(text.begin(), text.end(),
                                 [](char c) { return is_alnum(c) || c == '+' || c == '/'; });
  return clean ? text.size() * 3 / 4 : 0;
}

}  // namespace

Crypto parse_crypto(std::string_view value) {
  Crypto out;
  const std::string_view tag = take_word(value);
  out.tag = parse_number<uint32_t>(tag).value_or(0);
  out.suite = take_word(value);
  out.key_params = take_word(value);
  out.session_params = trim(value);
  const bool tag_good = !tag.empty() && tag.size() <= 9 && (tag == "0" || tag.front() != '0') &&
                        std::all_of(tag.begin(), tag.end(), is_digit);
  const bool inline_key = istarts_with(out.key_params, "inline:");
  for (const Suite& suite : kSuites) {
    if (!tag_good || !inline_key || suite.name != out.suite) continue;
    const std::string_view first = split_once(out.key_params.substr(7), ';').before;
    out.valid = base64_size(first.substr(0, first.find('|'))) == suite.key_and_salt_bytes;
  }
  return out;
}

void read_session_attribute(std::string_view attribute, Session& out) {
  if (read_direction(attribute, out.direction)) return;
  const Halves halves = split_once(attribute, ':');
  const std::string_view name = halves.before, value = trim(halves.after);
  if (name == "fingerprint") out.fingerprint = value;
  if (name == "setup") out.setup = value;
  if (name == "ice-ufrag") out.ice_ufrag = value;
  if (name == "ice-pwd") out.ice_pwd = value;
  if (name == "ice-lite") out.ice_lite = true;
  if (name == "group" && istarts_with(value, "BUNDLE")) out.bundle = trim(value.substr(6));
}

void read_media_attribute(std::string_view attribute, Media& media, Session& out) {
  if (read_direction(attribute, media.direction)) return;
  const Halves halves = split_once(attribute, ':');
  const std::string_view name = halves.before;
  std::string_view value = trim(halves.after);
  if (name == "rtpmap") {
    read_rtpmap(value, media, out);
  } else if (name == "fmtp") {
    if (Format* format = format_of(media, take_word(value))) format->fmtp = trim(value);
  } else if (name == "ptime") {
    media.ptime_ms = milliseconds(value);
  } else if (name == "maxptime") {
    media.maxptime_ms = milliseconds(value);
  } else if (name == "rtcp") {
    read_rtcp(value, media);
  } else if (name == "rtcp-mux") {
    media.rtcp_mux = true;
  } else if (name == "mid") {
    media.mid = value;
  } else if (name == "label") {
    media.label = value;
  } else if (name == "fingerprint") {
    media.fingerprint = value;
  } else if (name == "setup") {
    media.setup = value;
  } else if (name == "ice-ufrag") {
    media.ice_ufrag = value;
  } else if (name == "ice-pwd") {
    media.ice_pwd = value;
  } else if (name == "candidate") {
    if (media.candidate_count == Media::kMaxCandidates) {
      out.truncated = true;
    } else {
      media.candidates[media.candidate_count++] = value;
    }
  } else if (name == "crypto") {
    if (media.crypto_count == Media::kMaxCrypto) {
      out.truncated = true;
    } else {
      const Crypto crypto = parse_crypto(value);
      if (!crypto.valid) out.malformed = true;
      media.crypto[media.crypto_count++] = crypto;
    }
  }
}

}  // namespace siploom::sdp

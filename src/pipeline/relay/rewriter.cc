#include "pipeline/relay/rewriter.h"

#include <algorithm>

#include "pipeline/relay/framing.h"
#include "wire/hep/encode.h"
#include "wire/hep/hep.h"
#include "wire/hep/inflate.h"
#include "wire/sip/shape.h"

namespace siploom::pipeline::relay {

namespace {

constexpr size_t kChunkHead = 6;
// Vendor 0 and type.
constexpr uint32_t kAuthKey = 0x0e, kPayload = 0x0f, kCompressed = 0x10;
constexpr size_t kOldCorrelationBytes = 4;  // what 0x10 was in 2013
constexpr size_t kMaxChunkValue = hep::kMaxMessageBytes - kChunkHead;

bool is_gzip(ByteSpan message) {
  return message.size() >= 2 && message[0] == 0x1f && message[1] == 0x8b;
}

void put_be16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

// False: longer than a chunk can be.
bool put_chunk(std::string& out, uint32_t type, std::string_view value) {
  if (value.size() > kMaxChunkValue) return false;
  put_be16(out, 0);
  put_be16(out, type);
  put_be16(out, value.size() + kChunkHead);
  out += value;
  return true;
}

std::span<uint8_t> writable(std::string& text) {
  return {reinterpret_cast<uint8_t*>(text.data()), text.size()};
}

// SIP within JSON (OpenSIPS, type 50) names itself.
bool may_hold_sip(std::string_view payload) {
  return payload.find("SIP/2.0") != std::string_view::npos;
}

}  // namespace

bool mask_sip_body(std::span<uint8_t> payload) {
  const std::string_view text = as_text(payload);
  if (!sip::looks_like_sip(payload)) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    const bool json = first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
    return !json || !may_hold_sip(text);
  }
  // Blank lines before the start line (RFC 3261 7.5) end no headers.
  const size_t start = std::min(text.find_first_not_of("\r\n"), text.size());
  size_t body = text.size();
  for (const std::string_view end : {"\r\n\r\n", "\n\n", "\r\r", "\n\r\n"}) {
    const size_t at = text.find(end, start);
    if (at != std::string_view::npos) body = std::min(body, at + end.size());
  }
  std::fill(payload.begin() + static_cast<std::ptrdiff_t>(body), payload.end(), uint8_t{'x'});
  return true;
}

Rewriter::Outcome Rewriter::rewrite(ByteSpan message, std::string& out) {
  if (!edits_.any() || message.size() < kMessageHead) return Outcome::AsItWas;
  if (is_gzip(message)) {
    // What is inside is what is changed, and goes on without its wrapping.
    if (!hep::inflate(message, whole_))
      return edits_.mask_bodies ? Outcome::Withheld : Outcome::AsItWas;
    message = as_bytes(whole_);
    const Outcome outcome =
        hep::v3_magic(message) ? rewrite_v3(message, out) : rewrite_v12(message, out);
    if (outcome != Outcome::AsItWas) return outcome;
    out.assign(whole_);
    return whole_.size() > hep::kMaxMessageBytes ? Outcome::TooLarge : Outcome::Changed;
  }
  return hep::v3_magic(message) ? rewrite_v3(message, out) : rewrite_v12(message, out);
}

// These hold no key and no compressed payload; only the body can be changed.
Rewriter::Outcome Rewriter::rewrite_v12(ByteSpan message, std::string& out) const {
  if (!edits_.mask_bodies) return Outcome::AsItWas;
  hep::Packet packet;
  packet.clear();
  std::string scratch;
  if (!hep::decode(message, packet, scratch) || packet.inflated ||
      packet.payload.data() < message.data() ||
      packet.payload.data() > message.data() + message.size()) {
    return Outcome::Withheld;
  }
  const auto at = static_cast<size_t>(packet.payload.data() - message.data());
  out.assign(as_text(message));
  return mask_sip_body(writable(out).subspan(at)) ? Outcome::Changed : Outcome::Withheld;
}

// False: it cannot be masked, or does not fit.
bool Rewriter::put_payload(ByteSpan payload, std::string& out) {
  if (edits_.mask_bodies) {
    masked_.assign(as_text(payload));
    if (!mask_sip_body(writable(masked_))) return false;
    payload = as_bytes(masked_);
  }
  if (edits_.compress) {
    const std::string small = hep::compress(payload, hep::Compression::Zlib);
    // What looks like a bomb to receivers goes as it is.
    const bool gains =
        small.size() < payload.size() && payload.size() / small.size() < hep::kMaxInflateRatio;
    if (gains && put_chunk(out, kCompressed, small)) return true;
  }
  fits_ = fits_ && put_chunk(out, kPayload, as_text(payload));
  return true;
}

bool Rewriter::put_compressed(ByteSpan value, std::string& out) {
  if (!edits_.mask_bodies || value.size() == kOldCorrelationBytes) {
    fits_ = fits_ && put_chunk(out, kCompressed, as_text(value));
    return true;
  }
  if (!hep::inflate(value, inflated_) || !mask_sip_body(writable(inflated_))) return false;
  const std::string small = hep::compress(as_bytes(inflated_), hep::Compression::Zlib);
  fits_ = fits_ && put_chunk(out, kCompressed, small);
  return true;
}

Rewriter::Outcome Rewriter::rewrite_v3(ByteSpan message, std::string& out) {
  out.assign(as_text(message.first(kMessageHead)));
  key_written_ = edits_.key.empty();
  fits_ = true;
  const auto put_key = [&] {
    if (!key_written_) fits_ = fits_ && put_chunk(out, kAuthKey, edits_.key);
    key_written_ = true;
  };
  size_t at = kMessageHead;
  while (message.size() - at >= kChunkHead) {
    const uint32_t type = load_be32(&message[at]);
    const size_t length = load_be16(&message[at + 4]), left = message.size() - at;
    // A chunk of an impossible length is the last: as decoders do, its value is what there is.
    const bool damaged = length < kChunkHead || length > left;
    const ByteSpan chunk = message.subspan(at, damaged ? left : length);
    const ByteSpan value = chunk.subspan(kChunkHead);
    at += chunk.size();
    if (type == kAuthKey && !edits_.key.empty()) {
      put_key();
    } else if (type == kPayload || type == kCompressed) {
      put_key();  // receivers with a fixed order want the payload last
      if (!(type == kPayload ? put_payload(value, out) : put_compressed(value, out)))
        return Outcome::Withheld;
    } else if (damaged && edits_.mask_bodies) {
      return Outcome::Withheld;  // nobody knows what lies there
    } else {
      out += as_text(chunk);
    }
  }
  put_key();
  out += as_text(message.subspan(at));
  if (!fits_ || out.size() > hep::kMaxMessageBytes) return Outcome::TooLarge;
  out[4] = static_cast<char>(out.size() >> 8);
  out[5] = static_cast<char>(out.size());
  return Outcome::Changed;
}

}  // namespace siploom::pipeline::relay

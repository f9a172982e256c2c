// What filters ask of a message's body.
#include <memory>

#include "pipeline/message_row.h"
#include "pipeline/message_subject.h"

namespace siploom::pipeline {

using query::Value;
using registry::FieldId;

namespace {

using Take = query::Subject::Take;

void take_next(std::string_view text, bool& more, Take take) {
  if (more && !text.empty()) more = take(Value(text));
}

void take_media(const sdp::Media& media, FieldId field, bool& more, Take take) {
  switch (field) {
    case FieldId::SdpAddress:
      if (more && media.address) more = take(Value(Endpoint{*media.address, media.port}));
      return;
    case FieldId::SdpPort:
      if (more) more = take(Value(static_cast<double>(media.port)));
      return;
    case FieldId::SdpMedia:
      take_next(media.media, more, take);
      return;
    case FieldId::SdpDirection:
      take_next(sdp::direction_name(media.direction), more, take);
      return;
    case FieldId::SdpPtime:
      if (more && media.ptime_ms != 0) more = take(Value(static_cast<double>(media.ptime_ms)));
      return;
    case FieldId::SdpFingerprint:
      take_next(media.fingerprint, more, take);
      return;
    case FieldId::SdpCodec:
      for (const sdp::Format& format : media.format_list()) {
        take_next(format.encoding.empty() ? format.text : format.encoding, more, take);
      }
      return;
    case FieldId::SdpCrypto:
      for (size_t i = 0; i < media.crypto_count; ++i) take_next(media.crypto[i].suite, more, take);
      return;
    default:
      return;
  }
}

}  // namespace

bool MessageSubject::body_values(FieldId field, Take take) const {
  if (field == FieldId::Body) {
    if (!message_.body().empty()) take(Value(message_.body()));
    return true;
  }
  if (field == FieldId::Sdp) {
    take(Value(!sdp_of(message_).empty()));
    return true;
  }
  const std::string_view description = sdp_of(message_);
  if (description.empty()) return false;
  // The tables of a session are large, so they are made once for each thread that filters.
  thread_local const auto session = std::make_unique<sdp::Session>();
  if (!sdp::parse(description, *session)) return false;
  bool more = true;
  for (const sdp::Media& media : session->media_list()) take_media(media, field, more, take);
  return true;
}

}  // namespace siploom::pipeline

// What the offers and answers of a call say about its media (RFC 3264).
#include <algorithm>

#include "base/text.h"
#include "weave/call_weaver.h"
#include "wire/sip/body.h"

namespace siploom::weave {

using model::Call;

namespace {

bool is_payload_codec(const sdp::Format& format) {
  return !format.encoding.empty() && !iequals(format.encoding, "telephone-event") &&
         !iequals(format.encoding, "CN");
}

void add_media(Call& call, const Endpoint& where, Timestamp since, bool from_caller, size_t most) {
  if (where.port == 0 || where.address.is_unspecified())
    return;  // a stream refused or on hold (RFC 3264 6, 8.4)
  for (model::MediaEndpoint& known : call.media) {
    if (known.where == where) {
      known.since = std::min(known.since, since);
      return;
    }
  }
  if (call.media.size() < most) call.media.push_back({where, since, from_caller});
}

}  // namespace

void CallWeaver::note_codecs(std::vector<std::string_view>& out, Tracker& t) {
  out.clear();
  for (const sdp::Media& media : session_->media_list()) {
    if (media.port == 0) continue;
    for (const sdp::Format& format : media.format_list()) {
      if (!is_payload_codec(format) || out.size() >= kMaxCodecs) continue;
      const std::string_view name = intern(t, format.encoding);
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    }
    if (media.format_count != 0 && iequals(media.media, "image")) {
      const std::string_view name = intern(t, media.formats[0].text);  // t38
      if (out.size() < kMaxCodecs && std::find(out.begin(), out.end(), name) == out.end()) {
        out.push_back(name);
      }
    }
  }
}

void CallWeaver::note_sdp(Tracker& t, const model::Record& record, const SipFacts& facts) {
  std::string_view body = facts.sdp;
  if (!body.starts_with("v=")) body = sip::find_sdp_part(body);
  if (body.empty() || !sdp::parse(body, *session_, sdp::Detail::Media)) return;
  Call& call = t.call;
  const bool same_direction = facts.from_tag == call.legs[0].from_tag;
  const bool from_caller = facts.is_request() ? same_direction : !same_direction;
  const size_t before = call.media.size() + call.offered.size() + call.codecs.size();
  for (const sdp::Media& media : session_->media_list()) {
    if (!media.address) continue;
    add_media(call, {*media.address, media.port}, record.time, from_caller, kMaxMedia);
  }
  // The first description is the offer; later ones answer it, or begin a new round whose answer
  // replaces the old.
  if (call.offered.empty()) {
    note_codecs(call.offered, t);
    if (call.codecs.empty()) call.codecs = call.offered;
    t.offer_from_caller = from_caller;
  } else {
    note_codecs(call.codecs, t);
  }
  const size_t after = call.media.size() + call.offered.size() + call.codecs.size();
  if (after > before) charge(t, (after - before) * sizeof(model::MediaEndpoint));
}

}  // namespace siploom::weave

#include "pipeline/message_row.h"

#include "base/text.h"
#include "weave/sip_facts.h"
#include "wire/sip/body.h"
#include "wire/sip/lint.h"

namespace siploom::pipeline {

namespace {

model::SdpSummary summarize(const sdp::Media& media) {
  model::SdpSummary out;
  out.media = media.media;
  const std::string host = media.address ? format_ip(*media.address) : std::string(media.host);
  out.address = media.address ? format_endpoint({*media.address, media.port})
                              : host + ":" + std::to_string(media.port);
  out.direction = sdp::direction_name(media.direction);
  for (const sdp::Format& format : media.format_list()) {
    out.codecs.emplace_back(format.encoding.empty() ? format.text : format.encoding);
  }
  return out;
}

}  // namespace

std::string_view sdp_of(const sip::MessageView& view) { return sip::find_sdp(view); }

model::Message make_row(const model::Record& record, const sip::MessageView& view,
                        sdp::Session& scratch) {
  weave::SipFacts facts;
  weave::read_facts(view, facts);
  model::Message row;
  row.time = record.time;
  row.frame = record.frame;
  row.src = record.src;
  row.dst = record.dst;
  row.transport = record.transport;
  row.method = view.method();
  row.status = view.status();
  row.reason = view.reason_phrase();
  row.request_uri = view.request_uri();
  row.call_id = facts.call_id;
  row.branch = facts.branch;
  row.from_tag = facts.from_tag;
  row.to_tag = facts.to_tag;
  row.cseq = view.cseq();
  row.cseq_method = view.cseq_method();
  row.content_type = view.first(sip::HeaderId::ContentType);
  const std::string_view description = sdp_of(view);
  if (!description.empty() && sdp::parse(description, scratch)) {
    for (const sdp::Media& media : scratch.media_list()) row.sdp.push_back(summarize(media));
  }
  const sip::NoteSet notes = sip::lint(view);
  for (unsigned i = 0; i < static_cast<unsigned>(sip::Note::kCount); ++i) {
    const auto note = static_cast<sip::Note>(i);
    if (notes.has(note) && sip::is_defect(note)) row.defects.emplace_back(sip::note_text(note));
  }
  row.raw = view.raw();
  return row;
}

}  // namespace siploom::pipeline

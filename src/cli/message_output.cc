#include "cli/message_output.h"

#include "base/text.h"
#include "exporter/json.h"
#include "view/message_text.h"
#include "weave/sip_facts.h"
#include "wire/sip/address.h"

namespace siploom::cli {

namespace {

std::string_view uri_in(std::string_view header) {
  const auto address = sip::parse_address(header);
  return address ? address->uri_text : header;
}

}  // namespace

void MessagePrinter::print_json(const model::Record& record, const sip::MessageView& view) {
  weave::SipFacts facts;
  weave::read_facts(view, facts);
  exporter::MessageRow row;
  row.time = record.time;
  row.src = record.src;
  row.dst = record.dst;
  row.transport = record.transport;
  row.status = view.status();
  row.cseq = view.cseq();
  row.has_cseq = view.has_cseq();
  row.method = view.method();
  row.reason = view.reason_phrase();
  row.call_id = facts.call_id;
  row.cseq_method = view.cseq_method();
  row.from = uri_in(facts.from);
  row.to = uri_in(facts.to);
  row.from_tag = facts.from_tag;
  row.to_tag = facts.to_tag;
  row.branch = facts.branch;
  row.user_agent = facts.user_agent;
  row.raw = view.raw();
  row.frame = record.frame;
  JsonWriter json(out_.buffer());
  exporter::write_message(json, row);
  out_.write("\n");
}

void MessagePrinter::print(const model::Record& record, const sip::MessageView& view,
                           bool matched) {
  if (options_.output.json) return print_json(record, view);
  if (options_.grep.raw) {
    out_.write(view.raw());
    return;
  }
  const view::MessageHead head{record.time, record.src, record.dst, record.transport,
                               view.status()};
  if (options_.grep.one_line) {
    std::string_view rest = view.raw();
    out_.write(
        view::message_line(head, take_line(rest), view.call_id(), out_.width(), out_.color()));
    return;
  }
  // Context is set off from what matched, as grep does.
  if (!matched && options_.grep.after != 0) out_.write("--\n");
  out_.write(view::message_head(head, out_.color()));
  out_.write(view::message_body(view.raw(), view.status(), out_.color()));
  out_.write("\n");
}

}  // namespace siploom::cli

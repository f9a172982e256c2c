#include "pipeline/message_subject.h"

#include "base/text.h"
#include "pipeline/take.h"
#include "weave/sip_facts.h"
#include "wire/sip/address.h"
#include "wire/sip/lint.h"
#include "wire/sip/via.h"

namespace siploom::pipeline {

using query::Value;
using registry::FieldId;
using sip::HeaderId;

namespace {

using Take = query::Subject::Take;

Endpoint only_address(const Endpoint& e) { return {e.address, 0}; }

void take_number(std::string_view text, Take take) {
  size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (const auto number = parse_number<double>(text.substr(0, digits))) take(Value(*number));
}

// Calls take(address) for each value of a header until it is refused.
template <class Part>
void take_addresses(const sip::MessageView& message, HeaderId id, Take take, Part&& part) {
  bool more = true;
  sip::for_each_value(message, id, [&](std::string_view value) {
    if (!more) return;
    const auto address = sip::parse_address(value);
    if (!address) return;
    const std::string_view text = part(*address);
    if (!text.empty()) more = take(Value(text));
  });
}

template <class Part>
void take_vias(const sip::MessageView& message, Take take, Part&& part) {
  bool more = true;
  sip::for_each_value(message, HeaderId::Via, [&](std::string_view value) {
    if (!more) return;
    if (const auto via = sip::parse_via(value)) more = part(*via, take);
  });
}

std::string_view uri_of(const sip::Address& a) { return a.uri_text; }
std::string_view user_of(const sip::Address& a) { return a.uri.user; }
std::string_view host_of(const sip::Address& a) { return a.uri.host; }
std::string_view display_of(const sip::Address& a) { return a.display; }

std::string_view credential(const sip::MessageView& message, std::string_view name) {
  for (const HeaderId id : {HeaderId::Authorization, HeaderId::ProxyAuthorization,
                            HeaderId::WwwAuthenticate, HeaderId::ProxyAuthenticate}) {
    std::string_view value = message.first(id);
    const size_t scheme = value.find(' ');
    if (scheme == std::string_view::npos) continue;
    if (const auto found = sip::find_param(value.substr(scheme), name, ',')) return *found;
  }
  return {};
}

}  // namespace

bool take_record_values(const model::Record& record, FieldId field, query::Subject::Take take) {
  switch (field) {
    case FieldId::Time:
      take(Value(record.time));
      return true;
    case FieldId::Frame:
      take(Value(static_cast<double>(record.frame)));
      return true;
    case FieldId::Src:
      take(Value(record.src));
      return true;
    case FieldId::Dst:
      take(Value(record.dst));
      return true;
    case FieldId::SrcIp:
      take(Value(only_address(record.src)));
      return true;
    case FieldId::DstIp:
      take(Value(only_address(record.dst)));
      return true;
    case FieldId::SrcPort:
      take(Value(static_cast<double>(record.src.port)));
      return true;
    case FieldId::DstPort:
      take(Value(static_cast<double>(record.dst.port)));
      return true;
    case FieldId::Ip:
      if (take(Value(only_address(record.src)))) take(Value(only_address(record.dst)));
      return true;
    case FieldId::Port:
      if (take(Value(static_cast<double>(record.src.port))))
        take(Value(static_cast<double>(record.dst.port)));
      return true;
    case FieldId::Transport:
      take(Value(transport_name(record.transport)));
      return true;
    case FieldId::HepCorrelationId:
      take_text(record.correlation_id, take);
      return true;
    case FieldId::ExtraId: {
      std::string_view rest = record.extra_ids;
      while (!rest.empty()) {
        const Halves halves = split_once(rest, '\n');
        if (!take(Value(halves.before))) break;
        rest = halves.after;
      }
      return true;
    }
    case FieldId::RecordKind:
      take(Value(model::record_kind_name(record.kind)));
      return true;
    case FieldId::Node:
      if (record.agent != nullptr) take_text(record.agent->node, take);
      return true;
    case FieldId::Received:
      take(Value(record.agent != nullptr ? record.agent->received : record.time));
      return true;
    default:
      return false;
  }
}

bool MessageSubject::start_line_values(FieldId field, Take take) const {
  switch (field) {
    case FieldId::Method:
      take_text(message_.method(), take);
      return true;
    case FieldId::Request:
      if (message_.is_request()) take_text(message_.method(), take);
      return true;
    case FieldId::Status:
      if (!message_.is_request()) take(Value(static_cast<double>(message_.status())));
      return true;
    case FieldId::Reason:
      take_text(message_.reason_phrase(), take);
      return true;
    case FieldId::CallId:
      take_text(message_.call_id(), take);
      return true;
    case FieldId::Cseq:
      if (message_.has_cseq()) take(Value(static_cast<double>(message_.cseq())));
      return true;
    case FieldId::CseqMethod:
      take_text(message_.cseq_method(), take);
      return true;
    case FieldId::RequestUri:
      take_text(message_.request_uri(), take);
      return true;
    case FieldId::RuriUser:
    case FieldId::RuriHost:
      if (const auto uri = sip::parse_uri(message_.request_uri())) {
        take_text(field == FieldId::RuriUser ? uri->user : uri->host, take);
      }
      return true;
    case FieldId::Size:
      take(Value(static_cast<double>(message_.raw().size() + message_.trailing().size())));
      return true;
    case FieldId::Malformed:
      take(Value(sip::lint(message_).malformed()));
      return true;
    case FieldId::Defect: {
      const sip::NoteSet notes = sip::lint(message_);
      for (unsigned i = 0; i < static_cast<unsigned>(sip::Note::kCount); ++i) {
        const auto note = static_cast<sip::Note>(i);
        if (notes.has(note) && sip::is_defect(note) && !take(Value(sip::note_name(note)))) break;
      }
      return true;
    }
    default:
      return false;
  }
}

bool MessageSubject::party_values(FieldId field, Take take) const {
  switch (field) {
    case FieldId::From:
      take_addresses(message_, HeaderId::From, take, uri_of);
      return true;
    case FieldId::FromUser:
      take_addresses(message_, HeaderId::From, take, user_of);
      return true;
    case FieldId::FromHost:
      take_addresses(message_, HeaderId::From, take, host_of);
      return true;
    case FieldId::FromDisplay:
      take_addresses(message_, HeaderId::From, take, display_of);
      return true;
    case FieldId::FromTag:
      take_addresses(message_, HeaderId::From, take, [](const sip::Address& a) { return a.tag(); });
      return true;
    case FieldId::To:
      take_addresses(message_, HeaderId::To, take, uri_of);
      return true;
    case FieldId::ToUser:
      take_addresses(message_, HeaderId::To, take, user_of);
      return true;
    case FieldId::ToHost:
      take_addresses(message_, HeaderId::To, take, host_of);
      return true;
    case FieldId::ToDisplay:
      take_addresses(message_, HeaderId::To, take, display_of);
      return true;
    case FieldId::ToTag:
      take_addresses(message_, HeaderId::To, take, [](const sip::Address& a) { return a.tag(); });
      return true;
    case FieldId::Contact:
      take_addresses(message_, HeaderId::Contact, take, uri_of);
      return true;
    case FieldId::ContactUser:
      take_addresses(message_, HeaderId::Contact, take, user_of);
      return true;
    case FieldId::ContactHost:
      take_addresses(message_, HeaderId::Contact, take, host_of);
      return true;
    case FieldId::Pai:
      take_addresses(message_, HeaderId::PAssertedIdentity, take, user_of);
      return true;
    case FieldId::Ppi:
      take_addresses(message_, HeaderId::PPreferredIdentity, take, user_of);
      return true;
    case FieldId::Rpid:
      take_addresses(message_, HeaderId::RemotePartyId, take, user_of);
      return true;
    case FieldId::Diversion:
      take_addresses(message_, HeaderId::Diversion, take, user_of);
      return true;
    case FieldId::HistoryInfo:
      take_addresses(message_, HeaderId::HistoryInfo, take, uri_of);
      return true;
    case FieldId::Route:
      take_addresses(message_, HeaderId::Route, take, uri_of);
      return true;
    case FieldId::RecordRoute:
      take_addresses(message_, HeaderId::RecordRoute, take, uri_of);
      return true;
    case FieldId::ReferTo:
      take_addresses(message_, HeaderId::ReferTo, take, uri_of);
      return true;
    case FieldId::ReferredBy:
      take_addresses(message_, HeaderId::ReferredBy, take, uri_of);
      return true;
    default:
      return false;
  }
}

bool MessageSubject::header_values(FieldId field, Take take) const {
  switch (field) {
    case FieldId::Via: {
      bool more = true;
      sip::for_each_value(message_, HeaderId::Via,
                          [&](std::string_view v) { more = more && take(Value(v)); });
      return true;
    }
    case FieldId::ViaBranch: {
      const std::string_view via = message_.first(HeaderId::Via);
      take_text(weave::quick_parameter(via.substr(0, via.find(',')), "branch"), take);
      return true;
    }
    case FieldId::ViaHost:
      take_vias(message_, take, [](const sip::Via& via, Take t) { return t(Value(via.host)); });
      return true;
    case FieldId::ViaReceived:
      take_vias(message_, take, [](const sip::Via& via, Take t) {
        return via.received.empty() || t(Value(via.received));
      });
      return true;
    case FieldId::ViaRport:
      take_vias(message_, take, [](const sip::Via& via, Take t) {
        return via.rport == 0 || t(Value(static_cast<double>(via.rport)));
      });
      return true;
    case FieldId::ViaCount: {
      double count = 0;
      sip::for_each_value(message_, HeaderId::Via, [&](std::string_view) { ++count; });
      take(Value(count));
      return true;
    }
    case FieldId::UserAgent:
      take_text(message_.first(message_.has(HeaderId::UserAgent) ? HeaderId::UserAgent
                                                                 : HeaderId::Server),
                take);
      return true;
    case FieldId::Server:
      take_text(message_.first(HeaderId::Server), take);
      return true;
    case FieldId::Expires:
      take_number(message_.first(HeaderId::Expires), take);
      return true;
    case FieldId::SessionExpires:
      take_number(message_.first(HeaderId::SessionExpires), take);
      return true;
    case FieldId::ContentLength:
      take_number(message_.first(HeaderId::ContentLength), take);
      return true;
    case FieldId::MaxForwards:
      take_number(message_.first(HeaderId::MaxForwards), take);
      return true;
    case FieldId::ContentType: {
      const std::string_view type = message_.first(HeaderId::ContentType);
      take_text(trim(type.substr(0, type.find(';'))), take);
      return true;
    }
    case FieldId::AuthUser:
      take_text(credential(message_, "username"), take);
      return true;
    case FieldId::AuthRealm:
      take_text(credential(message_, "realm"), take);
      return true;
    case FieldId::AuthNonce:
      take_text(credential(message_, "nonce"), take);
      return true;
    default:
      return false;
  }
}

bool MessageSubject::rare_header_values(FieldId field, Take take) const {
  const std::string_view reason = message_.first(HeaderId::Reason);
  switch (field) {
    case FieldId::ReasonCause:
      take_number(weave::quick_parameter(reason, "cause"), take);
      return true;
    case FieldId::ReasonProtocol:
      take_text(trim(reason.substr(0, reason.find(';'))), take);
      return true;
    case FieldId::ReasonText:
      take_text(weave::quick_parameter(reason, "text"), take);
      return true;
    case FieldId::Warning:
    case FieldId::WarningCode: {
      bool more = true;
      sip::for_each_value(message_, HeaderId::Warning, [&](std::string_view value) {
        if (!more) return;
        if (field == FieldId::Warning) {
          more = take(Value(value));
        } else {
          take_number(value, take);
        }
      });
      return true;
    }
    case FieldId::SessionId: {
      // RFC 7989 5: local half, then ";remote=" with the other side's.
      const std::string_view value = message_.first(HeaderId::SessionId);
      take_text(trim(value.substr(0, value.find(';'))), take);
      take_text(weave::quick_parameter(value, "remote"), take);
      return true;
    }
    case FieldId::Icid: {
      const std::string_view value = message_.first(HeaderId::PChargingVector);
      take_text(sip::find_param(value, "icid-value").value_or(std::string_view{}), take);
      return true;
    }
    case FieldId::Identity:
      take_text(message_.first(HeaderId::Identity), take);
      return true;
    case FieldId::Replaces:
      take_text(message_.first(HeaderId::Replaces), take);
      return true;
    case FieldId::Event:
      take_text(message_.first(HeaderId::Event), take);
      return true;
    case FieldId::SubscriptionState: {
      const std::string_view value = message_.first(HeaderId::SubscriptionState);
      take_text(trim(value.substr(0, value.find(';'))), take);
      return true;
    }
    default:
      return false;
  }
}

void MessageSubject::values(FieldId field, Take take) const {
  static_cast<void>(take_record_values(record_, field, take) || start_line_values(field, take) ||
                    party_values(field, take) || header_values(field, take) ||
                    rare_header_values(field, take) || body_values(field, take));
}

void MessageSubject::header(std::string_view name, Take take) const {
  const HeaderId id = sip::header_id(name);
  for (size_t i = 0; i < message_.header_count(); ++i) {
    const sip::HeaderSlot& slot = message_.slot(i);
    const bool same = id != HeaderId::Other ? slot.id == id : iequals(message_.name(slot), name);
    if (same && !take(Value(message_.value(slot)))) return;
  }
}

}  // namespace siploom::pipeline

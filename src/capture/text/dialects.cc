#include "capture/text/dialects.h"

#include <algorithm>

namespace siploom::capture::dump {

Dialects::Dialects() : bare_(make_bare()) {
  with_heading_.push_back(make_hepipe());
  with_heading_.push_back(make_tcpdump());
  with_heading_.push_back(make_tshark());
  with_heading_.push_back(make_hex_dump());
  with_heading_.push_back(make_arrow());
  with_heading_.push_back(make_asterisk());
  with_heading_.push_back(make_freeswitch());
  with_heading_.push_back(make_cisco());
  with_heading_.push_back(make_sipp());
  with_heading_.push_back(make_pjsua());
  with_heading_.push_back(make_sipdump());
  with_heading_.push_back(make_honeypot());
}

bool Dialects::step(LineCursor& at, PacketSink& sink) {
  if (at.done()) return false;
  const size_t before = at.offset();
  Dialect* found = bare_->begins(at) ? bare_.get() : nullptr;
  for (const auto& dialect : with_heading_) {
    if (!dialect->begins(at)) continue;
    found = dialect.get();
    break;
  }
  if (found != nullptr) {
    found->read(at, *this, sink);
    at.forget();
  }
  if (at.offset() == before) at.next();
  return true;
}

void Dialects::finish(PacketSink& sink) {
  for (const auto& dialect : with_heading_) dialect->finish(sink);
}

bool Dialects::heading_at(const LineCursor& at) const {
  return std::any_of(with_heading_.begin(), with_heading_.end(),
                     [&](const auto& dialect) { return dialect->begins(at); });
}

bool Dialects::packet_at(const LineCursor& at) const { return heading_at(at) || bare_->begins(at); }

}  // namespace siploom::capture::dump

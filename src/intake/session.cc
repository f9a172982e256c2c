#include "intake/session.h"

#include <algorithm>

#include "intake/hep_framer.h"
#include "intake/http_session.h"
#include "intake/websocket_session.h"

namespace siploom::intake {

namespace {

using capture::Carrier;

enum class Guess : uint8_t { NeedMore, Hep, Http, Unframed };

Guess guess(ByteSpan head) {
  // HEP v1, v2 (by their address family) and gzip: nothing says where the next message would begin.
  if (head[0] == 1 || head[0] == 2) {
    if (head.size() < 3) return Guess::NeedMore;
    const bool is_v12 = head[2] == 2 || head[2] == 10 || head[2] == 28 || head[2] == 30;
    return is_v12 ? Guess::Unframed : Guess::Hep;
  }
  if (head[0] == 0x1f) {
    if (head.size() < 2) return Guess::NeedMore;
    return head[1] == 0x8b ? Guess::Unframed : Guess::Hep;
  }
  const std::string_view text = as_text(head);
  bool may_be_http = false;
  for (const std::string_view method : {"GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ",
                                        "PATCH ", "CONNECT ", "TRACE ", "PRI "}) {
    if (text.starts_with(method)) return Guess::Http;
    may_be_http = may_be_http || method.starts_with(text);
  }
  if (may_begin_hep3(head)) return head.size() >= 4 ? Guess::Hep : Guess::NeedMore;
  // Neither: an agent may go on in the middle of a message, and the next one shows where we are.
  return may_be_http ? Guess::NeedMore : Guess::Hep;
}

}  // namespace

Session::Session(bool secure, bool sctp) : secure_(secure), sctp_(sctp) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

Carrier Session::carrier() const {
  switch (kind_) {
    case Kind::Http:
      return secure_ ? Carrier::Https : Carrier::Http;
    case Kind::WebSocket:
      return secure_ ? Carrier::Wss : Carrier::Ws;
    default:
      return secure_ ? Carrier::Tls : sctp_ ? Carrier::Sctp : Carrier::Tcp;
  }
}

void Session::feed(std::span<uint8_t> in, Taker& taker) {
  if (over_ || in.empty()) return;
  if (kind_ == Kind::Unknown) {
    size_t used = 0;
    decide(in, used, taker);
    in = in.subspan(used);
    if (kind_ == Kind::Unknown || over_) return;
    std::array<uint8_t, kMaxOpening> opening = opening_;
    go_on(std::span(opening).first(opening_size_), taker);
  }
  go_on(in, taker);
  if (output_.size() > kMaxOutputBytes) {
    output_.clear();
    end();
  }
}

// Gathers the first octets until they tell.
void Session::decide(ByteSpan in, size_t& used, Taker& taker) {
  while (used < in.size()) {
    opening_[opening_size_++] = in[used++];
    const Guess found = guess(ByteSpan(opening_).first(opening_size_));
    if (found == Guess::NeedMore) continue;
    if (found == Guess::Unframed) {
      taker.count(Drop::Unframed);
      return end();
    }
    kind_ = found == Guess::Http ? Kind::Http : Kind::Hep;
    if (kind_ == Kind::Http) http_ = std::make_unique<HttpSession>();
    if (kind_ == Kind::Hep) framer_ = std::make_unique<HepFramer>(HepFramer::Unit::Stream);
    return;
  }
}

void Session::go_on(std::span<uint8_t> in, Taker& taker) {
  while (!in.empty() && !over_) {
    const Handover to{taker, carrier()};
    if (kind_ == Kind::Http) {
      in = in.subspan(go_on_http(in, to));
      continue;
    }
    const bool goes_on =
        kind_ == Kind::Hep ? framer_->feed(in, to) : websocket_->feed(in, to, output_);
    if (!goes_on) end();
    in = {};
  }
  units_ = kind_ == Kind::Hep    ? framer_->messages()
           : kind_ == Kind::Http ? http_->requests()
                                 : http_->requests() + websocket_->messages();
}

size_t Session::go_on_http(std::span<uint8_t> in, const Handover& to) {
  size_t used = 0;
  switch (http_->feed(in, used, to, output_)) {
    case HttpSession::Step::More:
      break;
    case HttpSession::Step::Upgraded:
      kind_ = Kind::WebSocket;
      websocket_ = std::make_unique<WebSocketSession>();
      break;
    case HttpSession::Step::Close:
      end();
      break;
  }
  return used;
}

void Session::finish(Taker& taker) {
  if (over_) return;
  const Handover to{taker, carrier()};
  if (kind_ == Kind::Unknown && opening_size_ > 0) to.count(Drop::BadFrame);
  if (kind_ == Kind::Hep) framer_->finish(to);
  if (kind_ == Kind::Http) http_->finish(to);
  if (kind_ == Kind::WebSocket) websocket_->finish(to);
  end();
}

Session::Phase Session::phase() const {
  bool begun = false;
  switch (kind_) {
    case Kind::Unknown:
      return Phase::Opening;
    case Kind::Hep:
      begun = framer_->in_message();
      break;
    case Kind::Http:
      begun = http_->in_request();
      break;
    case Kind::WebSocket:
      begun = websocket_->in_message();
      break;
  }
  return begun ? Phase::Begun : Phase::Idle;
}

uint64_t Session::http_refused() const { return http_ ? http_->refused() : 0; }

size_t Session::held_bytes() const {
  return output_.capacity() + (framer_ ? framer_->held_bytes() : 0) +
         (http_ ? http_->held_bytes() : 0) + (websocket_ ? websocket_->held_bytes() : 0);
}

}  // namespace siploom::intake

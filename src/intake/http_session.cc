#include "intake/http_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "intake/websocket_session.h"

namespace siploom::intake {

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kWhatThisIs =
    "This port takes HEP (EEP): HEP3 over TCP or TLS, HEP over UDP, HEP messages as the body of an "
    "HTTP POST, or as binary WebSocket messages.";

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 405:
      return "Method Not Allowed";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 426:
      return "Upgrade Required";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

// Headers that RFC 9110 wants with a status.
std::string_view more_headers(int status) {
  switch (status) {
    case 401:
      return "WWW-Authenticate: HEP-Key\r\n";
    case 405:
      return "Allow: GET, POST\r\n";
    case 426:
      return "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n";
    default:
      return "";
  }
}

struct Refusal {
  int status;
  std::string_view why;
};

Refusal refusal_of(Drop why) {
  switch (why) {
    case Drop::NotAllowed:
      return {403, "this address may not send"};
    case Drop::BadKey:
      return {401, "the HEP authentication key (chunk 0x0e) is wrong or missing"};
    case Drop::Oversize:
      return {413, "a HEP message has at most 65535 octets"};
    case Drop::NotHep:
      return {400, "the body is no HEP message"};
    default:
      return {400, "a HEP message in the body is broken or cut off"};
  }
}

}  // namespace

HttpSession::Step HttpSession::feed(ByteSpan in, size_t& used, const Handover& to,
                                    std::string& out) {
  used = 0;
  while (used < in.size()) {
    size_t piece = 0;
    const Step step = in_body_ ? take_body(in.subspan(used), piece, to, out)
                               : take_head(in.subspan(used), piece, out);
    used += piece;
    if (step != Step::More) return step;
  }
  return Step::More;
}

HttpSession::Step HttpSession::take_head(ByteSpan in, size_t& used, std::string& out) {
  const std::string_view text = as_text(in);
  if (head_.empty()) {
    if (const size_t end = text.find(kHeadEnd); end < kMaxHttpHeadBytes) {
      used = end + kHeadEnd.size();
      return begin(text.substr(0, used), out);
    }
  }
  const size_t before = head_.size();
  const size_t room = kMaxHttpHeadBytes + kHeadEnd.size() - before;
  head_.append(text.substr(0, std::min(room, text.size())));
  const size_t from = before < kHeadEnd.size() ? 0 : before - kHeadEnd.size() + 1;
  const size_t end = head_.find(kHeadEnd, from);
  if (end == std::string::npos) {
    used = head_.size() - before;
    if (head_.size() < kMaxHttpHeadBytes + kHeadEnd.size()) return Step::More;
    close_ = true;
    ++requests_;
    return answer(431, "the head is too large", out);
  }
  used = end + kHeadEnd.size() - before;
  head_.resize(end + kHeadEnd.size());
  const std::string head = std::move(head_);
  head_ = std::string();
  return begin(head, out);
}

HttpSession::Step HttpSession::begin(std::string_view text, std::string& out) {
  ++requests_;
  const HttpHead head = read_http_head(text);
  close_ = head.close;
  if (head.status != 0) {
    close_ = true;  // where the next request begins is not known
    return answer(head.status, head.why, out);
  }
  if (head.method == "POST") return begin_post(head, out);
  if (head.chunked || head.content_length.value_or(0) > 0) close_ = true;
  if (head.method != "GET") {
    close_ = true;
    return answer(405, "HEP comes by POST or by WebSocket", out);
  }
  if (head.upgrade_websocket) return upgrade(head, out);
  return answer(200, kWhatThisIs, out);
}

HttpSession::Step HttpSession::begin_post(const HttpHead& head, std::string& out) {
  if (!head.chunked && !head.content_length) {
    close_ = true;
    return answer(411, "Content-Length is missing", out);
  }
  if (head.content_length.value_or(0) > kMaxBodyBytes) {
    close_ = true;
    return answer(413, "the body has at most 8 MiB", out);
  }
  if (!head.chunked && *head.content_length == 0) return answer(400, "the body is empty", out);
  if (head.expects_continue) out += "HTTP/1.1 100 Continue\r\n\r\n";
  body_ = std::make_unique<Body>();
  body_->chunked = head.chunked;
  body_->left = head.content_length.value_or(0);
  if (head.compressed) body_->inflater = std::make_unique<Inflater>();
  in_body_ = true;
  return Step::More;
}

HttpSession::Step HttpSession::upgrade(const HttpHead& head, std::string& out) {
  if (head.websocket_version != "13")
    return answer(426, "WebSocket version 13 is spoken here", out);
  if (!head.connection_upgrade || !is_websocket_key(head.websocket_key) || close_) {
    close_ = true;
    return answer(400, "the WebSocket handshake is broken", out);
  }
  out += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  out += fmt::format("Sec-WebSocket-Accept: {}\r\n", websocket_accept(head.websocket_key));
  if (!head.websocket_protocol.empty())
    out += fmt::format("Sec-WebSocket-Protocol: {}\r\n", head.websocket_protocol);
  out += "\r\n";
  return Step::Upgraded;
}

HttpSession::Step HttpSession::take_body(ByteSpan in, size_t& used, const Handover& to,
                                         std::string& out) {
  const Handover tallied{to.taker, to.carrier, &body_->tally};
  const auto take = [&](ByteSpan octets) { return take_octets(octets, tallied); };
  if (body_->chunked) {
    const ChunkedReader::Step step = body_->chunks.feed(in, used, take);
    if (step == ChunkedReader::Step::More) return Step::More;
    return step == ChunkedReader::Step::End ? end_body(tallied, out) : fail_body(tallied, out);
  }
  used = static_cast<size_t>(std::min<uint64_t>(body_->left, in.size()));
  body_->left -= used;
  if (!take(in.first(used))) return fail_body(tallied, out);
  return body_->left == 0 ? end_body(tallied, out) : Step::More;
}

bool HttpSession::take_octets(ByteSpan octets, const Handover& to) {
  body_->bytes += octets.size();
  if (body_->bytes > kMaxBodyBytes) return false;
  const auto frame = [&](ByteSpan plain) {
    body_->broken_framing = !body_->framer.feed(plain, to);
    return !body_->broken_framing;
  };
  return body_->inflater ? body_->inflater->feed(octets, frame) : frame(octets);
}

HttpSession::Step HttpSession::end_body(const Handover& to, std::string& out) {
  if (body_->inflater && !body_->inflater->is_done()) return fail_body(to, out);
  body_->framer.finish(to);
  const Tally tally = body_->tally;
  body_.reset();
  in_body_ = false;
  if (tally.refused == 0 && tally.taken > 0) return answer(204, "", out);
  const Refusal refusal =
      tally.refused == 0 ? Refusal{400, "the body is empty"} : refusal_of(tally.why);
  if (tally.taken == 0) return answer(refusal.status, refusal.why, out);
  const std::string why =
      fmt::format("{} taken, {} refused: {}", tally.taken, tally.refused, refusal.why);
  return answer(202, why, out);
}

// What was handed on before stays; the connection ends, since its framing is lost.
HttpSession::Step HttpSession::fail_body(const Handover& to, std::string& out) {
  const bool large =
      body_->bytes > kMaxBodyBytes || (body_->inflater && body_->inflater->is_too_large());
  const std::string_view what = large                   ? "the body is too large"
                                : body_->broken_framing ? "the body leaves the HEP framing"
                                : body_->inflater       ? "the compressed body is broken"
                                                        : "the chunked body is broken";
  to.count(large ? Drop::Oversize : Drop::BadFrame);
  const std::string why = fmt::format("{} ({} taken before)", what, body_->tally.taken);
  body_.reset();
  in_body_ = false;
  close_ = true;
  return answer(large ? 413 : 400, why, out);
}

HttpSession::Step HttpSession::answer(int status, std::string_view why, std::string& out) {
  if (status >= 400) ++refused_;
  out += fmt::format("HTTP/1.1 {} {}\r\n{}", status, reason_phrase(status), more_headers(status));
  if (close_) out += "Connection: close\r\n";
  if (status == 204) {
    out += "\r\n";
  } else {
    out += fmt::format("Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}\n", why.size() + 1,
                       why);
  }
  return close_ ? Step::Close : Step::More;
}

void HttpSession::finish(const Handover& to) {
  if (in_request()) to.count(Drop::BadFrame);
  body_.reset();
  in_body_ = false;
  head_ = std::string();
}

}  // namespace siploom::intake

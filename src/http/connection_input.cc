#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/connection.h"
#include "http/server_core.h"

namespace siploom::http {

namespace {

constexpr uint8_t kTlsHandshake = 0x16;  // content type of a client's first record (RFC 8446 5.1)
constexpr size_t kReadAheadBytes = 64 * 1024;
constexpr size_t kKeptBytes = 8 * 1024;         // an idle connection holds no more
constexpr uint64_t kThrownAwayMax = 64u << 20;  // of a body that was refused, within the linger
constexpr size_t kSpoolBlockBytes = 256 * 1024;

size_t read_ahead_max(const ServerLimits& limits) {
  return std::max(kReadAheadBytes, size_t{limits.header_bytes} * 2 + 4096);
}

Response too_large(uint64_t bytes_max) {
  return Response::problem(413, "too-large", "The request's body is too large",
                           fmt::format("At most {} octets are taken here.", bytes_max),
                           {{"limit", static_cast<int64_t>(bytes_max)}});
}

Response bad_request(std::string_view detail) {
  return Response::problem(400, "bad-request", "The request is malformed", detail);
}

}  // namespace

void Connection::read_more() {
  if (reading_ || input_ended_ || state_ == State::Closed) return;
  if (in_.size() - in_used_ >= read_ahead_max(core_.options.limits)) return;
  reading_ = true;
  socket_->read([self = shared_from_this()](std::string_view bytes) {
    self->reading_ = false;
    if (self->state_ != State::Closed) self->on_read(bytes);
  });
}

void Connection::on_read(std::string_view bytes) {
  if (bytes.empty()) return on_input_end();
  core_.counters.bytes_received.fetch_add(bytes.size(), std::memory_order_relaxed);
  if (state_ == State::Ending) {
    thrown_away_ += bytes.size();
    if (thrown_away_ > kThrownAwayMax) return close();
    return read_more();
  }
  if (state_ == State::First) {
    if (static_cast<uint8_t>(bytes.front()) == kTlsHandshake) return start_tls(bytes);
    state_ = State::Idle;
  }
  in_ += bytes;
  process_input();
  read_more();
}

void Connection::on_input_end() {
  input_ended_ = true;
  // Who has said all may still want the answer; who listens to a stream would not have ended.
  if (state_ == State::Working || state_ == State::Writing || spool_busy_) return;
  close();
}

void Connection::start_tls(std::string_view hello) {
  state_ = State::Handshake;
  tls_ = true;
  socket_->accept_tls(core_.tls, hello, [self = shared_from_this()](bool ok) {
    if (self->state_ == State::Closed) return;
    if (!ok) {
      ++self->core_.counters.tls_failures;
      return self->close();
    }
    self->state_ = State::Idle;
    self->read_more();
  });
}

void Connection::process_input() {
  const auto wants_input = [&] {
    return (state_ == State::Idle || state_ == State::Header || state_ == State::Body) &&
           !spool_busy_;
  };
  while (wants_input()) {
    if (parse_some()) continue;
    if (input_ended_) return close();
    break;
  }
  in_.erase(0, in_used_);
  in_used_ = 0;
  if (in_.empty() && in_.capacity() > kKeptBytes) std::string().swap(in_);
}

// One step of the parser; false when it needs more input.
bool Connection::parse_some() {
  if (state_ == State::Idle) {
    // Empty lines before a request are to be ignored (RFC 9112 2.2).
    while (in_used_ < in_.size() && (in_[in_used_] == '\r' || in_[in_used_] == '\n')) ++in_used_;
    if (in_used_ == in_.size()) return false;
    begin_request();
  }
  const std::string_view rest = std::string_view(in_).substr(in_used_);
  size_t used = 0;
  const ParseStep step = parser_->feed(rest, used);
  in_used_ += used;
  switch (step) {
    case ParseStep::NeedMore:
      if (rest.size() - used < read_ahead_max(core_.options.limits)) return false;
      answer_failure();  // such as a chunk's header without an end
      return true;
    case ParseStep::Failed:
      answer_failure();
      return true;
    case ParseStep::Header:
      on_header();
      return true;
    case ParseStep::Body:
      if (state_ == State::Body) take_piece(parser_->piece());
      return true;
    case ParseStep::Done:
      on_body_done();
      return true;
  }
  return false;
}

void Connection::begin_request() {
  state_ = State::Header;
  const Nanoseconds now = Loop::now();
  deadline_ = now + core_.options.limits.header_timeout;
  parser_ = std::make_unique<Parser>(Parser::Kind::Request, core_.options.limits.header_bytes);
  exchange_ = std::make_shared<Exchange>();
  exchange_->began = now;
  Request& request = exchange_->request;
  request.id = core_.next_request_id++;
  request.peer = peer_;
  request.local = local_;
  request.tls = tls_;
  ++requests_;
  keep_alive_ = false;
  body_received_ = 0;
  response_bytes_ = 0;
  spool_block_.clear();
}

void Connection::answer_failure() {
  ++core_.counters.malformed;
  keep_alive_ = false;
  const ParseFailure failure = state_ == State::Body ? ParseFailure::Malformed : parser_->failure();
  switch (failure) {
    case ParseFailure::HeaderTooLong:
      return answer(Response::problem(
          431, "header-too-long", "The request's header is too long",
          fmt::format("At most {} octets are taken; cookies and the query are the longest, mostly.",
                      core_.options.limits.header_bytes)));
    case ParseFailure::Version:
      return answer(Response::problem(505, "version", "This version of HTTP is not spoken here",
                                      "Use HTTP/1.1."));
    case ParseFailure::TransferCoding:
    case ParseFailure::Malformed:
      return answer(bad_request("It is not HTTP/1.1 as RFC 9112 has it."));
  }
}

void Connection::on_header() {
  Request& request = exchange_->request;
  request.method_text = parser_->method();
  request.method = parse_method(request.method_text);
  request.target = parser_->target();
  request.headers = std::move(parser_->headers());
  exchange_->minor_version = parser_->minor_version();
  keep_alive_ = parser_->keep_alive() && !core_.draining &&
                requests_ < core_.options.limits.requests_per_connection;
  auto refusal = check_header();
  if (!refusal) refusal = find_route();
  if (refusal) return answer(std::move(*refusal));
  const auto length = parser_->content_length();
  if (length && *length > exchange_->body_bytes_max)
    return answer(too_large(exchange_->body_bytes_max));
  if (exchange_->route->spools) return ask_before();
  begin_body();
}

std::optional<Response> Connection::check_framing() {
  const Request& request = exchange_->request;
  const size_t codings = request.headers.count("Transfer-Encoding");
  if (codings == 0) return std::nullopt;
  // One way only to say where a body ends: requests cannot be smuggled (RFC 9112 6.1, 11.2).
  if (exchange_->minor_version == 0 || request.headers.has("Content-Length"))
    return bad_request("Transfer-Encoding cannot stand there.");
  if (codings == 1 && iequals(trim(request.headers.get("Transfer-Encoding")), "chunked"))
    return std::nullopt;
  return Response::problem(501, "transfer-coding", "That transfer coding is not known here",
                           "Send the body with a Content-Length, or chunked.");
}

std::optional<Response> Connection::check_header() {
  const Request& request = exchange_->request;
  const ServerLimits& limits = core_.options.limits;
  if (request.target.size() > limits.target_bytes) {
    return Response::problem(414, "target-too-long", "The request's target is too long",
                             fmt::format("At most {} octets are taken.", limits.target_bytes));
  }
  if (request.headers.size() > limits.header_count) {
    return Response::problem(431, "too-many-headers", "The request has too many header fields",
                             fmt::format("At most {} are taken.", limits.header_count));
  }
  if (auto refusal = check_framing()) {
    ++core_.counters.malformed;
    keep_alive_ = false;  // where the next request begins is not sure
    return refusal;
  }
  const size_t hosts = request.headers.count("Host");
  const std::string_view host = request.headers.get("Host");
  if (hosts > 1 || (hosts == 0 && exchange_->minor_version >= 1) ||
      (!host.empty() && !is_authority(host))) {
    ++core_.counters.malformed;
    keep_alive_ = false;
    return bad_request("It needs one Host header, with a name or an address.");
  }
  if (!core_.tls || tls_) return std::nullopt;
  if (host.empty() || !request.target.starts_with('/'))
    return bad_request("This port speaks HTTPS: write https:// in place of http://.");
  keep_alive_ = false;
  const bool safe = request.method == Method::Get || request.method == Method::Head;
  return Response::redirect(fmt::format("https://{}{}", host, request.target), safe ? 301 : 308);
}

std::optional<Response> Connection::find_route() {
  Request& request = exchange_->request;
  auto target = parse_target(request.target);
  if (!target) return bad_request(target.error().message);
  auto query = parse_query(target->query);
  if (!query) return bad_request(query.error().message);
  request.path = std::move(target->path);
  request.segments = std::move(target->segments);
  request.query = std::move(*query);
  Router::Found found = core_.router.find(request.method, request.segments);
  if (found.route == nullptr) {
    if (is_preflight(request) && !core_.options.policy.cors_origins.empty())
      return answer_preflight(core_.options.policy, request, found.allowed);
    return Router::without_route(request, found);
  }
  exchange_->route = found.route;
  exchange_->body_bytes_max =
      found.route->body_limit ? found.route->body_limit() : found.route->body_bytes_max;
  request.path_parameters = std::move(found.parameters);
  return std::nullopt;
}

void Connection::begin_body() {
  state_ = State::Body;
  body_began_ = Loop::now();
  if (exchange_->route->spools) {
    auto spool = SpoolFile::create(core_.options.spool_folder);
    if (!spool) {
      core_.notice(spool.error().message);
      return answer(Response::problem(507, "no-room", "The upload cannot be kept",
                                      "The server has no room for it; its messages say why."));
    }
    exchange_->spool = std::move(*spool);
    exchange_->request.body_file = exchange_->spool->path();
  }
  const bool waits = iequals(exchange_->request.headers.get("Expect"), "100-continue");
  if (!waits || parser_->is_done() || exchange_->minor_version == 0) return;
  state_ = State::Continuing;
  parts_[0] = "HTTP/1.1 100 Continue\r\n\r\n";
  part_ = part_sent_ = 0;
  last_progress_ = body_began_;
  write_parts();
}

void Connection::take_piece(std::string_view piece) {
  body_received_ += piece.size();
  const uint64_t bytes_max = exchange_->body_bytes_max;
  if (body_received_ > bytes_max) return answer(too_large(bytes_max));
  if (exchange_->spool) {
    spool_block_ += piece;
    if (spool_block_.size() >= kSpoolBlockBytes) write_spool(false);
    return;
  }
  if (core_.buffered_body_bytes + piece.size() > core_.options.limits.buffered_body_bytes) {
    ++core_.counters.busy;
    return answer(Response::problem(503, "busy", "The server holds too many bodies at a time",
                                    "Ask again in a second.")
                      .header("Retry-After", "1"));
  }
  core_.buffered_body_bytes += piece.size();
  body_counted_ += piece.size();
  exchange_->request.body += piece;
}

// Disks can be slow; the I/O thread does not wait for them.
void Connection::write_spool(bool last) {
  spool_busy_ = true;
  auto job = [self = shared_from_this(), exchange = exchange_, block = std::move(spool_block_),
              last]() mutable {
    Loop& loop = self->core_.loop;
    const auto written = exchange->spool->append(block);
    const std::string why = written ? "" : written.error().message;
    exchange.reset();
    loop.post([self = std::move(self), why, last] {
      self->spool_busy_ = false;
      if (self->state_ == State::Closed) return self->report(Outcome::Cut);
      if (!why.empty()) {
        self->core_.notice(why);
        self->keep_alive_ = false;
        return self->answer(Response::problem(507, "no-room", "The upload cannot be kept",
                                              "The server has no room for it."));
      }
      if (last) return self->dispatch();
      self->process_input();
      if (self->state_ != State::Closed) self->read_more();
    });
  };
  spool_block_.clear();
  if (!core_.disk.submit(std::move(job))) close();  // the server stops
}

void Connection::on_body_done() {
  exchange_->request.body_bytes = body_received_;
  if (exchange_->spool) return write_spool(true);
  dispatch();
}

}  // namespace siploom::http

#include "http/connection.h"

#include <fmt/format.h>

#include <chrono>

#include "http/event_stream.h"
#include "http/server_core.h"
#include "http/stream.h"

namespace siploom::http {

namespace {

// A slow client's progress is seen piece by piece.
constexpr size_t kWriteBytes = 64 * 1024;
constexpr size_t kJoinedBytes = 64 * 1024;
constexpr int kClientGone = 499;

Timestamp wall_clock() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

Response too_busy() {
  return Response::problem(503, "busy", "The server has too much to do",
                           "Ask again in a second; fewer requests at a time would help.")
      .header("Retry-After", "1");
}

bool has_body(const Request& request, const Response& response) {
  return request.method != Method::Head && response.status != 204 && response.status != 304;
}

}  // namespace

Connection::Connection(ServerCore& core, std::unique_ptr<Socket> socket, const Endpoint& peer)
    : core_(core), socket_(std::move(socket)), peer_(peer) {}

void Connection::start() {
  local_ = socket_->local();
  state_ = core_.tls ? State::First : State::Idle;
  deadline_ = Loop::now() + core_.options.limits.header_timeout;
  read_more();
}

// The job gives its hold on the connection to the I/O thread: a worker must not be the one that
// destroys it.
void Connection::ask_before() {
  state_ = State::Working;
  auto job = [self = shared_from_this(), exchange = exchange_]() mutable {
    ServerCore& core = self->core_;
    const bool answered = run_before(core, *exchange);
    core.loop.post([self = std::move(self), exchange = std::move(exchange), answered] {
      if (self->state_ == State::Closed) return self->report(Outcome::Cut);
      if (answered) {
        self->keep_alive_ = false;  // the body is still to come, and unwanted
        return self->send();
      }
      self->begin_body();
      self->process_input();
      if (self->state_ != State::Closed) self->read_more();
    });
  };
  if (!core_.handlers.submit(std::move(job))) {
    ++core_.counters.busy;
    answer(too_busy());
  }
}

void Connection::dispatch() {
  state_ = State::Working;
  auto job = [self = shared_from_this(), exchange = exchange_]() mutable {
    ServerCore& core = self->core_;
    if (!core.closing) run_exchange(core, *exchange);
    core.loop.post([self = std::move(self), exchange = std::move(exchange)] {
      if (self->state_ != State::Closed) return self->send();
      if (exchange->response.events) exchange->response.events->detach();
      self->report(Outcome::Cut);
    });
  };
  if (!core_.handlers.submit(std::move(job))) {
    ++core_.counters.busy;
    answer(too_busy());
  }
}

// Without a handler.
void Connection::answer(Response response) {
  if (!parser_->is_done()) keep_alive_ = false;  // its body would be taken for a request
  exchange_->response = std::move(response);
  exchange_->finish =
      finish_response(core_.options.policy, exchange_->request, exchange_->response);
  send();
}

// Finds where a streamed body comes from; false when no thread is free for it.
bool Connection::open_source() {
  Response& response = exchange_->response;
  if (response.events) source_ = std::move(response.events);
  if (!response.writer) return true;
  auto queue = std::make_shared<StreamQueue>();
  auto job = [queue, run = std::move(response.writer), gzip = exchange_->finish.gzip_stream,
              core = &core_] {
    StreamWriter writer(queue, gzip);
    try {
      run(writer);
    } catch (const std::exception& e) {
      core->counters.callbacks_failed.fetch_add(1, std::memory_order_relaxed);
      core->notice(fmt::format("a stream failed: {}", e.what()));
      writer.abort();
    }
    writer.finish();
  };
  if (!core_.streams.submit(std::move(job))) return false;
  source_ = std::move(queue);
  return true;
}

void Connection::send() {
  Exchange& x = *exchange_;
  const bool body = has_body(x.request, x.response);
  bool length_known = true;
  if (!body) {
    length_known = !x.response.writer && !x.response.events;
    x.response.writer = nullptr;
    if (x.response.events) x.response.events->detach();
    x.response.events.reset();
  }
  if (body && !open_source()) {
    ++core_.counters.busy;
    x.response = too_busy();
    x.finish = finish_response(core_.options.policy, x.request, x.response);
  }
  Response& response = x.response;
  const bool streamed = source_ != nullptr;
  chunked_ = streamed && x.minor_version >= 1;
  if (core_.draining || (streamed && !chunked_)) keep_alive_ = false;
  if (streamed) {
    ++core_.counters.streams_now;
    attached_ = false;
  }
  Headers more;
  more.add("Date", http_date(wall_clock()));
  if (chunked_) more.add("Transfer-Encoding", "chunked");
  if (!keep_alive_) {
    more.add("Connection", "close");
  } else if (x.minor_version == 0) {
    more.add("Connection", "keep-alive");
  }
  parts_[0] = response_head(response, 1, more, !streamed && length_known);
  parts_[1].clear();
  if (body && !streamed) {
    if (response.body.size() <= kJoinedBytes) {
      parts_[0] += response.body;
    } else {
      parts_[1] = std::move(response.body);
    }
  }
  part_ = part_sent_ = 0;
  response_bytes_ = 0;
  state_ = State::Writing;
  last_progress_ = Loop::now();
  write_parts();
}

void Connection::write_parts() {
  for (; part_ < 2; ++part_, part_sent_ = 0) {
    const std::string_view rest = std::string_view(parts_[part_]).substr(part_sent_);
    if (rest.empty()) continue;
    const std::string_view piece = rest.substr(0, kWriteBytes);
    writing_ = true;
    return socket_->write(piece, [self = shared_from_this(), size = piece.size()](bool ok) {
      self->on_written(ok, size);
    });
  }
  parts_[0].clear();
  std::string().swap(parts_[1]);
  on_sent();
}

void Connection::on_written(bool ok, size_t size) {
  writing_ = false;
  if (state_ == State::Closed) return;
  if (!ok) return close();
  part_sent_ += size;
  response_bytes_ += size;
  core_.counters.bytes_sent.fetch_add(size, std::memory_order_relaxed);
  last_progress_ = Loop::now();
  write_parts();
}

void Connection::on_sent() {
  if (state_ == State::Continuing) {
    state_ = State::Body;
    process_input();
    return read_more();
  }
  if (!source_) return finish_exchange(Outcome::Complete);
  if (input_ended_) return close();
  if (!attached_) {
    attached_ = true;
    state_ = State::Streaming;
    source_->attach([weak = weak_from_this(), &loop = core_.loop] {
      loop.post([weak] {
        if (const auto self = weak.lock()) self->pump();
      });
    });
    if (core_.draining) source_->stop();
  }
  pump();
}

void Connection::pump() {
  if (state_ != State::Streaming || writing_ || !source_) return;
  std::string data;
  switch (source_->take(data)) {
    case BodySource::Taken::Nothing:
      return;
    case BodySource::Taken::Broken:
      return close();
    case BodySource::Taken::Some:
      frame(data);
      break;
    case BodySource::Taken::End:
      source_->detach();
      source_.reset();
      --core_.counters.streams_now;
      parts_[0] = chunked_ ? "0\r\n\r\n" : "";
      break;
  }
  part_ = part_sent_ = 0;
  last_progress_ = Loop::now();
  write_parts();
}

void Connection::frame(std::string_view data) {
  parts_[0] = chunked_ ? fmt::format("{:x}\r\n", data.size()) : std::string();
  parts_[0] += data;
  if (chunked_) parts_[0] += "\r\n";
}

void Connection::report(Outcome outcome) {
  if (!exchange_) return;
  const auto exchange = std::move(exchange_);
  parser_.reset();
  core_.buffered_body_bytes -= body_counted_;
  body_counted_ = 0;
  const bool complete = outcome == Outcome::Complete;
  const int status = response_bytes_ == 0 ? kClientGone : exchange->response.status;
  LiveCounters& counters = core_.counters;
  ++counters.requests;
  if (!complete) ++counters.abandoned;
  if (response_bytes_ != 0) ++counters.by_class[static_cast<size_t>(status / 100 % 6)];
  if (!core_.options.finished) return;
  const std::string_view pattern =
      exchange->route != nullptr ? std::string_view(exchange->route->pattern) : "";
  core_.options.finished({exchange->request, pattern, status,
                          (Loop::now() - exchange->began) / kMicrosecond, response_bytes_,
                          complete});
}

void Connection::finish_exchange(Outcome outcome) {
  report(outcome);
  if (!keep_alive_ || core_.draining) return end();
  state_ = State::Idle;
  deadline_ = Loop::now() + core_.options.limits.idle_timeout;
  process_input();
  if (state_ != State::Closed) read_more();
}

// Closing with octets unread would have the system reset the connection, and the client lose the
// answer (RFC 9112 9.6).
void Connection::end() {
  // A client that was promised more requests has read all and says nothing now.
  if (input_ended_ || (keep_alive_ && in_.empty())) return close();
  state_ = State::Ending;
  deadline_ = Loop::now() + core_.options.limits.linger;
  in_.clear();
  in_used_ = 0;
  socket_->end_writing();
  read_more();
}

void Connection::close() {
  if (state_ == State::Closed) return;
  const auto self = shared_from_this();
  const bool with_worker = state_ == State::Working || spool_busy_;
  state_ = State::Closed;
  if (source_) {
    source_->detach();
    source_.reset();
    --core_.counters.streams_now;
  }
  socket_->close();
  if (!with_worker) report(Outcome::Cut);
  core_.remove(*this);
}

void Connection::drain() {
  switch (state_) {
    case State::First:
    case State::Handshake:
    case State::Idle:
      return close();
    case State::Streaming:
      if (source_) source_->stop();
      return;
    default:
      return;  // send() sees to it
  }
}

bool Connection::body_is_slow(Nanoseconds now) const {
  if (spool_busy_) return false;  // we are the slow ones
  const ServerLimits& limits = core_.options.limits;
  const double earned_s = static_cast<double>(body_received_) /
                          static_cast<double>(std::max<uint64_t>(1, limits.body_rate_min));
  return static_cast<double>(now - body_began_ - limits.body_grace) > earned_s * kSecond;
}

void Connection::time_out(bool answers) {
  ++core_.counters.timeouts;
  if (!answers) return close();
  answer(Response::problem(408, "timeout", "The request took too long to come in",
                           "Send it at once, on a connection that is fast enough."));
}

void Connection::tick(Nanoseconds now) {
  const ServerLimits& limits = core_.options.limits;
  switch (state_) {
    case State::First:
    case State::Handshake:
    case State::Idle:
    case State::Header:
      if (now < deadline_) return;
      if (state_ == State::Idle && requests_ != 0) return close();  // as agreed: nothing to count
      return time_out(state_ == State::Header);
    case State::Ending:
      if (now >= deadline_) close();
      return;
    case State::Body:
      if (body_is_slow(now)) time_out(true);
      return;
    case State::Continuing:
    case State::Writing:
    case State::Streaming:
      if (writing_ && now - last_progress_ >= limits.write_stall) return time_out(false);
      // A comment (HTML 9.2.5), so that a proxy or a dead client shows.
      if (state_ == State::Streaming && !writing_ && source_ &&
          now - last_progress_ >= limits.heartbeat &&
          dynamic_cast<EventStream*>(source_.get()) != nullptr) {
        frame(":\n\n");
        part_ = part_sent_ = 0;
        last_progress_ = now;
        write_parts();
      }
      return;
    case State::Working:
    case State::Closed:
      return;
  }
}

}  // namespace siploom::http

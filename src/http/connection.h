// Connection: one client, its requests one after the other (pipelined ones wait in the input), its
// timeouts and its streams. I/O thread only. (Inside the room.)
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/body_source.h"
#include "http/exchange.h"
#include "http/io.h"
#include "http/parser.h"

namespace siploom::http {

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerCore& core, std::unique_ptr<Socket> socket, const Endpoint& peer);

  void start();
  void tick(Nanoseconds now);
  // No more requests: closes when idle, ends a stream, finishes what is under way.
  void drain();
  void close();
  const Endpoint& peer() const { return peer_; }

 private:
  enum class State : uint8_t {
    First,  // its first octet tells TLS from plain HTTP
    Handshake,
    Idle,
    Header,
    Continuing,  // "100 Continue" is being sent
    Body,
    Working,  // the exchange is a worker's
    Writing,
    Streaming,
    Ending,  // nothing more to send; what comes in is thrown away
    Closed,
  };
  enum class Outcome : uint8_t { Complete, Cut };

  // connection_input.cc
  void read_more();
  void on_read(std::string_view bytes);
  void on_input_end();
  void start_tls(std::string_view hello);
  void process_input();
  bool parse_some();
  void begin_request();
  void on_header();
  std::optional<Response> check_header();
  std::optional<Response> check_framing();
  std::optional<Response> find_route();
  void begin_body();
  void take_piece(std::string_view piece);
  void write_spool(bool last);
  void on_body_done();
  void answer_failure();

  // connection.cc
  void ask_before();
  void dispatch();
  void answer(Response response);
  void send();
  bool open_source();
  void write_parts();
  void on_written(bool ok, size_t size);
  void on_sent();
  void pump();
  void frame(std::string_view data);
  void finish_exchange(Outcome outcome);
  void report(Outcome outcome);
  void end();
  void time_out(bool answers);
  bool body_is_slow(Nanoseconds now) const;

  ServerCore& core_;
  std::unique_ptr<Socket> socket_;
  const Endpoint peer_;
  Endpoint local_;
  State state_ = State::Idle;
  bool tls_ = false;
  Nanoseconds deadline_ = 0;  // of First, Handshake, Idle, Header, Ending

  std::string in_;
  size_t in_used_ = 0;
  bool reading_ = false, input_ended_ = false;
  uint64_t thrown_away_ = 0;  // in Ending

  std::unique_ptr<Parser> parser_;
  std::shared_ptr<Exchange> exchange_;
  uint32_t requests_ = 0;
  bool keep_alive_ = false;
  uint64_t body_received_ = 0, body_counted_ = 0;
  Nanoseconds body_began_ = 0;
  std::string spool_block_;
  bool spool_busy_ = false;

  std::string parts_[2];  // what is being sent, one after the other
  size_t part_ = 0, part_sent_ = 0;
  bool writing_ = false;
  Nanoseconds last_progress_ = 0;
  uint64_t response_bytes_ = 0;
  std::shared_ptr<BodySource> source_;
  bool chunked_ = false, attached_ = false;
};

}  // namespace siploom::http

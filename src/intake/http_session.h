// HttpSession: the server's side of HTTP/1.1 on one connection, without sockets. POST takes HEP in
// its body, GET may become a WebSocket; anything else is told what this port is for.
#pragma once

#include <memory>
#include <string>

#include "intake/chunked_reader.h"
#include "intake/hep_framer.h"
#include "intake/http_head.h"
#include "intake/inflater.h"

namespace siploom::intake {

class HttpSession final {
 public:
  static constexpr uint64_t kMaxBodyBytes = 8u << 20;  // as sent, of one request

  enum class Step : uint8_t { More, Upgraded, Close };
  // Takes octets of the connection; what it answers is added to `out`. `used` is all of `in` but
  // after Upgraded (what follows is WebSocket) and Close (after which nothing is read).
  Step feed(ByteSpan in, size_t& used, const Handover& to, std::string& out);
  // The peer has closed.
  void finish(const Handover& to);

  bool in_request() const { return in_body_ || !head_.empty(); }
  uint64_t requests() const { return requests_; }
  uint64_t refused() const { return refused_; }  // of them, answered with 4xx or 5xx
  size_t held_bytes() const { return head_.capacity() + (body_ ? body_->framer.held_bytes() : 0); }

 private:
  struct Body {
    HepFramer framer{HepFramer::Unit::Document};
    ChunkedReader chunks;
    std::unique_ptr<Inflater> inflater;
    uint64_t left = 0, bytes = 0;
    bool chunked = false;
    bool broken_framing = false;
    Tally tally;
  };

  Step take_head(ByteSpan in, size_t& used, std::string& out);
  Step begin(std::string_view text, std::string& out);
  Step begin_post(const HttpHead& head, std::string& out);
  Step upgrade(const HttpHead& head, std::string& out);
  Step take_body(ByteSpan in, size_t& used, const Handover& to, std::string& out);
  bool take_octets(ByteSpan octets, const Handover& to);
  Step end_body(const Handover& to, std::string& out);
  Step fail_body(const Handover& to, std::string& out);
  Step answer(int status, std::string_view why, std::string& out);

  std::string head_;
  std::unique_ptr<Body> body_;
  bool in_body_ = false;
  bool close_ = false;
  uint64_t requests_ = 0, refused_ = 0;
};

}  // namespace siploom::intake

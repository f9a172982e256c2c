#include "http/parser.h"

#include <algorithm>
#include <utility>
// GCC 12 wants <utility> before Boost.
#include <boost/beast/http/basic_parser.hpp>

#include "http/chunks.h"

namespace siploom::http {

namespace {

namespace beast = boost::beast;
using beast::string_view;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

// What Beast's parser tells of the header, kept. It is told that there is no body: its reader of
// chunks (Boost 1.74) aborts at "0\r\n" followed by one more octet, and bodies are simple.
struct Heard {
  std::string method, target;
  int status = 0, version = 11;
  Headers headers;
};

template <bool kRequest>
class Listening final : public beast::http::basic_parser<kRequest> {
 public:
  explicit Listening(Heard& heard) : heard_(heard) {}

 private:
  using Code = beast::error_code;
  void on_request_impl(beast::http::verb, string_view method, string_view target, int version,
                       Code&) override {
    heard_.method = view(method);
    heard_.target = view(target);
    heard_.version = version;
  }
  void on_response_impl(int status, string_view, int version, Code&) override {
    heard_.status = status;
    heard_.version = version;
  }
  void on_field_impl(beast::http::field, string_view name, string_view value, Code&) override {
    heard_.headers.add(view(name), view(value));
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Code&) override {}
  std::size_t on_body_impl(string_view body, Code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, Code&) override {
    return body.size();
  }
  void on_finish_impl(Code&) override {}

  Heard& heard_;
};

ParseFailure failure_of(const beast::error_code& code) {
  using Error = beast::http::error;
  if (code == Error::header_limit) return ParseFailure::HeaderTooLong;
  if (code == Error::bad_version) return ParseFailure::Version;
  if (code == Error::bad_transfer_encoding) return ParseFailure::TransferCoding;
  return ParseFailure::Malformed;
}

}  // namespace

struct Parser::State {
  Heard heard;
  Listening<true> request{heard};
  Listening<false> response{heard};
  Kind kind = Kind::Request;
  bool told_header = false, done = false, failed = false;
  ParseFailure failure = ParseFailure::Malformed;
  std::string_view piece;
  // What follows the header.
  bool chunked = false, to_end = false;
  std::optional<uint64_t> length;
  uint64_t left = 0;
  ChunkReader chunks;

  template <class Fn>
  auto with(Fn&& fn) {
    return kind == Kind::Request ? fn(request) : fn(response);
  }
  ParseStep feed_header(std::string_view in, size_t& used);
  ParseStep feed_body(std::string_view in, size_t& used);
  void decide_body();
};

Parser::Parser(Kind kind, uint32_t header_bytes_max) : state_(std::make_unique<State>()) {
  state_->kind = kind;
  state_->with([&](auto& parser) {
    parser.header_limit(header_bytes_max);
    parser.skip(true);
    parser.eager(false);
  });
}

Parser::~Parser() = default;

// How the body is delimited (RFC 9112 6.3).
void Parser::State::decide_body() {
  chunked = with([](auto& parser) { return parser.chunked(); });
  const auto given = with([](auto& parser) { return parser.content_length(); });
  if (given) length = *given;
  const int status = heard.status;
  const bool none =
      kind == Kind::HeadResponse || status / 100 == 1 || status == 204 || status == 304;
  if (none && kind != Kind::Request) {
    chunked = false;
    done = true;
    return;
  }
  left = length.value_or(0);
  to_end = kind == Kind::Response && !chunked && !length;
  done = !chunked && !to_end && left == 0;
}

ParseStep Parser::State::feed_header(std::string_view in, size_t& used) {
  beast::error_code code;
  const bool ready = with([&](auto& parser) {
    used = parser.put({in.data(), in.size()}, code);
    return parser.is_header_done();
  });
  if (code == beast::http::error::need_more) return ParseStep::NeedMore;
  if (code) {
    failure = failure_of(code);
    failed = true;
    return ParseStep::Failed;
  }
  if (!ready) return ParseStep::NeedMore;
  told_header = true;
  decide_body();
  return ParseStep::Header;
}

ParseStep Parser::State::feed_body(std::string_view in, size_t& used) {
  if (chunked) {
    switch (chunks.feed(in, used, piece)) {
      case ChunkReader::Step::NeedMore:
        return ParseStep::NeedMore;
      case ChunkReader::Step::Data:
        return ParseStep::Body;
      case ChunkReader::Step::Done:
        done = true;
        return ParseStep::Done;
      case ChunkReader::Step::Failed:
        failure = ParseFailure::Malformed;
        failed = true;
        return ParseStep::Failed;
    }
  }
  piece = to_end ? in : in.substr(0, std::min<uint64_t>(left, in.size()));
  used = piece.size();
  if (!to_end) {
    left -= used;
    done = left == 0;
  }
  return ParseStep::Body;
}

ParseStep Parser::feed(std::string_view in, size_t& used) {
  State& s = *state_;
  used = 0;
  s.piece = {};
  if (s.failed) return ParseStep::Failed;
  if (s.done) return ParseStep::Done;
  if (in.empty()) return ParseStep::NeedMore;
  return s.told_header ? s.feed_body(in, used) : s.feed_header(in, used);
}

ParseStep Parser::feed_end() {
  State& s = *state_;
  if (!s.failed && (s.done || s.to_end)) return ParseStep::Done;
  return ParseStep::Failed;
}

std::string_view Parser::piece() const { return state_->piece; }
ParseFailure Parser::failure() const { return state_->failure; }
bool Parser::is_done() const { return state_->done; }
const std::string& Parser::method() const { return state_->heard.method; }
const std::string& Parser::target() const { return state_->heard.target; }
int Parser::status() const { return state_->heard.status; }
int Parser::minor_version() const { return state_->heard.version % 10; }
Headers& Parser::headers() { return state_->heard.headers; }

std::optional<uint64_t> Parser::content_length() const { return state_->length; }
bool Parser::is_chunked() const { return state_->chunked; }
bool Parser::keep_alive() const {
  return !state_->to_end && state_->with([](auto& parser) { return parser.keep_alive(); });
}

}  // namespace siploom::http

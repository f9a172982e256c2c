#include "http/parser.h"

#include <utility>
// GCC 12 wants <utility> before Boost.
#include <boost/beast/http/basic_parser.hpp>

#include "base/text.h"

namespace siploom::http {

namespace {

namespace beast = boost::beast;
using beast::string_view;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

// What Beast's parser tells, kept.
struct Heard {
  std::string method, target;
  int status = 0, version = 11;
  Headers headers;
  std::string_view piece;
  bool header_done = false;
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
    // Fields behind the body are not to be taken for those before it (RFC 9110 6.5.1).
    if (!heard_.header_done) heard_.headers.add(view(name), view(value));
  }
  void on_header_impl(Code&) override { heard_.header_done = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Code&) override {}
  std::size_t on_body_impl(string_view body, Code&) override {
    heard_.piece = view(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, Code&) override {
    heard_.piece = view(body);
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
  bool is_request = true;
  bool told_header = false;
  ParseFailure failure = ParseFailure::Malformed;

  template <class Fn>
  auto with(Fn&& fn) {
    return is_request ? fn(request) : fn(response);
  }
};

Parser::Parser(Kind kind, uint32_t header_bytes_max) : state_(std::make_unique<State>()) {
  state_->is_request = kind == Kind::Request;
  state_->with([&](auto& parser) {
    parser.header_limit(header_bytes_max);
    parser.body_limit(boost::none);  // the caller counts
    parser.eager(false);
  });
  if (kind == Kind::HeadResponse) state_->response.skip(true);
}

Parser::~Parser() = default;

ParseStep Parser::feed(std::string_view in, size_t& used) {
  State& s = *state_;
  used = 0;
  s.heard.piece = {};
  return s.with([&](auto& parser) {
    if (parser.is_done()) return ParseStep::Done;
    if (in.empty()) return ParseStep::NeedMore;
    beast::error_code code;
    used = parser.put({in.data(), in.size()}, code);
    if (code == beast::http::error::need_more) return ParseStep::NeedMore;
    if (code) {
      s.failure = failure_of(code);
      return ParseStep::Failed;
    }
    if (!parser.is_header_done()) return used == 0 ? ParseStep::NeedMore : ParseStep::Body;
    if (!std::exchange(s.told_header, true)) return ParseStep::Header;
    return parser.is_done() && s.heard.piece.empty() ? ParseStep::Done : ParseStep::Body;
  });
}

ParseStep Parser::feed_end() {
  State& s = *state_;
  return s.with([&](auto& parser) {
    if (parser.is_done()) return ParseStep::Done;
    beast::error_code code = beast::http::error::partial_message;
    if (parser.got_some()) parser.put_eof(code);
    return code ? ParseStep::Failed : ParseStep::Done;
  });
}

std::string_view Parser::piece() const { return state_->heard.piece; }
ParseFailure Parser::failure() const { return state_->failure; }
bool Parser::is_done() const {
  return state_->with([](auto& parser) { return parser.is_done(); });
}
const std::string& Parser::method() const { return state_->heard.method; }
const std::string& Parser::target() const { return state_->heard.target; }
int Parser::status() const { return state_->heard.status; }
int Parser::minor_version() const { return state_->heard.version % 10; }
Headers& Parser::headers() { return state_->heard.headers; }

std::optional<uint64_t> Parser::content_length() const {
  return state_->with([](auto& parser) -> std::optional<uint64_t> {
    const auto length = parser.content_length();
    return length ? std::optional<uint64_t>(*length) : std::nullopt;
  });
}
bool Parser::is_chunked() const {
  return state_->with([](auto& parser) { return parser.chunked(); });
}
bool Parser::keep_alive() const {
  return state_->with([](auto& parser) { return parser.keep_alive(); });
}

}  // namespace siploom::http

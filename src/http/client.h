// Client: a blocking HTTP and HTTPS client for commands and tests. One object, one thread; keeps
// its connection from request to request. Redirects are given, not followed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "http/tls.h"

namespace siploom::http {

struct ClientOptions {
  Trust trust;  // of https
  Nanoseconds connect_timeout = 10 * kSecond;
  Nanoseconds silence_timeout = 60 * kSecond;  // nothing comes for so long
  size_t body_bytes_max = 256u << 20;          // of a body that is kept
  std::string user_agent = "siploom";
};

struct ClientRequest {
  Method method = Method::Get;
  std::string url;
  Headers headers;
  std::string body;
  std::string body_file;  // sent in the place of `body`
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Cuts pieces into lines without their ends. A line over the limit is given in parts.
class LineSplitter final {
 public:
  explicit LineSplitter(std::function<bool(std::string_view)> on_line, size_t line_max = 16u << 20)
      : on_line_(std::move(on_line)), line_max_(line_max) {}
  bool feed(std::string_view piece);  // false once on_line gave false
  bool finish();                      // the last line, when it had no end

 private:
  std::function<bool(std::string_view)> on_line_;
  size_t line_max_;
  std::string held_;
};

class Client final {
 public:
  // Gives false to stop reading; the rest of the body is given up, with the connection.
  using OnPiece = std::function<bool(std::string_view)>;
  using OnHead = std::function<void(int status, const Headers&)>;

  explicit Client(ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Any status is a response. Errors: InvalidArgument for the URL, Io for what the network or the
  // certificate refused, Malformed for an answer that is not HTTP, LimitExceeded for time and size.
  Result<ClientResponse> send(const ClientRequest& request);
  // The body goes to `on_piece` as it comes; `on_head` is called before the first piece.
  Result<ClientResponse> send(const ClientRequest& request, const OnPiece& on_piece,
                              const OnHead& on_head = {});
  Result<ClientResponse> get(std::string_view url);
  Result<ClientResponse> post(std::string_view url, std::string_view content_type,
                              std::string body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siploom::http

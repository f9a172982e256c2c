#include "http/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "http/io.h"
#include "http/parser.h"

namespace siploom::http {

namespace {

constexpr uint32_t kHeaderBytesMax = 64 * 1024;
constexpr size_t kInputBytesMax = 256 * 1024;  // that the parser cannot go on with
constexpr size_t kFileBlockBytes = 256 * 1024;
constexpr size_t kAddressesMax = 16;
constexpr int kInformationalMax = 16;  // 1xx answers before the one that counts

Result<std::vector<Endpoint>> resolve(const Url& url) {
  if (const auto address = parse_ip(url.host)) return std::vector<Endpoint>{{*address, url.port}};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(url.host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    return fail(ErrorCode::Io, fmt::format("cannot find the host {}: {}; check how it is written",
                                           url.host, ::gai_strerror(code)));
  }
  std::vector<Endpoint> out;
  for (const addrinfo* a = found; a != nullptr && out.size() < kAddressesMax; a = a->ai_next) {
    if (a->ai_family == AF_INET) {
      sockaddr_in v4;
      std::memcpy(&v4, a->ai_addr, sizeof v4);
      out.push_back({IpAddress::v4(reinterpret_cast<const uint8_t*>(&v4.sin_addr)), url.port});
    } else if (a->ai_family == AF_INET6) {
      sockaddr_in6 v6;
      std::memcpy(&v6, a->ai_addr, sizeof v6);
      out.push_back({IpAddress::v6(reinterpret_cast<const uint8_t*>(&v6.sin6_addr)), url.port});
    }
  }
  ::freeaddrinfo(found);
  return out;
}

// A file that is sent as a body.
class Upload final {
 public:
  static Result<Upload> open(const std::string& path) {
    Upload out;
    out.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    if (out.fd_ < 0 || ::fstat(out.fd_, &about) != 0 || !S_ISREG(about.st_mode)) {
      return fail(ErrorCode::Io, fmt::format("cannot read {}: {}", path,
                                             errno != 0 ? std::strerror(errno) : "not a file"));
    }
    out.left_ = static_cast<uint64_t>(about.st_size);
    return out;
  }
  Upload() = default;
  Upload(Upload&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), left_(std::exchange(other.left_, 0)) {}
  Upload& operator=(Upload&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(left_, other.left_);
    return *this;
  }
  ~Upload() {
    if (fd_ >= 0) ::close(fd_);
  }
  uint64_t left() const { return left_; }
  // False when the file is shorter than it was.
  bool read(std::string& block) {
    block.resize(std::min<uint64_t>(left_, kFileBlockBytes));
    const ssize_t size = ::read(fd_, block.data(), block.size());
    if (size <= 0) return false;
    block.resize(static_cast<size_t>(size));
    left_ -= block.size();
    return true;
  }

 private:
  int fd_ = -1;
  uint64_t left_ = 0;
};

std::string request_head(const ClientRequest& request, const Url& url, std::string_view agent,
                         uint64_t body_bytes) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method_name(request.method),
                                url.target, url.authority());
  if (!request.headers.has("User-Agent") && !agent.empty())
    out += fmt::format("User-Agent: {}\r\n", agent);
  for (const auto& [name, value] : request.headers) out += fmt::format("{}: {}\r\n", name, value);
  const bool has_body = request.method == Method::Post || request.method == Method::Put ||
                        request.method == Method::Patch || body_bytes != 0;
  if (has_body) out += fmt::format("Content-Length: {}\r\n", body_bytes);
  return out += "\r\n";
}

}  // namespace

bool LineSplitter::feed(std::string_view piece) {
  for (size_t end; (end = piece.find('\n')) != std::string_view::npos;) {
    std::string_view line = piece.substr(0, end);
    piece.remove_prefix(end + 1);
    if (!held_.empty()) line = held_ += line;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool go_on = on_line_(line);
    held_.clear();
    if (!go_on) return false;
  }
  held_ += piece;
  if (held_.size() < line_max_) return true;
  const std::string part = std::exchange(held_, {});
  return on_line_(part);
}

bool LineSplitter::finish() {
  if (held_.empty()) return true;
  const std::string last = std::exchange(held_, {});
  return on_line_(last);
}

struct Client::State {
  explicit State(ClientOptions o) : options(std::move(o)) {}

  ClientOptions options;
  Loop loop;  // before the socket, which needs it to its end
  std::unique_ptr<Socket> socket;
  std::string connected_to;
  TlsContext tls;     // made at the first use
  bool used = false;  // the connection has served a request
  // What is read, by a read that may still be under way when a request begins.
  std::string in;
  bool reading = false, ended = false;
  bool written = false, write_ok = false;  // of the last write

  Result<void> open(const Url& url);
  Result<void> connect(const Url& url, const Endpoint& to, std::string& why);
  Result<void> start_tls(const Url& url);
  enum class Sent : uint8_t { All, Answered, Broken };
  Sent write(std::string_view bytes);
  Result<Sent> write_request(const ClientRequest& request, const Url& url, std::string& block);
  bool wait_for_input();
  Result<ClientResponse> read_response(Method method, const OnPiece& on_piece,
                                       const OnHead& on_head);
  Result<ClientResponse> exchange(const ClientRequest& request, const Url& url,
                                  const OnPiece& on_piece, const OnHead& on_head);
  void close();
  // Runs the loop until `done` or the time is up; false then.
  template <class Done>
  bool wait(Nanoseconds at_most, Done&& done);
  void start_reading();
  std::string name;  // host:port, for errors
};

template <class Done>
bool Client::State::wait(Nanoseconds at_most, Done&& done) {
  const Nanoseconds deadline = Loop::now() + at_most;
  while (!done()) {
    const Nanoseconds left = deadline - Loop::now();
    if (left <= 0) return false;
    loop.run_one(left);
  }
  return true;
}

void Client::State::close() {
  if (!socket) return;
  socket->close();
  // The callbacks of what was under way point here: they are let pass.
  while (loop.run_one(0)) {
  }
  socket.reset();
  connected_to.clear();
  in.clear();
  reading = ended = used = false;
}

Result<void> Client::State::connect(const Url& url, const Endpoint& to, std::string& why) {
  bool done = false;
  socket = Socket::connect(loop, to, [&](std::string reason) {
    why = std::move(reason);
    done = true;
  });
  if (wait(options.connect_timeout, [&] { return done; }) && why.empty()) return {};
  if (!done) why = "no answer in time";
  close();
  return fail(ErrorCode::Io,
              fmt::format("cannot connect to {}: {}; is the server running, and does it listen "
                          "there?",
                          url.authority(), lower(why)));
}

Result<void> Client::State::open(const Url& url) {
  const std::string wanted = (url.tls ? "https://" : "http://") + url.authority();
  while (socket && loop.run_one(0)) {  // the server may have ended it meanwhile
  }
  if (socket && connected_to == wanted && !ended && in.empty()) return {};
  close();
  name = url.authority();
  // Before connecting: reading all CAs takes time, and the server's clock would run.
  if (url.tls && !tls) tls = SL_TRY(make_client_tls(options.trust));
  Result<void> outcome = fail(ErrorCode::Io, fmt::format("the host {} has no address", url.host));
  const std::vector<Endpoint> addresses = SL_TRY(resolve(url));
  for (const Endpoint& address : addresses) {
    std::string why;
    outcome = connect(url, address, why);
    if (outcome) break;
  }
  SL_TRY_VOID(std::move(outcome));
  if (url.tls) {
    auto secured = start_tls(url);
    if (!secured) close();
    SL_TRY_VOID(std::move(secured));
  }
  connected_to = wanted;
  start_reading();
  return {};
}

Result<void> Client::State::start_tls(const Url& url) {
  bool done = false, ok = false;
  socket->connect_tls(
      tls, [&](ssl_st* ssl) { expect_host(ssl, url.host, options.trust); },
      [&](bool success) {
        ok = success;
        done = true;
      });
  const bool in_time = wait(options.connect_timeout, [&] { return done; });
  if (!in_time) {
    close();  // while `done` is still there for the callback
    return fail(ErrorCode::Io, fmt::format("no TLS handshake with {} in time", name));
  }
  if (!ok) {
    return fail(ErrorCode::Io, fmt::format("no TLS handshake with {}: does it speak HTTPS, with "
                                           "TLS 1.2 or 1.3? Otherwise write http://",
                                           name));
  }
  return check_peer(socket->ssl(), url.host, options.trust);
}

// Always one read under way: the server may answer before it has heard all.
void Client::State::start_reading() {
  if (reading || ended || !socket) return;
  reading = true;
  socket->read([this](std::string_view bytes) {
    reading = false;
    if (bytes.empty()) ended = true;
    in += bytes;
  });
}

Client::State::Sent Client::State::write(std::string_view bytes) {
  written = write_ok = false;
  socket->write(bytes, [this](bool ok) {
    write_ok = ok;
    written = true;
  });
  wait(options.silence_timeout, [&] { return written || !in.empty() || ended; });
  if (written && write_ok) return Sent::All;
  // Whoever stops listening mostly says why.
  if (written) wait(kSecond, [&] { return !in.empty() || ended; });
  return in.empty() ? Sent::Broken : Sent::Answered;
}

Result<Client::State::Sent> Client::State::write_request(const ClientRequest& request,
                                                         const Url& url, std::string& block) {
  Upload upload;
  if (!request.body_file.empty()) upload = SL_TRY(Upload::open(request.body_file));
  const uint64_t size = request.body_file.empty() ? request.body.size() : upload.left();
  block = request_head(request, url, options.user_agent, size);
  const bool joined = request.body_file.empty() && size <= kFileBlockBytes;
  if (joined) block += request.body;
  Sent sent = write(block);
  if (sent == Sent::All && request.body_file.empty() && !joined) sent = write(request.body);
  while (sent == Sent::All && upload.left() > 0) {
    if (!upload.read(block))
      return fail(ErrorCode::NotFound, fmt::format("{} became shorter", request.body_file));
    sent = write(block);
  }
  return sent;
}

// False when nothing came in time.
bool Client::State::wait_for_input() {
  const size_t had = in.size();
  start_reading();
  return wait(options.silence_timeout, [&] { return in.size() > had || ended; });
}

Result<ClientResponse> Client::State::read_response(Method method, const OnPiece& on_piece,
                                                    const OnHead& on_head) {
  const auto kind = method == Method::Head ? Parser::Kind::HeadResponse : Parser::Kind::Response;
  auto parser = std::make_unique<Parser>(kind, kHeaderBytesMax);
  ClientResponse out;
  int informational = 0;
  for (size_t at = 0;;) {
    size_t used_now = 0;
    const ParseStep step = parser->feed(std::string_view(in).substr(at), used_now);
    at += used_now;
    switch (step) {
      case ParseStep::Failed:
        return fail(ErrorCode::Malformed, fmt::format("what {} answers is not HTTP/1.1", name));
      case ParseStep::NeedMore:
        in.erase(0, std::exchange(at, 0));
        if (in.size() > kInputBytesMax)
          return fail(ErrorCode::Malformed, fmt::format("{} answers with too long lines", name));
        if (ended && parser->feed_end() == ParseStep::Done) return out;
        if (ended)
          return fail(ErrorCode::Io, fmt::format("{} ended the connection in its answer", name));
        if (!wait_for_input())
          return fail(ErrorCode::LimitExceeded, fmt::format("{} did not answer in time", name));
        break;
      case ParseStep::Header:
        if (parser->status() / 100 == 1) {
          if (++informational > kInformationalMax)
            return fail(ErrorCode::Malformed, fmt::format("{} never comes to its answer", name));
          parser = std::make_unique<Parser>(kind, kHeaderBytesMax);
          break;
        }
        out.status = parser->status();
        out.headers = parser->headers();
        if (on_head) on_head(out.status, out.headers);
        break;
      case ParseStep::Body:
        if (parser->piece().empty() || on_piece(parser->piece())) break;
        ended = true;  // the rest is not wanted, nor this connection
        return out;
      case ParseStep::Done:
        in.erase(0, at);
        if (!parser->keep_alive()) ended = true;
        return out;
    }
  }
}

Result<ClientResponse> Client::State::exchange(const ClientRequest& request, const Url& url,
                                               const OnPiece& on_piece, const OnHead& on_head) {
  SL_TRY_VOID(open(url));
  std::string block;  // what is being sent, until close()
  const auto sent = write_request(request, url, block);
  if (!sent || *sent == Sent::Broken) close();
  if (!sent) return tl::unexpected<Error>(sent.error());
  if (*sent == Sent::Broken)
    return fail(ErrorCode::Io, fmt::format("the connection to {} broke while sending", name));
  auto answer = read_response(request.method, on_piece, on_head);
  // What the server said before it had heard all counts, but the connection does not any more.
  if (!answer || ended || *sent == Sent::Answered) close();
  used = socket != nullptr;
  return answer;
}

Client::Client(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Client::~Client() {
  if (state_) state_->close();
}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<ClientResponse> Client::send(const ClientRequest& request, const OnPiece& on_piece,
                                    const OnHead& on_head) {
  const Url url = SL_TRY(parse_url(request.url));
  // A kept connection may have been closed by the server meanwhile; nothing was answered on it
  // then, and a fresh one is tried once (RFC 9112 9.3.1: for methods that may be repeated).
  const bool again =
      state_->used && request.method != Method::Post && request.method != Method::Patch;
  bool heard = false;
  const OnHead listening = [&](int status, const Headers& headers) {
    heard = true;
    if (on_head) on_head(status, headers);
  };
  auto answer = state_->exchange(request, url, on_piece, listening);
  if (answer || !again || heard || answer.error().code != ErrorCode::Io) return answer;
  return state_->exchange(request, url, on_piece, listening);
}

Result<ClientResponse> Client::send(const ClientRequest& request) {
  std::string body;
  bool too_long = false;
  ClientResponse out = SL_TRY(send(request, [&](std::string_view piece) {
    too_long = body.size() + piece.size() > state_->options.body_bytes_max;
    if (!too_long) body += piece;
    return !too_long;
  }));
  if (too_long) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("the answer of {} is over {} octets", state_->name,
                            state_->options.body_bytes_max));
  }
  out.body = std::move(body);
  return out;
}

Result<ClientResponse> Client::get(std::string_view url) {
  ClientRequest request;
  request.url = url;
  return send(request);
}

Result<ClientResponse> Client::post(std::string_view url, std::string_view content_type,
                                    std::string body) {
  ClientRequest request;
  request.method = Method::Post;
  request.url = url;
  request.headers.add("Content-Type", content_type);
  request.body = std::move(body);
  return send(request);
}

}  // namespace siploom::http

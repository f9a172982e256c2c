#include "http/io.h"

#define BOOST_ASIO_NO_DEPRECATED
#define BOOST_ASIO_DISABLE_CONCEPTS
#define BOOST_ASIO_DISABLE_BOOST_COROUTINE
#if defined(__SANITIZE_THREAD__)
#define BOOST_ASIO_DISABLE_FENCED_BLOCK  // fences, which TSan does not know; the mutexes do as well
#endif

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <array>
#include <chrono>
#include <optional>
#include <utility>
// GCC 12 wants <utility> before Boost.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace siploom::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket&>;

constexpr size_t kReadBytes = 16 * 1024;
constexpr int kBacklog = 512;

tcp::endpoint to_asio(const Endpoint& e) {
  if (e.address.is_v4()) {
    asio::ip::address_v4::bytes_type four;
    std::memcpy(four.data(), &e.address.octets[12], 4);
    return {asio::ip::address_v4(four), e.port};
  }
  asio::ip::address_v6::bytes_type sixteen;
  std::memcpy(sixteen.data(), e.address.octets.data(), 16);
  return {asio::ip::address_v6(sixteen), e.port};
}

Endpoint from_asio(const tcp::endpoint& e) {
  Endpoint out;
  out.port = e.port();
  if (e.address().is_v4()) {
    out.address = IpAddress::v4(e.address().to_v4().to_bytes().data());
  } else {
    out.address = IpAddress::v6(e.address().to_v6().to_bytes().data());
  }
  return out;
}

}  // namespace

// ---- Loop

struct Loop::State {
  asio::io_context context;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{
      context.get_executor()};
  asio::steady_timer timer{context};
  bool finished = false;

  void tick(Nanoseconds period, const std::function<void()>& task) {
    timer.expires_after(std::chrono::nanoseconds(period));
    timer.async_wait([this, period, task](const Code& code) {
      if (code || finished) return;
      tick(period, task);  // first: a task that throws does not end the ticking
      task();
    });
  }
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

uint64_t Loop::run() {
  for (uint64_t thrown = 0;; ++thrown) {
    try {
      state_->context.run();
      return thrown;
    } catch (const std::exception&) {
      continue;
    }
  }
}

bool Loop::run_one(Nanoseconds at_most) {
  return state_->context.run_one_for(std::chrono::nanoseconds(at_most)) != 0;
}

void Loop::finish() {
  asio::post(state_->context, [state = state_.get()] {
    state->finished = true;
    state->timer.cancel();
    state->work.reset();
  });
}

void Loop::post(std::function<void()> task) { asio::post(state_->context, std::move(task)); }

void Loop::every(Nanoseconds period, std::function<void()> task) { state_->tick(period, task); }

Nanoseconds Loop::now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// ---- Socket

struct Socket::State : std::enable_shared_from_this<Socket::State> {
  explicit State(tcp::socket s) : socket(std::move(s)) {}

  tcp::socket socket;
  std::optional<TlsStream> tls;
  std::array<char, kReadBytes> buffer;
  bool closed = false;

  void make_tls(const TlsContext& context) {
    // The context of Asio owns what it is given; the stream takes its own share of it.
    SSL_CTX_up_ref(context.get());
    asio::ssl::context shared(context.get());
    tls.emplace(socket, shared);
  }
  template <class Done>
  auto on_read(Done done) {
    return [self = shared_from_this(), done = std::move(done)](const Code& code, size_t size) {
      done(code ? std::string_view{} : std::string_view(self->buffer.data(), size));
    };
  }
  template <class Done>
  auto on_done(Done done) {
    return [self = shared_from_this(), done = std::move(done)](const Code& code, size_t = 0) {
      done(!code);
    };
  }
};

Socket::Socket(std::shared_ptr<State> state) : state_(std::move(state)) {}
Socket::~Socket() { close(); }

std::unique_ptr<Socket> Socket::connect(Loop& loop, const Endpoint& to,
                                        std::function<void(std::string)> done) {
  auto state = std::make_shared<State>(tcp::socket(loop.state().context));
  state->socket.async_connect(to_asio(to), [state, done = std::move(done)](const Code& code) {
    Code ignored;
    if (!code) state->socket.set_option(tcp::no_delay(true), ignored);
    done(code ? code.message() : std::string());
  });
  return std::make_unique<Socket>(state);
}

void Socket::read(OnRead done) {
  const auto buffer = asio::buffer(state_->buffer);
  if (state_->tls) {
    state_->tls->async_read_some(buffer, state_->on_read(std::move(done)));
  } else {
    state_->socket.async_read_some(buffer, state_->on_read(std::move(done)));
  }
}

void Socket::write(std::string_view bytes, OnDone done) {
  const asio::const_buffer buffer(bytes.data(), bytes.size());
  if (state_->tls) {
    asio::async_write(*state_->tls, buffer, state_->on_done(std::move(done)));
  } else {
    asio::async_write(state_->socket, buffer, state_->on_done(std::move(done)));
  }
}

void Socket::accept_tls(const TlsContext& tls, std::string_view already_read, OnDone done) {
  state_->make_tls(tls);
  // Asio copies what it is given into the engine before this returns.
  std::memmove(state_->buffer.data(), already_read.data(), already_read.size());
  state_->tls->async_handshake(asio::ssl::stream_base::server,
                               asio::buffer(state_->buffer.data(), already_read.size()),
                               state_->on_done(std::move(done)));
}

void Socket::connect_tls(const TlsContext& tls, std::function<void(ssl_st*)> prepare, OnDone done) {
  state_->make_tls(tls);
  prepare(state_->tls->native_handle());
  state_->tls->async_handshake(asio::ssl::stream_base::client, state_->on_done(std::move(done)));
}

ssl_st* Socket::ssl() const { return state_->tls ? state_->tls->native_handle() : nullptr; }

void Socket::end_writing() {
  if (state_->closed) return;
  const auto shut = [state = state_](const Code& = {}) {
    Code ignored;
    if (!state->closed) state->socket.shutdown(tcp::socket::shutdown_send, ignored);
  };
  if (!state_->tls) return shut();
  // Sends close_notify now; its callback waits for the peer's, which the caller's deadline bounds.
  state_->tls->async_shutdown(shut);
}

void Socket::close() {
  if (std::exchange(state_->closed, true)) return;
  Code ignored;
  state_->socket.close(ignored);
}

Endpoint Socket::peer() const {
  Code code;
  const auto e = state_->socket.remote_endpoint(code);
  return code ? Endpoint{} : from_asio(e);
}
Endpoint Socket::local() const {
  Code code;
  const auto e = state_->socket.local_endpoint(code);
  return code ? Endpoint{} : from_asio(e);
}

// ---- Listener

struct Listener::State : std::enable_shared_from_this<Listener::State> {
  State(asio::io_context& context, OnAccept on_accept)
      : acceptor(context), accepted(std::move(on_accept)) {}

  tcp::acceptor acceptor;
  OnAccept accepted;
  bool paused = false;

  Code open(const Endpoint& at) {
    const tcp::endpoint where = to_asio(at);
    Code code;
    acceptor.open(where.protocol(), code);
    if (code) return code;
    acceptor.set_option(tcp::acceptor::reuse_address(true), code);
    // [::] and 0.0.0.0 are two addresses.
    if (!at.address.is_v4()) acceptor.set_option(asio::ip::v6_only(true), code);
    acceptor.bind(where, code);
    if (!code) acceptor.listen(kBacklog, code);
    return code;
  }
  void accept() {
    acceptor.async_accept([self = shared_from_this()](const Code& code, tcp::socket socket) {
      if (!self->acceptor.is_open()) return;
      if (code && code != asio::error::connection_aborted) {
        self->paused = true;  // no descriptors: trying again at once would only spin
        return;
      }
      if (!code) {
        Code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        self->accepted(
            std::make_unique<Socket>(std::make_shared<Socket::State>(std::move(socket))));
      }
      if (self->acceptor.is_open()) self->accept();
    });
  }
};

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}
Listener::~Listener() { close(); }

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const Endpoint& at,
                                                 OnAccept accepted) {
  auto state = std::make_shared<State>(loop.state().context, std::move(accepted));
  if (const Code code = state->open(at)) {
    std::string_view hint;
    if (code == asio::error::address_in_use) hint = "; another program listens there";
    if (code == asio::error::access_denied) hint = "; ports below 1024 need rights";
    return fail(ErrorCode::Io, fmt::format("cannot listen at {}: {}{}", format_endpoint(at),
                                           code.message(), hint));
  }
  state->accept();
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Endpoint Listener::endpoint() const {
  Code code;
  const auto e = state_->acceptor.local_endpoint(code);
  return code ? Endpoint{} : from_asio(e);
}

void Listener::resume() {
  if (std::exchange(state_->paused, false) && state_->acceptor.is_open()) state_->accept();
}

void Listener::close() {
  Code ignored;
  state_->acceptor.close(ignored);
  state_->accepted = nullptr;
}

}  // namespace siploom::http

#include "intake/sockets.h"

#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace siploom::intake {

namespace {

constexpr int kBacklog = 1024;
constexpr int kPortAttempts = 16;  // a port that is free for TCP may be taken for UDP

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  if (endpoint.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, &endpoint.address.octets[12], 4);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, endpoint.address.octets.data(), 16);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
  }
  return out;
}

bool set(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

tl::unexpected<Error> cannot_listen(const Endpoint& at, std::string_view protocol, int error) {
  const char* hint = error == EADDRINUSE ? "; another program listens there"
                     : error == EACCES   ? "; ports below 1024 need root or cap_net_bind_service"
                     : error == EADDRNOTAVAIL ? "; no interface has this address"
                                              : "";
  return fail(ErrorCode::Io, fmt::format("cannot listen on {} ({}): {}{}", format_endpoint(at),
                                         protocol, std::strerror(error), hint));
}

Result<Fd> open_socket(const Endpoint& at, int type, bool v6_only, bool shares_port,
                       int number = 0) {
  const std::string_view protocol = number == IPPROTO_SCTP ? "sctp"
                                    : type == SOCK_STREAM  ? "tcp"
                                                           : "udp";
  const SocketAddress address = to_socket_address(at);
  Fd fd(::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, number));
  if (!fd && number == IPPROTO_SCTP && (errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)) {
    return fail(ErrorCode::Unsupported,
                fmt::format("cannot listen on {} (sctp): the kernel has no SCTP; load it (modprobe "
                            "sctp) or set hep.sctp to false",
                            format_endpoint(at)));
  }
  if (!fd) return cannot_listen(at, protocol, errno);
  if (address.family() == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0);
  if (type == SOCK_STREAM) set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (shares_port) set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(fd.get(), address.get(), address.size) != 0) return cannot_listen(at, protocol, errno);
  return fd;
}

void prepare_udp(int fd, size_t buffer_bytes) {
  const int wanted = static_cast<int>(std::min<size_t>(buffer_bytes, 1u << 30));
  // Root may go above net.core.rmem_max.
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted)) set(fd, SOL_SOCKET, SO_RCVBUF, wanted);
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
}

Endpoint local_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return to_endpoint(storage);
}

// TCP first: its port cannot be shared, so that a second program is noticed.
Result<Listener> open_listener(Endpoint at, bool v6_only, const IntakeOptions& options) {
  Listener out;
  out.tcp = SL_TRY(open_socket(at, SOCK_STREAM, v6_only, false));
  if (::listen(out.tcp.get(), kBacklog) != 0) return cannot_listen(at, "tcp", errno);
  out.local = local_of(out.tcp.get());
  at.port = out.local.port;
  if (options.sctp) {
    out.sctp = SL_TRY(open_socket(at, SOCK_STREAM, v6_only, false, IPPROTO_SCTP));
    if (::listen(out.sctp.get(), kBacklog) != 0) return cannot_listen(at, "sctp", errno);
  }
  const unsigned sockets = std::clamp(options.udp_sockets, 1u, kMaxUdpSockets);
  for (unsigned i = 0; i < sockets; ++i) {
    out.udp.push_back(SL_TRY(open_socket(at, SOCK_DGRAM, v6_only, sockets > 1)));
    prepare_udp(out.udp.back().get(), options.receive_buffer_bytes);
  }
  return out;
}

Result<Listener> open_any_port(const Endpoint& at, bool v6_only, const IntakeOptions& options) {
  Result<Listener> opened = open_listener(at, v6_only, options);
  for (int i = 1; i < kPortAttempts && !opened && at.port == 0; ++i)
    opened = open_listener(at, v6_only, options);
  return opened;
}

}  // namespace

Endpoint to_endpoint(const sockaddr_storage& address) {
  Endpoint out;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    out.address = IpAddress::v6(v6.sin6_addr.s6_addr);
    out.port = ntohs(v6.sin6_port);
  } else if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    uint8_t four[4];
    std::memcpy(four, &v4.sin_addr, 4);
    out.address = IpAddress::v4(four);
    out.port = ntohs(v4.sin_port);
  }
  return out;
}

size_t receive_buffer_of(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  if (::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length) != 0 || size < 0) return 0;
  return static_cast<size_t>(size) / 2;
}

// The counter behind SO_RXQ_OVFL, but without a control message at every datagram, and also when
// no datagram follows the ones that were lost.
uint32_t kernel_drops_of(int fd) {
  uint32_t values[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof values;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

Result<std::vector<Listener>> open_listeners(const IntakeOptions& options) {
  std::vector<Endpoint> wanted = options.listen;
  const bool by_default = wanted.empty();
  if (by_default) wanted.push_back({IpAddress{}, kDefaultPort});
  if (wanted.size() > kMaxListenAddresses)
    return fail(ErrorCode::LimitExceeded,
                fmt::format("intake: at most {} listen addresses", kMaxListenAddresses));
  // [::] takes IPv4, too, unless an IPv4 address is listed beside it.
  const bool v6_only = std::any_of(wanted.begin(), wanted.end(),
                                   [](const Endpoint& each) { return each.address.is_v4(); });
  std::vector<Listener> out;
  for (const Endpoint& at : wanted) {
    Result<Listener> opened = open_any_port(at, v6_only, options);
    // A system without IPv6.
    if (!opened && by_default) opened = open_any_port({IpAddress::v4(0u), at.port}, false, options);
    if (!opened) return tl::unexpected<Error>(opened.error());
    out.push_back(std::move(*opened));
  }
  return out;
}

}  // namespace siploom::intake

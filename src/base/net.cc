#include "base/net.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace siploom {

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  char buffer[INET6_ADDRSTRLEN] = {};
  std::memcpy(buffer, text.data(), text.size());
  uint8_t raw[16];
  if (inet_pton(AF_INET, buffer, raw) == 1) return IpAddress::v4(raw);
  if (inet_pton(AF_INET6, buffer, raw) == 1) return IpAddress::v6(raw);
  return std::nullopt;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  std::string_view host = text, port;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(0, close + 1);
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') return std::nullopt;
    if (!port.empty()) port.remove_prefix(1);
  } else if (const size_t colon = text.rfind(':');
             colon != std::string_view::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  const auto address = parse_ip(host);
  if (!address) return std::nullopt;
  Endpoint endpoint{*address, 0};
  if (!port.empty()) {
    const auto number = parse_number<uint16_t>(port);
    if (!number) return std::nullopt;
    endpoint.port = *number;
  }
  return endpoint;
}

namespace {

// Dotted quad, and ":port" when there is one. (Lists hold two a row.)
std::string format_v4(const IpAddress& address, int port) {
  char buffer[24];
  char* end = buffer;
  for (size_t i = 12; i < 16; ++i) {
    if (i != 12) *end++ = '.';
    end = std::to_chars(end, buffer + sizeof buffer, address.octets[i]).ptr;
  }
  if (port >= 0) {
    *end++ = ':';
    end = std::to_chars(end, buffer + sizeof buffer, port).ptr;
  }
  return {buffer, end};
}

}  // namespace

std::string format_ip(const IpAddress& address) {
  if (address.is_v4()) return format_v4(address, -1);
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, address.octets.data(), buffer, sizeof buffer);
}

std::string format_endpoint(const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) return format_v4(endpoint.address, endpoint.port);
  return fmt::format("[{}]:{}", format_ip(endpoint.address), endpoint.port);
}

bool Cidr::contains(const IpAddress& address) const {
  const size_t whole = prefix_bits / 8, left = prefix_bits % 8;
  if (std::memcmp(network.octets.data(), address.octets.data(), whole) != 0) return false;
  if (left == 0) return true;
  const unsigned mask = 0xFF00u >> left & 0xFFu;
  return ((network.octets[whole] ^ address.octets[whole]) & mask) == 0;
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const Halves halves = split_once(text, '/');
  const auto address = parse_ip(halves.before);
  if (!address) return std::nullopt;
  Cidr cidr{*address, 128};
  if (halves.found) {
    const auto bits = parse_number<uint8_t>(halves.after);
    const unsigned most = address->is_v4() ? 32 : 128;
    if (!bits || *bits > most) return std::nullopt;
    cidr.prefix_bits = static_cast<uint8_t>(*bits + (128 - most));
  }
  return cidr;
}

std::string format_cidr(const Cidr& cidr) {
  const bool v4 = cidr.network.is_v4() && cidr.prefix_bits >= 96;
  if (cidr.prefix_bits == 128) return format_ip(cidr.network);
  return fmt::format("{}/{}", format_ip(cidr.network),
                     v4 ? cidr.prefix_bits - 96 : cidr.prefix_bits);
}

std::string_view transport_name(Transport transport) {
  switch (transport) {
    case Transport::Udp:
      return "udp";
    case Transport::Tcp:
      return "tcp";
    case Transport::Tls:
      return "tls";
    case Transport::Ws:
      return "ws";
    case Transport::Wss:
      return "wss";
    case Transport::Sctp:
      return "sctp";
    case Transport::Unknown:
      break;
  }
  return "unknown";
}

Transport parse_transport(std::string_view name) {
  for (const Transport t : {Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws,
                            Transport::Wss, Transport::Sctp}) {
    if (transport_name(t) == name) return t;
  }
  return Transport::Unknown;
}

}  // namespace siploom

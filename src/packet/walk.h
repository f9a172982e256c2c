// Walk: one frame on its way from the outermost layer to its datagram; inner to decode.cc and the
// layers' files. Each step takes one header off, and says what the rest is.
#pragma once

#include "packet/decode.h"
#include "packet/link.h"

namespace siploom::packet {

struct Walk;
using Layer = void (*)(Walk&);

struct Walk {
  Walk(Datagram& datagram, ByteSpan frame) : out(datagram), rest(frame) {}

  Datagram& out;
  ByteSpan rest;           // what the next layer reads
  Layer next = nullptr;    // null: done
  uint8_t protocol = 0;    // for ip_protocol: what `rest` is
  uint32_t missing = 0;    // octets of the innermost IP packet that the capture does not hold
  uint8_t udp_opened = 0;  // UDP datagrams that were taken for tunnels,
  uint8_t udp_openable = kMaxTunnels;  // and how many may be

  void refuse(Refusal refusal) {
    out.refusal = refusal;
    next = nullptr;
  }
  // Takes `size` octets off; false, and Truncated, when there are less.
  bool skip(size_t size) {
    if (rest.size() < size) {
      refuse(Refusal::Truncated);
      return false;
    }
    rest = rest.subspan(size);
    return true;
  }
  void enter(Layer layer) { next = layer; }
  void enter_tunnel(Layer layer) {
    ++out.tunnels;
    next = layer;
  }
  void enter_ether_type(uint16_t type);
  void enter_link(uint16_t linktype);
  void run();
};

// link_layers.cc
void ethernet(Walk& walk);
void vlan_tag(Walk& walk);
void llc(Walk& walk);
void ppp(Walk& walk);
void pppoe(Walk& walk);
void mpls(Walk& walk);
void nsh(Walk& walk);
// capture_links.cc: what capturing machines put in front
void linux_sll(Walk& walk);
void linux_sll2(Walk& walk);
void bsd_null(Walk& walk);
void c_hdlc(Walk& walk);
void ppp_hdlc(Walk& walk);
void frame_relay(Walk& walk);
void ieee80211(Walk& walk);
void radiotap(Walk& walk);
void ppi(Walk& walk);
void pktap(Walk& walk);
void nflog(Walk& walk);
void pflog(Walk& walk);
void upper_pdu(Walk& walk);
// ip_layers.cc
void ip(Walk& walk);
void ip_protocol(Walk& walk);
// tunnels.cc
void gre(Walk& walk);
void l2tp_over_ip(Walk& walk);
// True when ports and content say that the UDP payload in `walk.rest` is a tunnel; the walk then
// goes on inside. If it is false, the walk is as it was.
bool enter_udp_tunnel(Walk& walk, uint16_t src_port, uint16_t dst_port);

// Whether octets may be the beginning of such a packet (layer_guess.cc). Used where nothing else
// says what follows.
bool looks_like_ip(ByteSpan bytes);
bool looks_like_ethernet(ByteSpan bytes);

// UDP ports of tunnels.
enum TunnelPort : uint16_t {
  kPortL2tp = 1701,
  kPortGtpU = 2152,
  kPortTeredo = 3544,
  kPortVxlan = 4789,
  kPortVxlanGpe = 4790,
  kPortGeneve = 6081,
  kPortMpls = 6635,
  kPortVxlanLinux = 8472,
  kPortTzsp = 37008,
};

constexpr uint64_t port_bit(uint16_t port) { return uint64_t{1} << (port & 63); }
constexpr uint64_t kTunnelPortBits =
    port_bit(kPortL2tp) | port_bit(kPortGtpU) | port_bit(kPortTeredo) | port_bit(kPortVxlan) |
    port_bit(kPortVxlanGpe) | port_bit(kPortGeneve) | port_bit(kPortMpls) |
    port_bit(kPortVxlanLinux) | port_bit(kPortTzsp);
// A question for every datagram: most ports are told by their low bits.
constexpr bool is_tunnel_port(uint16_t port) {
  if ((kTunnelPortBits & port_bit(port)) == 0) return false;
  switch (port) {
    case kPortL2tp:
    case kPortGtpU:
    case kPortTeredo:
    case kPortVxlan:
    case kPortVxlanGpe:
    case kPortGeneve:
    case kPortMpls:
    case kPortVxlanLinux:
    case kPortTzsp:
      return true;
    default:
      return false;
  }
}

}  // namespace siploom::packet

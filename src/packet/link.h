// Numbers that name link layers and what they carry.
#pragma once

#include <cstdint>

namespace siploom::packet {

// LINKTYPE_ numbers (https://www.tcpdump.org/linktypes.html) that decode_frame() knows.
enum Link : uint16_t {
  kLinkNull = 0,
  kLinkEthernet = 1,
  kLinkPpp = 9,
  kLinkRawBsd = 12,
  kLinkRawOpenBsd = 14,
  kLinkPppHdlc = 50,
  kLinkPppEther = 51,
  kLinkAtmRfc1483 = 100,
  kLinkRaw = 101,
  kLinkCHdlc = 104,
  kLinkIeee80211 = 105,
  kLinkFrameRelay = 107,
  kLinkLoop = 108,
  kLinkEnc = 109,
  kLinkLinuxSll = 113,
  kLinkPflog = 117,
  kLinkRadiotap = 127,
  kLinkPktapOld = 149,
  kLinkPpi = 192,
  kLinkPppWithDirection = 204,
  kLinkIpv4 = 228,
  kLinkIpv6 = 229,
  kLinkNflog = 239,
  kLinkNetAnalyzer = 240,
  kLinkUpperPdu = 252,
  kLinkPktap = 258,
  kLinkLinuxSll2 = 276,
};

// IEEE 802 numbers, and those that GRE and cooked captures use in the same field.
enum EtherType : uint16_t {
  kEtherIpv4 = 0x0800,
  kEtherArp = 0x0806,
  kEtherTransparentBridging = 0x6558,
  kEtherRarp = 0x8035,
  kEtherVlan = 0x8100,
  kEtherIpv6 = 0x86DD,
  kEtherPpp = 0x880B,
  kEtherWccp = 0x883E,
  kEtherMpls = 0x8847,
  kEtherMplsMulticast = 0x8848,
  kEtherPppoeDiscovery = 0x8863,
  kEtherPppoeSession = 0x8864,
  kEtherErspan3 = 0x22EB,
  kEtherErspan = 0x88BE,
  kEtherProviderBridge = 0x88A8,
  kEtherBackboneBridge = 0x88E7,
  kEtherPortExtension = 0x893F,
  kEtherNsh = 0x894F,
  kEtherOldQinQ = 0x9100,
};

// Below it, the field is an IEEE 802.3 length.
constexpr uint16_t kEtherTypeMin = 0x0600;

// IP protocol numbers that carry other packets, or stand between an IP header and them.
enum IpProtocol : uint8_t {
  kProtoHopByHop = 0,
  kProtoIpv4 = 4,
  kProtoIpv6 = 41,
  kProtoRouting = 43,
  kProtoFragment = 44,
  kProtoGre = 47,
  kProtoAuthentication = 51,
  kProtoNoNext = 59,
  kProtoDestination = 60,
  kProtoEtherIp = 97,
  kProtoL2tp = 115,
  kProtoMobility = 135,
  kProtoMpls = 137,
  kProtoHip = 139,
  kProtoShim6 = 140,
  kProtoEthernet = 143,
};

}  // namespace siploom::packet

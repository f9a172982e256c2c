#include "simulate/profile.h"

namespace siploom::simulate {

namespace {

constexpr std::string_view kAllowPhone =
    "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY, SUBSCRIBE, REFER, UPDATE, PRACK, MESSAGE";
constexpr std::string_view kAllowPbx =
    "OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, "
    "INFO, MESSAGE, REFER";
constexpr std::string_view kAllowTrunk =
    "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER";

constexpr Profile kProfiles[] = {
    // Telephones.
    {.agent = "Yealink SIP-T46S 66.84.0.15",
     .allow = "INVITE, INFO, PRACK, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REGISTER, SUBSCRIBE, REFER, "
              "PUBLISH, UPDATE, MESSAGE",
     .supported = "replaces, 100rel, timer",
     .sdp_user = "-",
     .sdp_session = "SDP data",
     .call_id = CallIdStyle::Numeric},
    {.agent = "Grandstream GXP2170 1.0.11.64",
     .allow = kAllowPhone,
     .supported = "replaces, path, timer, eventlist",
     .sdp_user = "gxp",
     .sdp_session = "SIP Call",
     .call_id = CallIdStyle::Numeric,
     .tag_digits = 9},
    {.agent = "Cisco-CP8861/12.8.1",
     .allow = kAllowPhone,
     .supported = "replaces,100rel,timer,norefersub,extended-refer",
     .sdp_user = "Cisco-SIPUA",
     .sdp_session = "SIP Call",
     .tag_digits = 16},
    {.agent = "PolycomVVX-VVX_411-UA/5.9.6.2327",
     .allow = kAllowPhone,
     .supported = "100rel,timer,replaces",
     .sdp_user = "-",
     .sdp_session = "Polycom IP Phone",
     .tag_digits = 8,
     .rport = false},
    {.agent = "snomD735/10.1.64.14",
     .allow = kAllowPhone,
     .supported = "timer, replaces, from-change",
     .sdp_user = "root",
     .sdp_session = "call",
     .tag_digits = 10},
    {.agent = "Z 5.6.4 rv2.10.20.4",
     .allow = kAllowPhone,
     .supported = "replaces, norefersub, extended-refer, timer, outbound, path",
     .sdp_user = "Z",
     .sdp_session = "Z",
     .call_id = CallIdStyle::HexAtHost,
     .tag_digits = 8},
    {.agent = "Linphone-Desktop/5.1.2 (belle-sip/5.2.82)",
     .allow = kAllowPhone,
     .supported = "replaces, outbound, gruu, path, record-aware",
     .sdp_user = "user",
     .sdp_session = "Talk",
     .call_id = CallIdStyle::Uuid,
     .tag_digits = 9},
    {.agent = "FieldGate 2.1",
     .allow = "INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,REFER,MESSAGE,INFO",
     .supported = "replaces",
     .sdp_user = "-",
     .sdp_session = "-",
     .tag_digits = 12,
     .compact = true},
    // A telephone in a browser.
    {.agent = "JsSIP 3.10.1",
     .allow = "INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,NOTIFY",
     .supported = "outbound,ice,replaces,timer",
     .sdp_user = "-",
     .sdp_session = "-",
     .call_id = CallIdStyle::Uuid,
     .rport = false},
    // Proxies.
    {.agent = "kamailio (5.5.4 (x86_64/linux))", .is_server = true},
    {.agent = "OpenSIPS (3.2.8 (x86_64/linux))", .is_server = true},
    // PBXs.
    {.agent = "Asterisk PBX 18.20.0",
     .allow = kAllowPbx,
     .supported = "100rel, replaces, norefersub, timer",
     .sdp_user = "-",
     .sdp_session = "Asterisk",
     .call_id = CallIdStyle::Uuid,
     .tag_digits = 12,
     .is_server = true},
    {.agent = "FreeSWITCH-mod_sofia/1.10.9-release~64bit",
     .allow = kAllowPbx,
     .supported = "timer, path, replaces, 100rel",
     .sdp_user = "FreeSWITCH",
     .sdp_session = "FreeSWITCH",
     .call_id = CallIdStyle::Uuid,
     .tag_digits = 13},
    // Carriers.
    {.agent = "Carrier-SBC/9.2.1",
     .allow = kAllowTrunk,
     .supported = "100rel,timer,replaces",
     .sdp_user = "SBC",
     .sdp_session = "SIP Media Capabilities",
     .tag_digits = 14,
     .rport = false},
    {.agent = "MediaGateway/S8.1 build 204",
     .allow = kAllowTrunk,
     .supported = "100rel,timer",
     .sdp_user = "gw",
     .sdp_session = "sip call",
     .call_id = CallIdStyle::Numeric,
     .rport = false},
    // Strangers.
    {.agent = "friendly-scanner",
     .supported = "",
     .sdp_user = "-",
     .sdp_session = "-",
     .tag_digits = 16},
};
constexpr uint8_t kFirst[] = {0, 9, 11, 13, 13, 15};
constexpr uint8_t kCount[] = {8, 2, 2, 2, 2, 1};
constexpr uint8_t kWebsocket = 8;
static_assert(sizeof kProfiles / sizeof kProfiles[0] == 16);

constexpr std::string_view kNames[kDisplayNames] = {"",
                                                    "Alice Archer",
                                                    "Bob Baker",
                                                    "Carol Cole",
                                                    "Dave Dunn",
                                                    "Erin Ellis",
                                                    "Frank Ford",
                                                    "Grace Gill",
                                                    "Heidi Hale",
                                                    "Ivan Ince",
                                                    "Judy Jones",
                                                    "Ken Knox",
                                                    "Lena Lang",
                                                    "Mallory Moss",
                                                    "Niaj Nash",
                                                    "Olivia Orr",
                                                    "Peggy Pace",
                                                    "Quentin Quill",
                                                    "Rupert Rowe",
                                                    "Sybil Shaw",
                                                    "Trent Thorne",
                                                    "Ursula Underwood",
                                                    "Victor Vance",
                                                    "Zoë Zürn"};
constexpr std::string_view kUsers[kDisplayNames] = {
    "anna",  "alice",   "bob",    "carol", "dave",  "erin",    "frank",  "grace",
    "heidi", "ivan",    "judy",   "ken",   "lena",  "mallory", "niaj",   "olivia",
    "peggy", "quentin", "rupert", "sybil", "trent", "ursula",  "victor", "zoe"};

}  // namespace

size_t profile_count(Role role) { return kCount[static_cast<size_t>(role)]; }
uint8_t profile_number(Role role, size_t index) {
  return static_cast<uint8_t>(kFirst[static_cast<size_t>(role)] + index);
}
uint8_t websocket_profile() { return kWebsocket; }
const Profile& profile(uint8_t number) { return kProfiles[number]; }

void append_user(TextBuffer& out, const Identity& identity) {
  switch (identity.style) {
    case Identity::Style::Extension:
      out << identity.number;
      return;
    // 555-0100 to 555-0199 are for fiction (NANPA), as is 020 7946 0000 to 0999 (Ofcom).
    case Identity::Style::American:
      (out << "+12025550").padded(100u + identity.number % 100u, 3);
      return;
    case Identity::Style::British:
      (out << "+442079460").padded(identity.number % 1000u, 3);
      return;
    case Identity::Style::Name:
      out << kUsers[identity.name % kDisplayNames];
      return;
  }
}

std::string_view display_name(const Identity& identity) {
  return kNames[identity.name % kDisplayNames];
}

}  // namespace siploom::simulate

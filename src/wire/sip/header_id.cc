#include "wire/sip/header_id.h"

#include <array>

#include "base/text.h"

namespace siploom::sip {

namespace {

struct Name {
  std::string_view text;
  char compact = 0;
};

// In the order of HeaderId.
constexpr std::array<Name, static_cast<size_t>(HeaderId::kCount)> kNames = {{
    {"", 0},
    {"Via", 'v'},
    {"From", 'f'},
    {"To", 't'},
    {"Call-ID", 'i'},
    {"CSeq", 0},
    {"Contact", 'm'},
    {"Content-Length", 'l'},
    {"Content-Type", 'c'},
    {"Max-Forwards", 0},
    {"Route", 0},
    {"Record-Route", 0},
    {"User-Agent", 0},
    {"Server", 0},
    {"P-Asserted-Identity", 0},
    {"P-Preferred-Identity", 0},
    {"Remote-Party-ID", 0},
    {"Diversion", 0},
    {"History-Info", 0},
    {"Reason", 0},
    {"Warning", 0},
    {"Authorization", 0},
    {"Proxy-Authorization", 0},
    {"WWW-Authenticate", 0},
    {"Proxy-Authenticate", 0},
    {"Session-ID", 0},
    {"P-Charging-Vector", 0},
    {"Identity", 'y'},
    {"Expires", 0},
    {"Session-Expires", 'x'},
    {"Refer-To", 'r'},
    {"Referred-By", 'b'},
    {"Replaces", 0},
    {"Event", 'o'},
    {"Subject", 's'},
    {"Supported", 'k'},
    {"Require", 0},
    {"Allow", 0},
    {"RSeq", 0},
    {"RAck", 0},
    {"Content-Encoding", 'e'},
    {"Subscription-State", 0},
    {"Retry-After", 0},
    {"Privacy", 0},
    {"Accept", 0},
    {"Date", 0},
    {"Min-SE", 0},
    {"Min-Expires", 0},
    {"Organization", 0},
    {"Target-Dialog", 0},
    {"Content-Disposition", 0},
    {"Path", 0},
}};

constexpr size_t kLongest = 20;

// Length, first and last letter tell all of them apart (the factors were searched for); a name
// added later that shares a slot is chained.
constexpr size_t slot_of(std::string_view name) {
  const auto first = static_cast<unsigned char>(name.front() | 0x20);
  const auto last = static_cast<unsigned char>(name.back() | 0x20);
  return (name.size() + first * 7 + last * 21) % 256;
}

struct Slots {
  std::array<uint8_t, 256> first{};
  std::array<uint8_t, kNames.size()> next{};
};
constexpr Slots make_slots() {
  Slots out;
  for (size_t id = 1; id < kNames.size(); ++id) {
    uint8_t& head = out.first[slot_of(kNames[id].text)];
    out.next[id] = head;
    head = static_cast<uint8_t>(id);
  }
  return out;
}
constexpr Slots kSlots = make_slots();

constexpr std::array<uint8_t, 128> make_compact() {
  std::array<uint8_t, 128> out{};
  for (size_t id = 1; id < kNames.size(); ++id) {
    if (kNames[id].compact != 0)
      out[static_cast<size_t>(kNames[id].compact)] = static_cast<uint8_t>(id);
  }
  return out;
}
constexpr std::array<uint8_t, 128> kCompact = make_compact();

}  // namespace

HeaderId header_id(std::string_view name) {
  if (name.size() == 1) {
    const auto c = static_cast<unsigned char>(to_lower(name[0]));
    return c < 128 ? static_cast<HeaderId>(kCompact[c]) : HeaderId::Other;
  }
  if (name.size() > kLongest || name.empty()) return HeaderId::Other;
  for (uint8_t id = kSlots.first[slot_of(name)]; id != 0; id = kSlots.next[id]) {
    // Nearly everybody writes names as the RFC does.
    if (equal_short(kNames[id].text, name) || iequals(kNames[id].text, name))
      return static_cast<HeaderId>(id);
  }
  return HeaderId::Other;
}

std::string_view header_name(HeaderId id) { return kNames[static_cast<size_t>(id)].text; }

}  // namespace siploom::sip

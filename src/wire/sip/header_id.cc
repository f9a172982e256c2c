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
    {"Via", 'v'}, {"From", 'f'}, {"To", 't'}, {"Call-ID", 'i'}, {"CSeq", 0}, {"Contact", 'm'},
    {"Content-Length", 'l'}, {"Content-Type", 'c'}, {"Max-Forwards", 0}, {"Route", 0}, {"Record-Route", 0},
    {"User-Agent", 0}, {"Server", 0}, {"P-Asserted-Identity", 0}, {"P-Preferred-Identity", 0},
    {"Remote-Party-ID", 0}, {"Diversion", 0}, {"History-Info", 0}, {"Reason", 0}, {"Warning", 0},
    {"Authorization", 0}, {"Proxy-Authorization", 0}, {"WWW-Authenticate", 0}, {"Proxy-Authenticate", 0},
    {"Session-ID", 0}, {"P-Charging-Vector", 0}, {"Identity", 'y'}, {"Expires", 0}, {"Session-Expires", 'x'},
    {"Refer-To", 'r'}, {"Referred-By", 'b'}, {"Replaces", 0}, {"Event", 'o'}, {"Subject", 's'},
    {"Supported", 'k'}, {"Require", 0}, {"Allow", 0}, {"RSeq", 0}, {"RAck", 0}, {"Content-Encoding", 'e'},
    {"Subscription-State", 0}, {"Retry-After", 0}, {"Privacy", 0}, {"Accept", 0}, {"Date", 0}, {"Min-SE", 0},
    {"Min-Expires", 0}, {"Organization", 0}, {"Target-Dialog", 0}, {"Content-Disposition", 0}, {"Path", 0},
}};

constexpr size_t kLongest = 20;

// Ids by length of the name: a dozen comparisons at most become one or two.
struct ByLength {
  std::array<std::array<uint8_t, 12>, kLongest + 1> ids{};
  std::array<uint8_t, kLongest + 1> counts{};
};
constexpr ByLength make_by_length() {
  ByLength out;
  for (size_t id = 1; id < kNames.size(); ++id) {
    const size_t length = kNames[id].text.size();
    out.ids[length][out.counts[length]++] = static_cast<uint8_t>(id);
  }
  return out;
}
constexpr ByLength kByLength = make_by_length();

constexpr std::array<uint8_t, 128> make_compact() {
  std::array<uint8_t, 128> out{};
  for (size_t id = 1; id < kNames.size(); ++id) {
    if (kNames[id].compact != 0) out[static_cast<size_t>(kNames[id].compact)] = static_cast<uint8_t>(id);
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
  const char first = to_lower(name[0]);
  for (size_t i = 0; i < kByLength.counts[name.size()]; ++i) {
    const uint8_t id = kByLength.ids[name.size()][i];
    if (to_lower(kNames[id].text[0]) == first && iequals(kNames[id].text, name)) {
      return static_cast<HeaderId>(id);
    }
  }
  return HeaderId::Other;
}

std::string_view header_name(HeaderId id) { return kNames[static_cast<size_t>(id)].text; }

}  // namespace siploom::sip

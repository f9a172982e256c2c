// Payloads other than SIP in the dialect of each sender.
#pragma once

#include <string>

#include "simulate/hep/profiles.h"

namespace siploom::simulate::hep {

inline uint64_t seconds(const HepInput& in) { return static_cast<uint64_t>(in.time.ns / kSecond); }
inline uint64_t microseconds(const HepInput& in) {
  return static_cast<uint64_t>(in.time.ns % kSecond / kMicrosecond);
}

std::string rtpengine_rtcp(const HepInput& in);
std::string asterisk_rtcp(const HepInput& in);
std::string captagent_rtcp(const HepInput& in);
std::string heplify_rtcp(const HepInput& in);
std::string heplify_dns(const HepInput& in);
std::string ng_message(const HepInput& in);

using Parts = std::vector<std::pair<std::string, std::string>>;
// As cJSON prints an object: tabs and newlines; texts end at a NUL, octets above 0x7F stand as they
// are.
std::string cjson(const Parts& parts);
// OpenSIPS with homer5_on=1.
std::string joined(const Parts& parts, std::string_view delimiter);

}  // namespace siploom::simulate::hep

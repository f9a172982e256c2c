#include "admin/alias.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "admin/text_rules.h"
#include "base/hash.h"
#include "base/text.h"

namespace siploom::admin {

namespace {

constexpr uint32_t kAnyPort = 0x10000;
constexpr uint64_t kAnyAgent = uint64_t{1} << 32;
constexpr unsigned kV4Bits = 96;  // before an IPv4 address in its 128-bit form

// 255.255.255.0: ones, then zeros.
std::optional<unsigned> dotted_mask(std::string_view text) {
  const auto mask = parse_ip(text);
  if (!mask || !mask->is_v4()) return std::nullopt;
  const uint32_t bits = load_be32(&mask->octets[12]);
  const auto ones = static_cast<unsigned>(std::countl_one(bits));
  if (ones < 32 && bits << ones != 0) return std::nullopt;
  return ones;
}

}  // namespace

IpAddress masked(const IpAddress& address, unsigned prefix_bits) {
  const auto half = [](const uint8_t* octets, unsigned bits, uint8_t* out) {
    const uint64_t mask = bits == 0 ? 0 : ~uint64_t{0} << (64 - std::min(bits, 64u));
    const uint64_t kept = __builtin_bswap64(load_be64(octets) & mask);
    std::memcpy(out, &kept, sizeof kept);
  };
  IpAddress out;
  half(&address.octets[0], prefix_bits, &out.octets[0]);
  half(&address.octets[8], prefix_bits - std::min(prefix_bits, 64u), &out.octets[8]);
  return out;
}

Result<Cidr> parse_block(std::string_view address, std::string_view mask) {
  address = trim(address);
  mask = trim(mask);
  auto cidr = parse_cidr(address);
  if (!cidr) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("\"{}\" is no IPv4 or IPv6 address", tamed(address, 80)));
  }
  if (mask.starts_with('/')) mask.remove_prefix(1);
  if (!mask.empty()) {
    const bool v4 = cidr->network.is_v4();
    const unsigned most = v4 ? 32 : 128;
    std::optional<unsigned> bits = parse_number<unsigned>(mask);
    if (!bits && v4) bits = dotted_mask(mask);
    if (!bits || *bits > most) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("\"{}\" is no mask: 0 to {}{}", tamed(mask, 80), most,
                              v4 ? ", or one such as 255.255.255.0" : ""));
    }
    if (address.find('/') != std::string_view::npos) {
      return fail(ErrorCode::InvalidArgument, "a mask stands with the address and apart from it");
    }
    cidr->prefix_bits = static_cast<uint8_t>(*bits + (v4 ? kV4Bits : 0));
  }
  cidr->network = masked(cidr->network, cidr->prefix_bits);
  return *cidr;
}

Result<void> check_alias(const Alias& alias) {
  SL_TRY_VOID(check_name("alias", alias.name));
  SL_TRY_VOID(check_text("note", alias.note, kMaxLineOctets));
  if (alias.block.prefix_bits > 128)
    return fail(ErrorCode::InvalidArgument, "a mask has at most 128 bits");
  return {};
}

uint64_t AliasTable::hash_of(const Key& key) {
  uint64_t hash = mix(load_le64(&key.network.octets[0]), load_le64(&key.network.octets[8]));
  hash = mix(hash, uint64_t{key.port} << 32 | key.prefix_bits);
  return mix(hash ^ hash_seed(), key.agent);
}

AliasTable::AliasTable(std::vector<Alias> aliases) : aliases_(std::move(aliases)) {
  std::array<uint8_t, 129> kinds{};
  by_place_.reserve(aliases_.size());
  for (size_t i = 0; i < aliases_.size(); ++i) {
    const Alias& alias = aliases_[i];
    const unsigned bits = std::min<unsigned>(alias.block.prefix_bits, 128);
    const Key key{masked(alias.block.network, bits), alias.port ? *alias.port : kAnyPort, bits,
                  alias.agent ? *alias.agent : kAnyAgent};
    *by_place_.insert(hash_of(key), key).first = static_cast<uint32_t>(i);
    kinds[bits] = static_cast<uint8_t>(
        kinds[bits] | 1u << (2 * alias.port.has_value() + alias.agent.has_value()));
  }
  for (size_t bits = kinds.size(); bits-- > 0;) {
    if (kinds[bits] != 0) lengths_.push_back({static_cast<uint8_t>(bits), kinds[bits]});
  }
}

const Alias* AliasTable::find(const Endpoint& endpoint, uint32_t agent) const {
  for (const Length& length : lengths_) {
    Key key{masked(endpoint.address, length.prefix_bits), 0, length.prefix_bits, 0};
    for (int kind = 3; kind >= 0; --kind) {
      if ((length.kinds >> kind & 1) == 0) continue;
      key.port = (kind & 2) != 0 ? endpoint.port : kAnyPort;
      key.agent = (kind & 1) != 0 ? agent : kAnyAgent;
      if (const uint32_t* at = by_place_.find(hash_of(key), key)) return &aliases_[*at];
    }
  }
  return nullptr;
}

}  // namespace siploom::admin

#include "intake/policy.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace siploom::intake {

namespace {

// Host bits cleared, so that equal blocks compare equal.
Cidr masked(Cidr cidr) {
  for (size_t i = 0; i < cidr.network.octets.size(); ++i) {
    const size_t from = i * 8;
    const size_t kept = cidr.prefix_bits > from ? std::min<size_t>(8, cidr.prefix_bits - from) : 0;
    cidr.network.octets[i] =
        static_cast<uint8_t>(cidr.network.octets[i] & (0xFF00u >> kept & 0xFFu));
  }
  return cidr;
}

}  // namespace

Result<Policy> Policy::make(std::vector<Cidr> allow, std::vector<KeyRule> keys) {
  if (allow.size() > kMaxRules || keys.size() > kMaxRules)
    return fail(ErrorCode::LimitExceeded,
                fmt::format("intake: at most {} allowed blocks and {} keys", kMaxRules, kMaxRules));
  for (KeyRule& rule : keys) {
    rule.from = masked(rule.from);
    if (rule.key.empty() || rule.key.size() > kMaxKeyBytes)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("intake: the key for {} has {} octets; "
                              "1 to {} are possible",
                              format_cidr(rule.from), rule.key.size(), kMaxKeyBytes));
  }
  std::stable_sort(keys.begin(), keys.end(), [](const KeyRule& a, const KeyRule& b) {
    if (a.from.prefix_bits != b.from.prefix_bits) return a.from.prefix_bits > b.from.prefix_bits;
    return a.from.network < b.from.network;
  });
  Policy policy;
  policy.allow_ = std::move(allow);
  policy.keys_ = std::move(keys);
  return policy;
}

Result<void> Policy::set_allowed(std::vector<Cidr> allow) {
  if (allow.size() > kMaxRules) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("intake: at most {} allowed blocks", kMaxRules));
  }
  allow_ = std::move(allow);
  return {};
}

Policy::Verdict Policy::judge(const IpAddress& address) const {
  Verdict verdict;
  verdict.allowed = allow_.empty() || std::any_of(allow_.begin(), allow_.end(), [&](const Cidr& c) {
                      return c.contains(address);
                    });
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i].from.contains(address)) continue;
    verdict.key_begin = verdict.key_end = i;
    while (verdict.key_end < keys_.size() && keys_[verdict.key_end].from == keys_[i].from)
      ++verdict.key_end;
    break;
  }
  return verdict;
}

bool Policy::is_key_good(const Verdict& verdict, std::string_view key) const {
  // Some senders end it as a C string.
  while (!key.empty() && key.back() == '\0') key.remove_suffix(1);
  if (key.size() > kMaxKeyBytes) return false;
  const auto padded = [](std::string_view text) {
    std::array<char, kMaxKeyBytes + 1> out{};
    out[0] = static_cast<char>(text.size());
    std::copy(text.begin(), text.end(), out.begin() + 1);
    return out;
  };
  const auto given = padded(key);
  bool good = false;
  for (uint32_t i = verdict.key_begin; i < verdict.key_end; ++i) {
    const auto wanted = padded(keys_[i].key);
    good |= CRYPTO_memcmp(given.data(), wanted.data(), given.size()) == 0;
  }
  return good;
}

}  // namespace siploom::intake

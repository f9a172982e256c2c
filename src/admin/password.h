// Passwords: what is good enough for one, and argon2id hashes of them (RFC 9106).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace siploom::admin {

constexpr size_t kMinPasswordLetters = 10;
constexpr size_t kMaxPasswordOctets = 1'024;

// What a hash costs: a bit over libsodium's interactive limits (2 passes, 64 MiB). At most
// kHashersAtOnce run at a time, so that a burst of logins cannot take the memory.
struct PasswordCost {
  uint64_t passes = 3;
  size_t memory_bytes = 64 << 20;
};
constexpr int kHashersAtOnce = 4;

// Long enough, not the user's name, none of the passwords that everybody tries first.
Result<void> check_password(std::string_view user_name, std::string_view password);
// Io: no memory for it.
Result<std::string> hash_password(std::string_view password, const PasswordCost& cost = {});
bool verify_password(std::string_view hash, std::string_view password);
// Whether the hash was made at another cost.
bool needs_rehash(const std::string& hash, const PasswordCost& cost = {});

}  // namespace siploom::admin

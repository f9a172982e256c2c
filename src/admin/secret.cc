#include "admin/secret.h"

#include <sodium.h>

#include "base/check.h"

namespace siploom::admin {

namespace {

// libsodium wants to be asked once before its first use; it may be asked often.
void need_sodium() { SL_CHECK(sodium_init() >= 0); }

constexpr size_t kMaxSecretOctets = 64;

}  // namespace

Sha256 sha256(std::string_view text) {
  Sha256 out;
  crypto_hash_sha256(out.data(), as_bytes(text).data(), text.size());
  return out;
}

std::string make_secret(size_t octets) {
  need_sodium();
  SL_CHECK(octets <= kMaxSecretOctets);
  uint8_t random[kMaxSecretOctets];
  char text[2 * kMaxSecretOctets];
  randombytes_buf(random, octets);
  sodium_bin2base64(text, sizeof text, random, octets, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  std::string out = text;
  sodium_memzero(random, sizeof random);
  sodium_memzero(text, sizeof text);
  return out;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace siploom::admin

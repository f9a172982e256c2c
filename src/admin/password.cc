#include "admin/password.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <semaphore>

#include "admin/text_rules.h"
#include "base/check.h"
#include "base/text.h"

namespace siploom::admin {

namespace {

// Of the lists of the most common ones, those that are long enough to be asked about; compared
// without case and without digits or marks at the end ("Password123!" is "password").
constexpr std::array<std::string_view, 40> kCommon = {
    "password",      "passw0rd",     "p@ssw0rd",    "p@ssword",
    "administrator", "admin",        "root",        "welcome",
    "letmein",       "changeme",     "changemenow", "default",
    "qwerty",        "qwertyuiop",   "qwertz",      "qwertzuiop",
    "azertyuiop",    "asdfghjkl",    "zxcvbnm",     "qwertyuiopasdfghjkl",
    "iloveyou",      "sunshine",     "princess",    "football",
    "baseball",      "superman",     "basketball",  "trustno",
    "abcdefghij",    "abcdefghijk",  "abc",         "a",
    "monkey",        "dragon",       "secret",      "passwordpassword",
    "siploom",       "siploomadmin", "homer",       "sipcapture"};
// These are digits throughout.
constexpr std::array<std::string_view, 14> kCommonDigits = {
    "0123456789", "1234567890", "12345678910", "123456789012", "1234567891",
    "9876543210", "0987654321", "1111111111",  "0000000000",   "1212121212",
    "1122334455", "1231231231", "11111111111", "123123123123"};

std::counting_semaphore<kHashersAtOnce>& hashers() {
  static std::counting_semaphore<kHashersAtOnce> free(kHashersAtOnce);
  return free;
}

struct HasherTurn {
  HasherTurn() { hashers().acquire(); }
  ~HasherTurn() { hashers().release(); }
  HasherTurn(const HasherTurn&) = delete;
  HasherTurn& operator=(const HasherTurn&) = delete;
};

bool is_common(std::string_view password) {
  if (std::find(kCommonDigits.begin(), kCommonDigits.end(), password) != kCommonDigits.end())
    return true;
  std::string stem = lower(password);
  while (!stem.empty() && !is_alpha(stem.back()) && static_cast<signed char>(stem.back()) >= 0)
    stem.pop_back();
  if (std::find(kCommon.begin(), kCommon.end(), stem) != kCommon.end()) return true;
  // One letter over and over.
  return password.find_first_not_of(password.front()) == std::string_view::npos;
}

}  // namespace

Result<void> check_password(std::string_view user_name, std::string_view password) {
  SL_TRY_VOID(check_text("password", password, kMaxPasswordOctets));
  if (count_letters(password) < kMinPasswordLetters) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("password: at least {} letters", kMinPasswordLetters));
  }
  if (name_key(password) == name_key(user_name))
    return fail(ErrorCode::InvalidArgument, "password: it is the name");
  if (is_common(password)) {
    return fail(ErrorCode::InvalidArgument,
                "password: it is one of those that everybody tries first");
  }
  return {};
}

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
  SL_CHECK(sodium_init() >= 0);
  const HasherTurn turn;
  char out[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(out, password.data(), password.size(), cost.passes, cost.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorCode::Io, "no memory to hash a password: try again");
  return std::string(out);
}

bool verify_password(std::string_view hash, std::string_view password) {
  SL_CHECK(sodium_init() >= 0);
  if (hash.empty() || hash.size() >= crypto_pwhash_STRBYTES) return false;
  char text[crypto_pwhash_STRBYTES] = {};
  std::copy(hash.begin(), hash.end(), text);
  const HasherTurn turn;
  return crypto_pwhash_str_verify(text, password.data(), password.size()) == 0;
}

bool needs_rehash(const std::string& hash, const PasswordCost& cost) {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), cost.passes, cost.memory_bytes) != 0;
}

}  // namespace siploom::admin

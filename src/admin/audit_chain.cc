// Names of actions, and the text of a row that is hashed.
#include <array>

#include "admin/audit.h"

namespace siploom::admin {

namespace {

constexpr auto kActions = static_cast<size_t>(AuditAction::Count);
constexpr std::array<std::string_view, kActions> kActionNames = {
    "login",        "logout",          "login-failed",     "setup",
    "search",       "open-call",       "open-message",     "export",
    "import",       "setting-changed", "user-made",        "user-changed",
    "user-removed", "role-changed",    "password-changed", "session-revoked",
    "token-made",   "token-revoked",   "hold-set",         "hold-removed",
    "note-made",    "note-removed",    "alias-changed",    "saved-search-changed",
    "sql",          "secrets-read",    "backup",           "store-changed",
    "audit-cut",    "audit-lost",      "denied",           "start",
    "stop"};
static_assert(!kActionNames.back().empty());

void put_number(std::string& out, int64_t n) {
  for (unsigned shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(static_cast<uint64_t>(n) >> shift & 0xFF);
}

// With the length before it no two rows have the same text.
void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<int64_t>(text.size()));
  out += text;
}

void put_maybe(std::string& out, std::optional<int64_t> n) {
  out += n ? '\1' : '\0';
  put_number(out, n.value_or(0));
}

}  // namespace

std::string_view audit_action_name(AuditAction action) {
  const auto at = static_cast<size_t>(action);
  return at < kActions ? kActionNames[at] : std::string_view{};
}

std::optional<AuditAction> find_audit_action(std::string_view name) {
  for (size_t i = 0; i < kActions; ++i) {
    if (kActionNames[i] == name) return static_cast<AuditAction>(i);
  }
  return std::nullopt;
}

bool is_security_event(AuditAction action) {
  switch (action) {
    case AuditAction::Search:
    case AuditAction::OpenCall:
    case AuditAction::OpenMessage:
    case AuditAction::NoteMade:
    case AuditAction::NoteRemoved:
    case AuditAction::AliasChanged:
    case AuditAction::SavedSearchChanged:
    case AuditAction::Denied:
    // A guesser decides how many of these there are; each with a flush would be a load.
    case AuditAction::LoginFailed:
      return false;
    default:
      return true;
  }
}

AuditEvent audit_event(AuditAction action, const Identity& who, const IpAddress& from) {
  AuditEvent event;
  event.action = action;
  if (who.user_id != 0) event.user_id = who.user_id;
  if (who.token_id != 0) event.token_id = who.token_id;
  event.user = who.user_name;
  event.address = format_ip(from);
  return event;
}

Sha256 chain_hash(std::string_view before, const AuditRow& row) {
  const AuditEvent& event = row.event;
  std::string text(before);
  put_number(text, row.seq);
  put_number(text, event.time.ns);
  put_maybe(text, event.user_id);
  put_maybe(text, event.token_id);
  for (const std::string_view each :
       {std::string_view(event.user), std::string_view(event.address), std::string_view(row.action),
        std::string_view(event.object), std::string_view(event.detail),
        std::string_view(event.result)})
    put_text(text, each);
  return sha256(text);
}

bool read_audit_row(const Row& from, AuditRow& to) {
  to.seq = from.number(0);
  to.event.time = from.time(1);
  to.event.user_id = from.maybe_number(2);
  to.event.user = from.text(3);
  to.event.token_id = from.maybe_number(4);
  to.event.address = from.text(5);
  to.action = from.text(6);
  to.event.object = from.text(7);
  to.event.detail = from.text(8);
  to.event.result = from.text(9);
  to.hash = from.text(10);
  const auto known = find_audit_action(to.action);
  to.event.action = known.value_or(AuditAction::Count);
  return known.has_value();
}

}  // namespace siploom::admin

#include "admin/permission.h"

#include <array>

namespace siploom::admin {

namespace {

constexpr auto kPermissions = static_cast<size_t>(Permission::Count);
constexpr std::array<std::string_view, kPermissions> kPermissionNames = {"search.read",
                                                                         "call.read",
                                                                         "payload.read",
                                                                         "export",
                                                                         "import",
                                                                         "nodes.read",
                                                                         "aliases.read",
                                                                         "aliases.write",
                                                                         "saved_searches.own",
                                                                         "saved_searches.share",
                                                                         "notes.read",
                                                                         "notes.write",
                                                                         "hold.read",
                                                                         "hold.write",
                                                                         "users.manage",
                                                                         "sessions.own",
                                                                         "sessions.manage",
                                                                         "tokens.own",
                                                                         "tokens.manage",
                                                                         "settings.read",
                                                                         "settings.write",
                                                                         "audit.read",
                                                                         "metrics.read",
                                                                         "secrets.read",
                                                                         "sql.read",
                                                                         "store.manage"};
static_assert(!kPermissionNames.back().empty());

constexpr std::array<std::string_view, 4> kRoleNames = {"viewer", "operator", "auditor", "admin"};

using enum Permission;

template <class... P>
constexpr Permissions set_of(Permissions base, P... each) {
  ((base = base.with(each)), ...);
  return base;
}

// What everybody has for themselves.
constexpr Permissions kOwn = set_of({}, NodesRead, AliasesRead, SessionsOwn, TokensOwn);
constexpr Permissions kViewer = set_of(kOwn, SearchRead, CallRead, PayloadRead, SavedSearchesOwn,
                                       NotesRead, HoldRead, MetricsRead);
constexpr Permissions kOperator =
    set_of(kViewer, Export, Import, AliasesWrite, SavedSearchesShare, NotesWrite, HoldWrite);
// Looks over shoulders, and therefore sees no payload; holds are among what is audited.
constexpr Permissions kAuditor = set_of(kOwn, AuditRead, SettingsRead, MetricsRead, HoldRead);

constexpr Permissions everything() {
  Permissions out;
  for (size_t i = 0; i < kPermissions; ++i) out = out.with(static_cast<Permission>(i));
  return out;
}

}  // namespace

std::string_view permission_name(Permission permission) {
  const auto at = static_cast<size_t>(permission);
  return at < kPermissions ? kPermissionNames[at] : std::string_view{};
}

std::optional<Permission> find_permission(std::string_view name) {
  for (size_t i = 0; i < kPermissions; ++i) {
    if (kPermissionNames[i] == name) return static_cast<Permission>(i);
  }
  return std::nullopt;
}

std::string_view role_name(Role role) { return kRoleNames[static_cast<size_t>(role)]; }

std::optional<Role> find_role(std::string_view name) {
  for (size_t i = 0; i < kRoleNames.size(); ++i) {
    if (kRoleNames[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

Permissions permissions_of(Role role) {
  switch (role) {
    case Role::Viewer:
      return kViewer;
    case Role::Operator:
      return kOperator;
    case Role::Auditor:
      return kAuditor;
    case Role::Admin:
      return everything();
  }
  return {};
}

std::string_view proof_name(Proof proof) {
  switch (proof) {
    case Proof::Session:
      return "session";
    case Proof::Token:
      return "token";
    case Proof::Setup:
      return "setup";
  }
  return "";
}

}  // namespace siploom::admin

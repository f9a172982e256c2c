// What may be done, by whom: permissions, the four roles, and Identity, who a request comes from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siploom::admin {

// In the order of kPermissionNames (permission.cc).
enum class Permission : uint8_t {
  SearchRead,   // lists, statistics, facets
  CallRead,     // one call: its ladder, legs, streams
  PayloadRead,  // messages as they came
  Export,
  Import,
  NodesRead,  // agents and stores
  AliasesRead,
  AliasesWrite,
  SavedSearchesOwn,
  SavedSearchesShare,
  NotesRead,
  NotesWrite,
  HoldRead,
  HoldWrite,
  UsersManage,
  SessionsOwn,
  SessionsManage,
  TokensOwn,
  TokensManage,
  SettingsRead,
  SettingsWrite,
  AuditRead,
  MetricsRead,
  SecretsRead,  // credentials and keys inside messages, unmasked
  SqlRead,
  StoreManage,  // retention, compaction, backup
  Count
};
enum class Role : uint8_t { Viewer, Operator, Auditor, Admin };

std::string_view permission_name(Permission permission);  // "search.read", ...
std::optional<Permission> find_permission(std::string_view name);
std::string_view role_name(Role role);  // "viewer", ...
std::optional<Role> find_role(std::string_view name);

class Permissions final {
 public:
  constexpr Permissions() = default;
  constexpr bool has(Permission p) const { return (bits_ & bit(p)) != 0; }
  constexpr Permissions with(Permission p) const { return Permissions(bits_ | bit(p)); }
  constexpr Permissions operator&(Permissions other) const {
    return Permissions(bits_ & other.bits_);
  }
  constexpr bool covers(Permissions other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr bool operator==(const Permissions&) const = default;

 private:
  constexpr explicit Permissions(uint64_t bits) : bits_(bits) {}
  static constexpr uint64_t bit(Permission p) { return uint64_t{1} << static_cast<unsigned>(p); }
  uint64_t bits_ = 0;
};
static_assert(static_cast<unsigned>(Permission::Count) <= 64);

Permissions permissions_of(Role role);

// How somebody showed who they are.
enum class Proof : uint8_t { Session, Token, Setup };
std::string_view proof_name(Proof proof);

struct Identity {
  int64_t user_id = 0;
  std::string user_name;
  Role role = Role::Viewer;
  Permissions permissions;  // of a token: what its role and its owner's have in common
  std::string scope;        // joined of role, user and token; goes with "and" to every query
  Proof proof = Proof::Session;
  int64_t session_id = 0;  // 0: none
  int64_t token_id = 0;    // 0: none
  std::string csrf;        // of a session: what a request that changes something must bring along

  bool may(Permission p) const { return permissions.has(p); }
};

}  // namespace siploom::admin

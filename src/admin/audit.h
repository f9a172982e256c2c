// Audit: who did what, when, from where. Rows are only appended; each holds the SHA-256 over the
// hash of the row before it and its own text, so that whoever changes one is found out.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/database.h"
#include "admin/page.h"
#include "admin/permission.h"
#include "admin/secret.h"
#include "base/net.h"

namespace siploom::admin {

// In the order of their names (audit_chain.cc), which are stable: they are in the hashes.
enum class AuditAction : uint8_t {
  Login,
  Logout,
  LoginFailed,
  Setup,
  Search,
  OpenCall,
  OpenMessage,
  Export,
  Import,
  SettingChanged,
  UserMade,
  UserChanged,
  UserRemoved,
  RoleChanged,
  PasswordChanged,
  SessionRevoked,
  TokenMade,
  TokenRevoked,
  HoldSet,
  HoldRemoved,
  NoteMade,
  NoteRemoved,
  AliasChanged,
  SavedSearchChanged,
  Sql,
  SecretsRead,
  Backup,
  StoreChanged,
  AuditCut,
  AuditLost,
  Denied,
  Start,
  Stop,
  Count
};
std::string_view audit_action_name(AuditAction action);  // "login", "login-failed", ...
std::optional<AuditAction> find_audit_action(std::string_view name);
// Written at once, rather than with the next batch.
bool is_security_event(AuditAction action);

struct AuditEvent {
  AuditAction action = AuditAction::Search;
  std::optional<int64_t> user_id, token_id;
  std::string user;           // name, as it was then
  std::string address;        // from where
  std::string object;         // what it was done to
  std::string detail = "{}";  // JSON
  std::string result = "ok";
  Timestamp time = kNoTime;  // kNoTime: now
};
AuditEvent audit_event(AuditAction action, const Identity& who, const IpAddress& from);

struct AuditRow {
  int64_t seq = 0;
  AuditEvent event;
  std::string action;  // also of an action that this version does not know
  std::string hash;    // 32 octets
};

struct AuditFilter {
  std::string user, action;                    // empty: any
  Timestamp since = kNoTime, until = kNoTime;  // until: not included
  std::string text;                            // in object, detail or result, any case
};

struct AuditEnd {
  int64_t seq = 0;
  std::string hash;
};
struct AuditVerdict {
  bool intact = false;
  int64_t checked = 0;    // rows
  int64_t broken_at = 0;  // seq of the first row that is wrong
  std::string what;
  AuditEnd head;  // to be kept elsewhere: who has it finds a log that was rewritten whole
};

constexpr size_t kMaxAuditQueued = 10'000, kMaxAuditDetailOctets = 8'192;
constexpr size_t kMaxAuditTextOctets = 1'024;

struct AuditCounters {
  uint64_t added = 0, written = 0, lost = 0, failed_writes = 0, queued = 0;
};

class Audit final {
 public:
  explicit Audit(Database& database) : database_(database) {}

  // Queues the event; security events, and a full queue, are written at once. An error: it is not
  // on the disk yet. It stays queued, unless the queue is full; then it counts as lost, and the log
  // says so (audit-lost) as soon as it can be written again.
  Result<void> add(AuditEvent event);
  // To be called every second or so, and at the end.
  Result<void> flush_audit();
  // Newest first.
  Result<Listed<AuditRow>> list(const AuditFilter& filter, const Page& page = {});
  // Reads the whole chain, in pages, so that others get the database in between.
  Result<AuditVerdict> verify_audit();
  // Cuts what is older; the hash of the last row cut stays as the chain's anchor. How many.
  Result<int64_t> remove_older_than(Timestamp time);

  AuditCounters counters() const;

 private:
  Result<void> flush_locked();

  Database& database_;
  mutable std::mutex mutex_;  // of the queue
  std::mutex flush_mutex_;    // one writes at a time, so that events keep their order
  std::vector<AuditEvent> queue_;
  AuditCounters counters_;
  uint64_t lost_untold_ = 0;
};

// The next hash of the chain (audit_chain.cc).
Sha256 chain_hash(std::string_view before, const AuditRow& row);
bool read_audit_row(const Row& from, AuditRow& to);

}  // namespace siploom::admin

// The schema of meta.db, as the steps that lead to it. A step that has been released never changes;
// a new one is put behind it. Times are ns since 1970, UTC.
#include <array>

#include "admin/database.h"

namespace siploom::admin {

namespace {

// Users from elsewhere (LDAP, OIDC) have no password here and an external_id that is unique in
// their source.
constexpr std::string_view kAccounts = R"sql(
CREATE TABLE roles (
  name TEXT PRIMARY KEY,
  scope TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
INSERT INTO roles (name) VALUES ('viewer'), ('operator'), ('auditor'), ('admin');

CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL REFERENCES roles (name),
  scope TEXT NOT NULL DEFAULT '',
  enabled INTEGER NOT NULL DEFAULT 1,
  created INTEGER NOT NULL,
  last_login INTEGER,
  password_hash TEXT,
  password_changed INTEGER,
  preferences TEXT NOT NULL DEFAULT '{}',
  source TEXT NOT NULL DEFAULT 'local',
  external_id TEXT,
  UNIQUE (source, external_id)
) STRICT;

CREATE TABLE setup (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token_hash BLOB,
  expires INTEGER,
  closed INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO setup (id) VALUES (1);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  cookie_hash BLOB NOT NULL UNIQUE,
  csrf TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash BLOB NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  owner_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  role TEXT NOT NULL REFERENCES roles (name),
  scope TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL,
  expires INTEGER,
  last_used INTEGER,
  UNIQUE (owner_id, name)
) STRICT;
)sql";

// The log only grows at one end and is only cut, as far as its anchor, at the other.
constexpr std::string_view kAudit = R"sql(
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  user_id INTEGER,
  user_name TEXT NOT NULL,
  token_id INTEGER,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  result TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_time ON audit (time);
CREATE INDEX audit_user ON audit (user_name);
CREATE INDEX audit_action ON audit (action);
CREATE TABLE audit_ends (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  anchor_seq INTEGER NOT NULL,
  anchor_hash BLOB NOT NULL,
  head_seq INTEGER NOT NULL,
  head_hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_ends VALUES (1, 0, zeroblob(32), 0, zeroblob(32));
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
CREATE TRIGGER audit_is_cut_at_its_anchor BEFORE DELETE ON audit
WHEN OLD.seq > (SELECT anchor_seq FROM audit_ends)
BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
)sql";

// port -1: any port; agent -1: any agent. NULL would not be unique.
constexpr std::string_view kWork = R"sql(
CREATE TABLE aliases (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  network BLOB NOT NULL,
  prefix_bits INTEGER NOT NULL,
  port INTEGER NOT NULL DEFAULT -1,
  agent INTEGER NOT NULL DEFAULT -1,
  name TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  UNIQUE (network, prefix_bits, port, agent)
) STRICT;

CREATE TABLE saved_searches (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  filter TEXT NOT NULL,
  time_range TEXT NOT NULL,
  columns TEXT NOT NULL,
  sort TEXT NOT NULL,
  shared INTEGER NOT NULL DEFAULT 0,
  note TEXT NOT NULL DEFAULT '',
  changed INTEGER NOT NULL,
  UNIQUE (owner_id, name)
) STRICT;

CREATE TABLE notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  call_id TEXT NOT NULL,
  start INTEGER,
  text TEXT NOT NULL,
  author_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
  author TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_call ON notes (call_id);
CREATE INDEX notes_author ON notes (author_id);

CREATE TABLE holds (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  filter TEXT NOT NULL DEFAULT '',
  since INTEGER,
  until INTEGER,
  reason TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  removed_by TEXT,
  removed_at INTEGER
) STRICT;
CREATE TABLE hold_calls (
  hold_id INTEGER NOT NULL REFERENCES holds (id) ON DELETE CASCADE,
  call_id TEXT NOT NULL,
  PRIMARY KEY (hold_id, call_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_calls_call ON hold_calls (call_id);

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  changed INTEGER NOT NULL,
  changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

const std::string& first_schema() {
  static const std::string text = std::string(kAccounts).append(kAudit).append(kWork);
  return text;
}

}  // namespace

std::span<const std::string_view> schema_migrations() {
  static const std::array<std::string_view, 1> kMigrations = {first_schema()};
  return kMigrations;
}

}  // namespace siploom::admin

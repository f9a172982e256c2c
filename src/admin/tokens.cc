#include "admin/tokens.h"

#include <fmt/format.h>

#include "admin/scope.h"
#include "admin/secret.h"
#include "admin/text_rules.h"

namespace siploom::admin {

namespace {

constexpr size_t kHintLetters = 4;  // behind the prefix: 24 of 256 bits

#define TOKEN_COLUMNS                                                                        \
  "SELECT t.id, t.owner_id, u.name, t.name, t.hint, t.role, t.scope, t.created, t.expires, " \
  "t.last_used FROM tokens t JOIN users u ON u.id = t.owner_id "

Token to_token(const Row& row) {
  Token token;
  token.id = row.number(0);
  token.owner_id = row.number(1);
  token.owner = row.text(2);
  token.name = row.text(3);
  token.hint = row.text(4);
  token.role = find_role(row.text(5)).value_or(Role::Viewer);
  token.scope = row.text(6);
  token.created = row.time(7);
  token.expires = row.time(8);
  token.last_used = row.time(9);
  return token;
}

struct FoundToken {
  Identity identity;
  Timestamp expires, last_used;
};

FoundToken to_found_token(const Row& row) {
  FoundToken out;
  Identity& who = out.identity;
  who.token_id = row.number(0);
  who.user_id = row.number(1);
  who.user_name = row.text(2);
  who.role = find_role(row.text(3)).value_or(Role::Viewer);
  const Role owners = find_role(row.text(4)).value_or(Role::Viewer);
  who.permissions = permissions_of(who.role) & permissions_of(owners);
  who.scope = join_scopes({row.text(5), row.text(6), row.text(7), row.text(8)});
  who.proof = Proof::Token;
  out.expires = row.time(9);
  out.last_used = row.time(10);
  return out;
}

#define IDENTITY_COLUMNS                                                              \
  "SELECT t.id, u.id, u.name, t.role, u.role, ur.scope, tr.scope, u.scope, t.scope, " \
  "t.expires, t.last_used FROM tokens t JOIN users u ON u.id = t.owner_id "           \
  "JOIN roles ur ON ur.name = u.role JOIN roles tr ON tr.name = t.role "

tl::unexpected<Error> no_token() {
  return fail(ErrorCode::NotFound, "this token is not known, or has expired or been revoked");
}

bool has_expired(const FoundToken& found, Timestamp now) {
  return is_known(found.expires) && now >= found.expires;
}

Result<void> check_owner(Connection& db, const NewToken& token) {
  const auto owners =
      SL_TRY(db.find("SELECT role FROM users WHERE id = ? AND enabled", {token.owner_id},
                     [](const Row& row) { return find_role(row.text(0)); }));
  if (!owners || !*owners) {
    return fail(ErrorCode::NotFound, fmt::format("no enabled user has the id {}", token.owner_id));
  }
  if (!permissions_of(**owners).covers(permissions_of(token.role))) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the token would be {}, and its owner is only {}",
                            role_name(token.role), role_name(**owners)));
  }
  if (SL_TRY(db.number("SELECT count(*) FROM tokens WHERE owner_id = ?", {token.owner_id})) >=
      kMaxTokensPerUser) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("the user has {} tokens already: revoke one", kMaxTokensPerUser));
  }
  if (SL_TRY(db.number("SELECT count(*) FROM tokens WHERE owner_id = ? AND name = ?",
                       {token.owner_id, token.name})) != 0) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the user has a token {} already", token.name));
  }
  return {};
}

}  // namespace

Result<Tokens::Made> Tokens::make(const NewToken& token) {
  SL_TRY_VOID(check_name("token name", token.name));
  SL_TRY_VOID(check_scope("scope", token.scope));
  const Timestamp now = database_.now();
  if (is_known(token.expires) && token.expires <= now)
    return fail(ErrorCode::InvalidArgument, "the token would have expired already");
  const std::string secret = std::string(kTokenPrefix) + make_secret();
  const Sha256 hash = sha256(secret);
  auto made = database_.write([&](Connection& db) -> Result<Token> {
    SL_TRY_VOID(check_owner(db, token));
    SL_TRY_VOID(db.run(
        "INSERT INTO tokens (token_hash, hint, owner_id, name, role, scope, "
        "created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {ByteSpan(hash), secret.substr(0, kTokenPrefix.size() + kHintLetters), token.owner_id,
         token.name, role_name(token.role), token.scope, now, token.expires}));
    auto row = SL_TRY(db.find(TOKEN_COLUMNS "WHERE t.id = ?", {db.last_id()}, to_token));
    return std::move(row).value_or(Token{});
  });
  return Made{SL_TRY(std::move(made)), secret};
}

Result<Identity> Tokens::find(std::string_view secret) {
  const Sha256 hash = sha256(secret);
  const Timestamp now = database_.now();
  auto found = SL_TRY(database_.read([&](Connection& db) {
    return db.find(IDENTITY_COLUMNS "WHERE t.token_hash = ? AND u.enabled", {ByteSpan(hash)},
                   to_found_token);
  }));
  if (!found || has_expired(*found, now)) return no_token();
  if (!is_known(found->last_used) || now - found->last_used >= kMinute) {
    SL_TRY_VOID(database_.write([&](Connection& db) {
      return db.run("UPDATE tokens SET last_used = ? WHERE id = ?",
                    {now, found->identity.token_id});
    }));
  }
  return std::move(found->identity);
}

Result<Identity> Tokens::get(int64_t id) {
  auto found = SL_TRY(database_.read([&](Connection& db) {
    return db.find(IDENTITY_COLUMNS "WHERE t.id = ? AND u.enabled", {id}, to_found_token);
  }));
  if (!found || has_expired(*found, database_.now())) return no_token();
  return std::move(found->identity);
}

Result<Listed<Token>> Tokens::list(std::optional<int64_t> owner_id, const Page& page) {
  return database_.read([&](Connection& db) -> Result<Listed<Token>> {
    auto rows = SL_TRY(db.all(TOKEN_COLUMNS "WHERE t.id > ?1 AND (?2 IS NULL OR t.owner_id = ?2) "
                                            "ORDER BY t.id LIMIT ?3",
                              {page.cursor.value_or(0), owner_id, page.rows() + 1}, to_token));
    return cut_page(std::move(rows), page, [](const Token& t) { return t.id; });
  });
}

Result<void> Tokens::revoke(int64_t id, std::optional<int64_t> owner) {
  return database_.write([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("DELETE FROM tokens WHERE id = ?1 AND (?2 IS NULL OR owner_id = ?2)",
                      {id, owner})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no token has the id {}", id));
    return {};
  });
}

}  // namespace siploom::admin

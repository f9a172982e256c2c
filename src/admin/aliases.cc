#include "admin/aliases.h"

#include <fmt/format.h>

#include <map>
#include <tuple>

namespace siploom::admin {

namespace {

#define ALIAS_COLUMNS "SELECT id, network, prefix_bits, port, agent, name, note FROM aliases "

int64_t port_of(const Alias& alias) { return alias.port ? int64_t{*alias.port} : -1; }
int64_t agent_of(const Alias& alias) { return alias.agent ? int64_t{*alias.agent} : -1; }

Alias to_alias(const Row& row) {
  Alias alias;
  alias.id = row.number(0);
  const std::string network = row.text(1);
  if (network.size() == alias.block.network.octets.size())
    std::copy(network.begin(), network.end(), alias.block.network.octets.begin());
  alias.block.prefix_bits = static_cast<uint8_t>(std::clamp<int64_t>(row.number(2), 0, 128));
  if (row.number(3) >= 0) alias.port = static_cast<uint16_t>(row.number(3));
  if (row.number(4) >= 0) alias.agent = static_cast<uint32_t>(row.number(4));
  alias.name = row.text(5);
  alias.note = row.text(6);
  return alias;
}

Result<std::optional<Alias>> find_place(Connection& db, const Alias& alias) {
  return db.find(ALIAS_COLUMNS "WHERE network = ? AND prefix_bits = ? AND port = ? AND agent = ?",
                 {ByteSpan(alias.block.network.octets), int64_t{alias.block.prefix_bits},
                  port_of(alias), agent_of(alias)},
                 to_alias);
}

Result<void> check_place_free(Connection& db, const Alias& alias) {
  const auto there = SL_TRY(find_place(db, alias));
  if (!there || there->id == alias.id) return {};
  return fail(ErrorCode::InvalidArgument,
              fmt::format("{} is called {} already", format_cidr(alias.block), there->name));
}

Result<int64_t> insert(Connection& db, const Alias& alias) {
  SL_TRY_VOID(
      db.run("INSERT INTO aliases (network, prefix_bits, port, agent, name, note) "
             "VALUES (?, ?, ?, ?, ?, ?)",
             {ByteSpan(alias.block.network.octets), int64_t{alias.block.prefix_bits},
              port_of(alias), agent_of(alias), alias.name, alias.note}));
  return db.last_id();
}

Result<int64_t> count(Connection& db) { return db.number("SELECT count(*) FROM aliases"); }

tl::unexpected<Error> too_many() {
  return fail(ErrorCode::LimitExceeded, fmt::format("at most {} aliases are kept", kMaxAliases));
}

using Place = std::tuple<Cidr, int64_t, int64_t>;

Result<AliasImported> import_all(Connection& db, const AliasFile& file, Existing existing) {
  AliasImported out;
  out.switched_off = file.switched_off;
  std::map<Place, size_t> seen;
  const auto tell = [&](const FoundAlias& found, size_t first_line, std::string kept_name) {
    if (++out.duplicate_count > kMaxDuplicatesTold) return;
    out.duplicates.push_back({found.line, first_line, found.alias.name, std::move(kept_name)});
  };
  for (size_t i = 0; i < file.aliases.size(); ++i) {
    const FoundAlias& found = file.aliases[i];
    const Place place{found.alias.block, port_of(found.alias), agent_of(found.alias)};
    if (const auto [at, fresh] = seen.emplace(place, i); !fresh) {
      const FoundAlias& first = file.aliases[at->second];
      tell(found, first.line, first.alias.name);
      continue;
    }
    const auto there = SL_TRY(find_place(db, found.alias));
    if (!there) {
      SL_TRY_VOID(insert(db, found.alias));
      ++out.added;
    } else if (there->name == found.alias.name && there->note == found.alias.note) {
      ++out.unchanged;
    } else if (existing == Existing::Replace) {
      SL_TRY_VOID(db.run("UPDATE aliases SET name = ?, note = ? WHERE id = ?",
                         {found.alias.name, found.alias.note, there->id}));
      ++out.replaced;
    } else {
      tell(found, 0, there->name);
    }
  }
  if (SL_TRY(count(db)) > static_cast<int64_t>(kMaxAliases)) return too_many();
  return out;
}

}  // namespace

std::shared_ptr<const AliasTable> Aliases::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

Result<void> Aliases::publish(Connection& db, std::shared_ptr<const AliasTable>& fresh) {
  fresh = std::make_shared<const AliasTable>(SL_TRY(
      db.all(ALIAS_COLUMNS "ORDER BY id LIMIT ?", {static_cast<int64_t>(kMaxAliases)}, to_alias)));
  return {};
}

template <class Work>
auto Aliases::change_all(Work&& work) -> std::invoke_result_t<Work, Connection&> {
  using Done = std::invoke_result_t<Work, Connection&>;
  const std::lock_guard one(write_mutex_);
  std::shared_ptr<const AliasTable> fresh;
  auto done = database_.write([&](Connection& db) -> Done {
    auto worked = work(db);
    if (worked) SL_TRY_VOID(publish(db, fresh));
    return worked;
  });
  if (done) {
    const std::lock_guard lock(mutex_);
    table_ = std::move(fresh);
  }
  return done;
}

Result<void> Aliases::load() {
  return change_all([](Connection&) { return Result<void>{}; });
}

Result<Alias> Aliases::add(Alias alias) {
  SL_TRY_VOID(check_alias(alias));
  alias.block.network = masked(alias.block.network, alias.block.prefix_bits);
  alias.id = 0;
  return change_all([&](Connection& db) -> Result<Alias> {
    SL_TRY_VOID(check_place_free(db, alias));
    if (SL_TRY(count(db)) >= static_cast<int64_t>(kMaxAliases)) return too_many();
    alias.id = SL_TRY(insert(db, alias));
    return alias;
  });
}

Result<Alias> Aliases::change(const Alias& changed) {
  SL_TRY_VOID(check_alias(changed));
  Alias alias = changed;
  alias.block.network = masked(alias.block.network, alias.block.prefix_bits);
  return change_all([&](Connection& db) -> Result<Alias> {
    SL_TRY_VOID(check_place_free(db, alias));
    if (SL_TRY(db.run("UPDATE aliases SET network = ?, prefix_bits = ?, port = ?, agent = ?, "
                      "name = ?, note = ? WHERE id = ?",
                      {ByteSpan(alias.block.network.octets), int64_t{alias.block.prefix_bits},
                       port_of(alias), agent_of(alias), alias.name, alias.note, alias.id})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no alias has the id {}", alias.id));
    return alias;
  });
}

Result<void> Aliases::remove(int64_t id) {
  return change_all([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("DELETE FROM aliases WHERE id = ?", {id})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no alias has the id {}", id));
    return {};
  });
}

Result<Listed<Alias>> Aliases::list(const Page& page) {
  return database_.read([&](Connection& db) -> Result<Listed<Alias>> {
    auto rows = SL_TRY(db.all(ALIAS_COLUMNS "WHERE id > ? ORDER BY id LIMIT ?",
                              {page.cursor.value_or(0), page.rows() + 1}, to_alias));
    return cut_page(std::move(rows), page, [](const Alias& alias) { return alias.id; });
  });
}

Result<AliasImported> Aliases::import_file(const AliasFile& file, Existing existing) {
  if (file.aliases.size() > kMaxAliases) return too_many();
  return change_all([&](Connection& db) { return import_all(db, file, existing); });
}

}  // namespace siploom::admin

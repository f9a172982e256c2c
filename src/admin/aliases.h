// Aliases: the kept list and a table of it that many threads may ask. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "admin/alias_import.h"
#include "admin/database.h"
#include "admin/page.h"

namespace siploom::admin {

struct AliasDuplicate {
  size_t line = 0;        // of the file (of JSON: the number in its list)
  size_t first_line = 0;  // where the same place stands before; 0: it is kept already
  std::string name, kept_name;
};
struct AliasImported {
  size_t added = 0, replaced = 0, unchanged = 0, switched_off = 0;
  std::vector<AliasDuplicate> duplicates;  // left out; the first kMaxDuplicatesTold of them
  size_t duplicate_count = 0;
};
constexpr size_t kMaxDuplicatesTold = 100;

enum class Existing : uint8_t { Keep, Replace };  // when another name is kept for the same place

class Aliases final {
 public:
  explicit Aliases(Database& database)
      : database_(database), table_(std::make_shared<const AliasTable>()) {}

  // To be called once before the table is asked.
  Result<void> load();
  std::shared_ptr<const AliasTable> table() const;

  Result<Alias> add(Alias alias);
  Result<Alias> change(const Alias& alias);  // by its id
  Result<void> remove(int64_t id);
  Result<Listed<Alias>> list(const Page& page = {});
  // All of the file or, on an error, nothing.
  Result<AliasImported> import_file(const AliasFile& file, Existing existing = Existing::Keep);

 private:
  Result<void> publish(Connection& db, std::shared_ptr<const AliasTable>& fresh);
  template <class Work>
  auto change_all(Work&& work) -> std::invoke_result_t<Work, Connection&>;

  Database& database_;
  std::mutex write_mutex_;  // a change and its publication are one
  mutable std::mutex mutex_;
  std::shared_ptr<const AliasTable> table_;
};

}  // namespace siploom::admin

// Saved searches: what users look for again and again, their own and those that others share.
#pragma once

#include <string>
#include <string_view>

#include "admin/database.h"
#include "admin/page.h"

namespace siploom::admin {

constexpr int64_t kMaxSavedSearchesPerUser = 500;

struct SavedSearch {
  int64_t id = 0, owner_id = 0;
  std::string owner;  // name; set when read
  std::string name;
  std::string kind = "calls";  // calls, messages, records ...: a word of small letters, - and _
  std::string filter;          // checked when it is of calls or messages
  std::string time_range, columns, sort;  // as the interface writes them
  bool shared = false;
  std::string note;
  Timestamp changed = kNoTime;
};

class SavedSearches final {
 public:
  explicit SavedSearches(Database& database) : database_(database) {}

  Result<SavedSearch> add(const SavedSearch& search);
  // By id; its owner stays. `owner`: only if it is this user's.
  Result<SavedSearch> change(const SavedSearch& search, std::optional<int64_t> owner);
  Result<void> remove(int64_t id, std::optional<int64_t> owner);
  // NotFound, too, when it is neither shared nor the reader's.
  Result<SavedSearch> get(int64_t id, int64_t reader);
  // The reader's own and the shared ones; `kind` empty: all.
  Result<Listed<SavedSearch>> list(int64_t reader, std::string_view kind, const Page& page = {});

 private:
  Database& database_;
};

}  // namespace siploom::admin

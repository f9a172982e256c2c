// Notes that people write on calls. They stay when their author goes.
#pragma once

#include <string>
#include <string_view>

#include "admin/database.h"
#include "admin/page.h"
#include "admin/permission.h"

namespace siploom::admin {

constexpr size_t kMaxCallIdOctets = 1'024;
constexpr int64_t kMaxNotesPerCall = 1'000;

struct Note {
  int64_t id = 0;
  std::string call_id;
  Timestamp start = kNoTime;  // of the call: a Call-ID alone may come again
  std::string text;
  std::optional<int64_t> author_id;  // nothing: the user is gone
  std::string author;
  Timestamp time = kNoTime;
};

class Notes final {
 public:
  explicit Notes(Database& database) : database_(database) {}

  Result<Note> add(std::string_view call_id, Timestamp start, std::string_view text,
                   const Identity& author);
  Result<void> change(int64_t id, std::string_view text, std::optional<int64_t> author);
  Result<void> remove(int64_t id, std::optional<int64_t> author);
  // `call_id` empty: of all calls.
  Result<Listed<Note>> list(std::string_view call_id, const Page& page = {});

 private:
  Database& database_;
};

}  // namespace siploom::admin

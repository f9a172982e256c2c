#include "store/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <random>

#include "store/duckdb/merger.h"
#include "store/files.h"
#include "store/test_rows.h"

namespace siploom::store {

using namespace test_rows;
namespace fs = std::filesystem;

namespace {

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_all(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

// What a child of ours made of a file: it read it, got an error, or died.
enum class Outcome { Read, Refused, Died };

Outcome read_in_child(const std::string& sql) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    auto database = Database::open({});
    if (!database) ::_exit(3);
    auto connection = (*database)->connect();
    if (!connection) ::_exit(3);
    auto rows = connection->query(sql);
    ::_exit(rows ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) return Outcome::Died;
  return WEXITSTATUS(status) == 0 ? Outcome::Read : Outcome::Refused;
}

}  // namespace

TEST_CASE("EXPERIMENT") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  seal_records(*store, 20'000);
  const Segment segment = store->view().manifest->segments[0];
  const std::string whole = read_all(store->folder() + "/" + segment.path);
  const std::string bad = folder.path + "/bad.parquet";
  const std::string sql = "SELECT sum(hash(COLUMNS(*))) FROM read_parquet('" + bad + "')";
  std::mt19937_64 random(1);
  std::array<int, 3> fates{};
  std::array<int, 3> footer{};
  const size_t meta = load_le32(reinterpret_cast<const uint8_t*>(whole.data()) + whole.size() - 8);
  MESSAGE("size " << whole.size() << " footer " << meta);
  for (int i = 0; i < 1600; ++i) {
    std::string changed = whole;
    const bool in_footer = i % 2 == 0;
    const size_t at = in_footer ? whole.size() - 8 - meta + random() % (meta + 8)
                                : random() % (whole.size() - meta);
    switch (i / 2 % 4) {
      case 0:
        changed[at] = static_cast<char>(random());
        changed[std::min(at + random() % 9, changed.size() - 1)] = static_cast<char>(random());
        break;
      case 1:
        for (size_t k = at; k < std::min(at + 512, changed.size()); ++k)
          changed[k] = static_cast<char>(random());
        break;
      case 2:
        for (size_t k = at; k < std::min(at + 4096, changed.size() - 8); ++k) changed[k] = 0;
        break;
      case 3:
        changed.erase(at, 1 + random() % 100);
        break;
    }
    write_all(bad, changed);
    const Outcome fate = read_in_child(sql);
    ++(in_footer ? footer : fates)[static_cast<size_t>(fate)];
    if (fate == Outcome::Died) MESSAGE("died at " << at << " of " << whole.size());
  }
  MESSAGE("data: read " << fates[0] << " refused " << fates[1] << " died " << fates[2]);
  MESSAGE("footer: read " << footer[0] << " refused " << footer[1] << " died " << footer[2]);
}

}  // namespace siploom::store

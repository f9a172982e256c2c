#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "cli/import_upload.h"
#include "support/temp_folder.h"

namespace siploom::cli {

TEST_CASE("files to upload: what is named, and what lies in folders, in order") {
  const test::TempFolder folder;
  namespace fs = std::filesystem;
  fs::create_directories(folder.path + "/in/deep");
  for (const char* name : {"/b.pcap", "/in/c.pcap", "/in/a.pcap", "/in/deep/d.pcap"}) {
    std::ofstream(folder.path + name) << "x";
  }
  const auto found = files_to_upload({folder.path + "/b.pcap", folder.path + "/in", "-"});
  REQUIRE(found);
  CHECK(*found == std::vector<std::string>{folder.path + "/b.pcap", folder.path + "/in/a.pcap",
                                           folder.path + "/in/c.pcap",
                                           folder.path + "/in/deep/d.pcap", "-"});
  CHECK_FALSE(files_to_upload({folder.path + "/none.pcap"}));
}

}  // namespace siploom::cli

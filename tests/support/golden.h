// Golden files: what is expected of a text that people read. SIPLOOM_UPDATE_GOLDEN=1 rewrites them.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace siploom::test {

// The text of tests/golden/NAME; when it is to be renewed, `found` itself.
inline std::string golden(const std::string& name, const std::string& found) {
  const std::string path = std::string(SIPLOOM_SOURCE_DIR) + "/tests/golden/" + name;
  if (std::getenv("SIPLOOM_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << found;
    return found;
  }
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace siploom::test

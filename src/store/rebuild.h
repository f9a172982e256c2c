// Rebuild: a manifest made again from the files alone. Part of check.
#pragma once

#include <string>
#include <vector>

#include "store/duckdb/merger.h"
#include "store/manifest.h"

namespace siploom::store {

// The segments below `folder`, described from their rows; side files that are missing are written.
// Those that a sealing or merging had not ended or had replaced are left out (their rows are in a
// log or in another segment), and named in `left_out`; files that cannot be read in
// Manifest::damaged, where they lie.
struct Rebuilt {
  Manifest manifest;
  std::vector<std::string> left_out;
};
Result<Rebuilt> rebuild_manifest(const std::string& folder, Merger& merger);

}  // namespace siploom::store

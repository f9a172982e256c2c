# Everything comes from Debian 12 packages; tools/install_deps.sh names them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibLZMA REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(pcap REQUIRED IMPORTED_TARGET libpcap)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
find_path(TL_EXPECTED tl/expected.hpp REQUIRED)
find_path(CLI11 CLI/CLI.hpp REQUIRED)
if(SIPLOOM_TESTS)
  find_path(DOCTEST doctest/doctest.h REQUIRED)
  find_path(RAPIDCHECK rapidcheck.h REQUIRED)
  find_library(RAPIDCHECK_LIB rapidcheck REQUIRED)
endif()
# The official libduckdb.so: system-wide, or as third_party/duckdb/package.json brings it (npm ci).
find_library(DUCKDB_LIBRARY duckdb HINTS
  ${CMAKE_SOURCE_DIR}/third_party/duckdb/node_modules/@duckdb/node-bindings-linux-x64 REQUIRED)
add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${DUCKDB_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_SOURCE_DIR}/third_party/duckdb)

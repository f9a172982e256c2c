// VectorSink: writes one column of a data chunk. Texts are not copied: what they point at outlives
// the chunk (rows of a batch), or is kept in the sink until its next chunk.
#pragma once

#include <duckdb.h>

#include <cstring>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/flat_map.h"
#include "base/hash.h"
#include "base/net.h"
#include "base/text.h"
#include "base/time.h"
#include "store/utf8.h"

namespace siploom::store {

// Addresses as text, made once each. One thread.
class AddressTexts final {
 public:
  std::string_view operator()(const std::array<uint8_t, 16>& octets) {
    const uint64_t low = load_le64(&octets[8]);
    const uint64_t hash = mix(load_le64(&octets[0]), low);
    IpAddress address;
    address.octets = octets;
    if (const std::string_view* known = texts_.find(hash, address)) return *known;
    const std::string_view text = arena_.copy(std::string_view(format_ip(address)));
    *texts_.insert(hash, address).first = text;
    return text;
  }
  // Called while no chunk is in flight.
  void trim() {
    if (texts_.size() < kMost) return;
    texts_ = {};
    arena_.reset();
  }

 private:
  static constexpr size_t kMost = 65'536;
  FlatMap<IpAddress, std::string_view> texts_;
  Arena arena_;
};

class VectorSink final {
 public:
  void begin(duckdb_vector vector, AddressTexts& addresses, Arena& scratch) {
    vector_ = vector;
    data_ = duckdb_vector_get_data(vector);
    validity_ = nullptr;
    addresses_ = &addresses;
    scratch_ = &scratch;
    list_size_ = 0;
  }

  template <class T>
  void number(size_t row, T value) {
    static_cast<T*>(data_)[row] = value;
  }
  void time(size_t row, int64_t ns) {
    if (ns == kNoTime.ns) {
      null(row);
    } else {
      number<int64_t>(row, ns);
    }
  }
  // Empty texts are NULL: what is absent is absent. `is_plain`: known to be ASCII without NULs.
  void text(size_t row, std::string_view text, bool is_plain = false) {
    if (text.empty()) {
      null(row);
    } else {
      put(static_cast<duckdb_string_t*>(data_)[row], is_plain ? text : clean(text));
    }
  }
  void blob(size_t row, ByteSpan bytes) {
    put(static_cast<duckdb_string_t*>(data_)[row], as_text(bytes));
  }
  void address(size_t row, const std::array<uint8_t, 16>& octets) {
    put(static_cast<duckdb_string_t*>(data_)[row], (*addresses_)(octets));
  }
  // Lines of a text as a list.
  void list(size_t row, std::string_view lines) {
    auto& entry = static_cast<duckdb_list_entry*>(data_)[row];
    entry = {list_size_, 0};
    while (!lines.empty()) {
      const Halves halves = split_once(lines, '\n');
      lines = halves.after;
      duckdb_list_vector_reserve(vector_, list_size_ + 1);
      duckdb_vector child = duckdb_list_vector_get_child(vector_);
      put(static_cast<duckdb_string_t*>(duckdb_vector_get_data(child))[list_size_],
          clean(halves.before));
      duckdb_list_vector_set_size(vector_, ++list_size_);
      ++entry.length;
    }
  }
  void null(size_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
  }

 private:
  // DuckDB and every reader of Parquet want UTF-8 in texts; the octets as they came are in the
  // payload.
  std::string_view clean(std::string_view text) {
    return is_column_text(text) ? text : scratch_->copy(std::string_view(to_column_text(text)));
  }
  static void put(duckdb_string_t& out, std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    if (size <= sizeof out.value.inlined.inlined) {
      out = duckdb_string_t{};
      out.value.inlined.length = size;
      std::memcpy(out.value.inlined.inlined, text.data(), size);
    } else {
      out.value.pointer.length = size;
      std::memcpy(out.value.pointer.prefix, text.data(), sizeof out.value.pointer.prefix);
      out.value.pointer.ptr = const_cast<char*>(text.data());
    }
  }

  duckdb_vector vector_ = nullptr;
  void* data_ = nullptr;
  uint64_t* validity_ = nullptr;
  AddressTexts* addresses_ = nullptr;
  Arena* scratch_ = nullptr;
  idx_t list_size_ = 0;
};

}  // namespace siploom::store

// Interner: equal texts kept once and named by a 32-bit Symbol; one thread (a shard). Symbol 0 is
// the empty text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/flat_map.h"
#include "base/hash.h"

namespace siploom {

enum class Symbol : uint32_t { None = 0 };

class Interner final {
 public:
  Interner() { texts_.emplace_back(); }

  Symbol intern(std::string_view text) {
    if (text.empty()) return Symbol::None;
    const uint64_t hash = hash_text(text);
    if (const uint32_t* known = index_.find(hash, text)) return Symbol{*known};
    const std::string_view kept = arena_.copy(text);
    texts_.push_back(kept);
    const auto id = static_cast<uint32_t>(texts_.size() - 1);
    *index_.insert(hash, kept).first = id;
    return Symbol{id};
  }
  std::string_view text(Symbol symbol) const { return texts_[static_cast<uint32_t>(symbol)]; }
  size_t memory_bytes() const {
    return arena_.memory_bytes() + index_.memory_bytes() +
           texts_.capacity() * sizeof(std::string_view);
  }

 private:
  Arena arena_;
  FlatMap<std::string_view, uint32_t> index_;
  std::vector<std::string_view> texts_;
};

}  // namespace siploom

// Lists in pages: what to ask for, and what comes back. A cursor is the id of the last row that was
// given; ids are never used twice, so pages stay right while rows come and go.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace siploom::admin {

constexpr int64_t kMaxPage = 1000;

struct Page {
  int64_t limit = 100;  // at most kMaxPage
  std::optional<int64_t> cursor;

  int64_t rows() const { return std::clamp<int64_t>(limit, 1, kMaxPage); }
};

template <class T>
struct Listed {
  std::vector<T> rows;
  std::optional<int64_t> next;  // nothing: that was all
};

// `rows` holds one row more than the page when there are more; `id` tells a row's cursor.
template <class T, class Id>
Listed<T> cut_page(std::vector<T> rows, const Page& page, Id id) {
  Listed<T> out{std::move(rows), std::nullopt};
  if (out.rows.size() > static_cast<size_t>(page.rows())) {
    out.rows.resize(static_cast<size_t>(page.rows()));
    out.next = id(out.rows.back());
  }
  return out;
}

}  // namespace siploom::admin

#include "view/table.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::view {

namespace {
constexpr size_t kGap = 2;

size_t total(const std::vector<size_t>& widths) {
  size_t sum = 0;
  for (const size_t width : widths) sum += width == 0 ? 0 : width + kGap;
  return sum == 0 ? 0 : sum - kGap;
}
}  // namespace

std::vector<size_t> Table::widths(size_t width) const {
  std::vector<size_t> out(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    out[i] = display_width(columns_[i].title);
    for (const auto& row : rows_) out[i] = std::max(out[i], display_width(row[i].text));
    if (width != 0) out[i] = std::min(out[i], columns_[i].max_width);
  }
  if (width == 0) return out;
  // Drop columns, the least important first, as long as not even their least widths fit.
  const auto least = [&] {
    std::vector<size_t> smallest(out.size());
    for (size_t i = 0; i < out.size(); ++i)
      smallest[i] = out[i] == 0 ? 0 : std::min(out[i], columns_[i].min_width);
    return total(smallest);
  };
  while (least() > width) {
    size_t worst = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i] != 0 && (out[worst] == 0 || columns_[i].priority >= columns_[worst].priority))
        worst = i;
    }
    if (std::count_if(out.begin(), out.end(), [](size_t w) { return w != 0; }) <= 1) break;
    out[worst] = 0;
  }
  // Then take from the widest.
  while (total(out) > width) {
    size_t widest = out.size();
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i] <= columns_[i].min_width) continue;
      if (widest == out.size() || out[i] > out[widest]) widest = i;
    }
    if (widest == out.size()) break;
    --out[widest];
  }
  return out;
}

void Table::lay_out(size_t width) {
  laid_ = widths(width);
  shortens_ = width != 0;
  rows_.clear();
}

std::string Table::line(const std::vector<Cell>& row, bool color) const {
  std::string out;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (laid_[i] == 0) continue;
    if (!out.empty()) out += std::string(kGap, ' ');
    const size_t room = shortens_ ? laid_[i] : std::max(laid_[i], display_width(row[i].text));
    out += paint(row[i].role, fit(row[i].text, room, columns_[i].align), color);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string Table::heading(bool color) const {
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Role::Heading});
  return line(titles, color);
}

std::string Table::text(size_t width, bool color) const {
  Table laid(columns_);
  laid.laid_ = widths(width);
  std::string out = laid.heading(color);
  for (const auto& row : rows_) out += laid.line(row, color);
  return out;
}

}  // namespace siploom::view

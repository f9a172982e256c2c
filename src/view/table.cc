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

constexpr int kOptional = 3;
}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) natural_.push_back(display_width(column.title));
}

void Table::add(const std::vector<Cell>& row) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Cell& cell = row[i];
    const size_t width = display_width(cell.text);
    natural_[i] = std::max(natural_[i], width);
    kept_.push_back({texts_.size(), static_cast<uint32_t>(cell.text.size()),
                     static_cast<uint32_t>(width), cell.role});
    texts_ += cell.text;
  }
}

// Of the columns shown, the one that matters least goes, if it may; the last one stays.
bool Table::drop_least(std::vector<size_t>& widths, int least_priority) const {
  size_t worst = widths.size();
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0 || columns_[i].priority < least_priority) continue;
    if (worst == widths.size() || columns_[i].priority >= columns_[worst].priority) worst = i;
  }
  const auto shown = std::count_if(widths.begin(), widths.end(), [](size_t w) { return w != 0; });
  if (worst == widths.size() || shown <= 1) return false;
  widths[worst] = 0;
  return true;
}

std::vector<size_t> Table::widths(size_t width) const {
  std::vector<size_t> out = natural_;
  if (width == 0) return out;
  for (size_t i = 0; i < columns_.size(); ++i) out[i] = std::min(out[i], columns_[i].max_width);
  const auto needed = [&](bool good) {
    std::vector<size_t> least(out.size());
    for (size_t i = 0; i < out.size(); ++i) {
      const Column& column = columns_[i];
      least[i] =
          std::min(out[i], good ? std::max(column.min_width, column.good_width) : column.min_width);
    }
    return total(least);
  };
  while (needed(true) > width && drop_least(out, kOptional)) continue;
  while (needed(false) > width && drop_least(out, 0)) continue;
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
}

void Table::append(const Table& more) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    natural_[i] = std::max(natural_[i], more.natural_[i]);
  }
  for (Kept cell : more.kept_) {
    cell.offset += texts_.size();
    kept_.push_back(cell);
  }
  texts_ += more.texts_;
}

void Table::append_cell(std::string& out, std::string_view text, const Kept& cell, size_t column,
                        bool color) const {
  const size_t room = laid_[column];
  const Align align = columns_[column].align;
  if (cell.width > room && shortens_) {
    out += paint(cell.role, fit(text, room, align), color);
    return;
  }
  const size_t missing = room > cell.width ? room - cell.width : 0;
  const size_t left = align == Align::Right ? missing : align == Align::Center ? missing / 2 : 0;
  out.append(left, ' ');
  if (color) {
    out += paint(cell.role, text, color);
  } else {
    out += text;
  }
  out.append(missing - left, ' ');
}

// No blanks at the end of a line.
void Table::end_line(std::string& out, size_t begin) {
  while (out.size() > begin && out.back() == ' ') out.pop_back();
  out += '\n';
}

std::string Table::line(const std::vector<Cell>& row, bool color) const {
  std::string out;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (laid_[i] == 0) continue;
    if (!out.empty()) out.append(kGap, ' ');
    const auto width = static_cast<uint32_t>(display_width(row[i].text));
    append_cell(out, row[i].text, {0, 0, width, row[i].role}, i, color);
  }
  end_line(out, 0);
  return out;
}

std::string Table::heading(bool color) const {
  std::vector<Cell> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) titles.push_back({column.title, Role::Heading});
  return line(titles, color);
}

std::string Table::lines(size_t begin, size_t end, bool color) const {
  std::string out;
  for (size_t at = begin * columns_.size(); at < end * columns_.size(); at += columns_.size()) {
    const size_t line = out.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (laid_[i] == 0) continue;
      if (out.size() != line) out.append(kGap, ' ');
      const Kept& cell = kept_[at + i];
      append_cell(out, std::string_view(texts_).substr(cell.offset, cell.size), cell, i, color);
    }
    end_line(out, line);
  }
  return out;
}

std::string Table::text(size_t width, bool color) {
  lay_out(width);
  return heading(color) + lines(0, row_count(), color);
}

}  // namespace siploom::view

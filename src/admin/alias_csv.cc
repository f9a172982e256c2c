#include <fmt/format.h>

#include <array>

#include "admin/alias_import.h"
#include "admin/csv.h"
#include "admin/text_rules.h"
#include "base/text.h"

namespace siploom::admin {

namespace {

using Field = std::string_view AliasTexts::*;

struct Column {
  std::string_view name, homer;
  Field field;
};
constexpr std::array<Column, 6> kColumns = {{{"address", "ip", &AliasTexts::address},
                                             {"mask", "mask", &AliasTexts::mask},
                                             {"port", "port", &AliasTexts::port},
                                             {"name", "alias", &AliasTexts::name},
                                             {"agent", "captureID", &AliasTexts::agent},
                                             {"note", "note", &AliasTexts::note}}};
constexpr std::string_view kStatus = "status";
constexpr std::string_view kBlock = "block";  // 10.0.0.0/8, as the API calls it

// Which cell is what: null for a column that is nothing of ours.
struct Layout {
  std::vector<Field> fields;
  size_t status = SIZE_MAX;
};

tl::unexpected<Error> wrong_at(const CsvCell& cell, std::string_view what) {
  return fail(ErrorCode::Malformed,
              fmt::format("line {}, column {}: {}", cell.line, cell.column, what));
}

bool is_header(const CsvRecord& record) {
  for (const CsvCell& cell : record) {
    const std::string_view name = trim(cell.text);
    if (iequals(name, "address") || iequals(name, "ip") || iequals(name, kBlock)) return true;
  }
  return false;
}

Result<Layout> read_header(const CsvRecord& record) {
  Layout layout;
  bool has_name = false;
  for (const CsvCell& cell : record) {
    const std::string_view name = trim(cell.text);
    Field field = nullptr;
    for (const Column& column : kColumns) {
      if (iequals(name, column.name) || iequals(name, column.homer)) field = column.field;
    }
    if (iequals(name, kBlock)) field = &AliasTexts::address;
    for (const Field before : layout.fields) {
      if (field != nullptr && before == field)
        return wrong_at(cell, fmt::format("the column {} stands twice", tamed(name, 80)));
    }
    if (iequals(name, kStatus)) {
      layout.status = layout.fields.size();
    } else if (field == nullptr && !name.empty() && !iequals(name, "id") &&
               !iequals(name, "guid")) {
      return wrong_at(
          cell, fmt::format("no column is called {}; there are address (or block), mask, port, "
                            "name, agent and note",
                            tamed(name, 80)));
    }
    has_name = has_name || field == &AliasTexts::name;
    layout.fields.push_back(field);
  }
  if (!has_name) return wrong_at(record.front(), "the column name is missing");
  return layout;
}

Layout default_layout() {
  Layout layout;
  for (const Column& column : kColumns) layout.fields.push_back(column.field);
  return layout;
}

Result<Alias> read_record(const CsvRecord& record, const Layout& layout) {
  if (record.size() > layout.fields.size()) {
    return wrong_at(record[layout.fields.size()],
                    fmt::format("more cells than the {} columns", layout.fields.size()));
  }
  AliasTexts texts;
  for (size_t i = 0; i < record.size(); ++i) {
    if (layout.fields[i] != nullptr) texts.*layout.fields[i] = plain_cell(record[i].text);
  }
  auto alias = make_alias(texts);
  if (alias) return std::move(*alias);
  for (size_t i = 0; i < record.size(); ++i) {
    if (layout.fields[i] == alias.error().field)
      return wrong_at(record[i], alias.error().error.message);
  }
  return wrong_at(record.back(), alias.error().error.message);
}

}  // namespace

tl::expected<Alias, AliasProblem> make_alias(const AliasTexts& texts) {
  const auto wrong = [](Field field, std::string what) {
    return tl::unexpected<AliasProblem>(
        {field, Error{ErrorCode::InvalidArgument, std::move(what)}});
  };
  const auto is_any = [](std::string_view text) {
    return text.empty() || text == "0" || text == "*";
  };
  Alias alias;
  auto block = parse_block(texts.address, texts.mask);
  if (!block) {
    const bool of_address = !parse_cidr(trim(texts.address)).has_value();
    return wrong(of_address ? &AliasTexts::address : &AliasTexts::mask, block.error().message);
  }
  alias.block = *block;
  if (const std::string_view port = trim(texts.port); !is_any(port)) {
    alias.port = parse_number<uint16_t>(port);
    if (!alias.port)
      return wrong(&AliasTexts::port, fmt::format("\"{}\" is no port", tamed(port, 80)));
  }
  if (const std::string_view agent = trim(texts.agent); !is_any(agent)) {
    alias.agent = parse_number<uint32_t>(agent);
    if (!alias.agent)
      return wrong(&AliasTexts::agent,
                   fmt::format("\"{}\" is no agent's number", tamed(agent, 80)));
  }
  alias.name = trim(texts.name);
  alias.note = trim(texts.note);
  if (auto good = check_name("name", alias.name); !good)
    return wrong(&AliasTexts::name, good.error().message);
  if (auto good = check_alias(alias); !good) return wrong(&AliasTexts::note, good.error().message);
  return alias;
}

Result<AliasFile> parse_alias_csv(std::string_view text) {
  if (text.size() > kMaxAliasFileOctets) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("{} octets, at most {}", text.size(), kMaxAliasFileOctets));
  }
  CsvLimits limits;
  limits.records_max = kMaxAliases + 1;
  limits.cell_octets_max = 4 * kMaxLineOctets;
  const std::vector<CsvRecord> records = SL_TRY(parse_csv(text, limits));
  AliasFile out;
  Layout layout = default_layout();
  for (size_t i = 0; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    if (i == 0 && is_header(record)) {
      layout = SL_TRY(read_header(record));
      continue;
    }
    if (layout.status < record.size()) {
      const std::string status = lower(trim(record[layout.status].text));
      if (status == "false" || status == "0") {
        ++out.switched_off;
        continue;
      }
    }
    out.aliases.push_back({SL_TRY(read_record(record, layout)), record.front().line});
  }
  return out;
}

std::string write_alias_csv(const std::vector<Alias>& aliases) {
  std::string out = "address,mask,port,name,agent,note\r\n";
  for (const Alias& alias : aliases) {
    // Masked, so that a block is one of IPv4 only when it has the 96 bits before its addresses.
    const unsigned bits = alias.block.prefix_bits;
    append_cell(out, format_ip(alias.block.network));
    append_cell(out, std::to_string(alias.block.network.is_v4() ? bits - 96 : bits));
    append_cell(out, alias.port ? std::to_string(*alias.port) : "");
    append_cell(out, alias.name);
    append_cell(out, alias.agent ? std::to_string(*alias.agent) : "");
    append_cell(out, alias.note);
    out.back() = '\r';
    out += '\n';
  }
  return out;
}

}  // namespace siploom::admin

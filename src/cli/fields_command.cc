// siploom fields: the registry.
#include <fmt/format.h>

#include "base/find.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "registry/fields.h"
#include "view/table.h"

namespace siploom::cli {

namespace {

bool is_wanted(const registry::FieldInfo& field, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const bool found = find_any_case(field.name, word) != std::string_view::npos ||
                       find_any_case(field.help, word) != std::string_view::npos ||
                       find_any_case(field.aliases, word) != std::string_view::npos;
    if (!found) return false;
  }
  return true;
}

void words_field(JsonWriter& json, std::string_view name, std::string_view words) {
  json.key(name);
  json.begin_array();
  while (!words.empty()) {
    const Halves halves = split_once(words, ' ');
    json.value(halves.before);
    words = halves.after;
  }
  json.end_array();
}

void write_field_json(Output& out, const registry::FieldInfo& field) {
  JsonWriter json(out.buffer());
  json.begin_object();
  json.field("name", field.name);
  json.field("type", registry::type_name(field.type));
  json.key("of");
  json.begin_array();
  if ((static_cast<int>(field.scope) & 1) != 0) json.value("message");
  if ((static_cast<int>(field.scope) & 2) != 0) json.value("call");
  json.end_array();
  json.field("several", field.multiple);
  json.field("unit", field.unit);
  json.field("help", field.help);
  json.field("rfc", field.rfc);
  json.field("example", field.example);
  words_field(json, "aliases", field.aliases);
  words_field(json, "choices", field.choices);
  json.field("stored", field.stored);
  json.field("facet", field.facet);
  json.end_object();
  out.write("\n");
}

}  // namespace

int fields_command(const Options& options) {
  Output out(options.output);
  view::Table table({{"Field", view::Align::Left, 0, 10, 24},
                     {"Type", view::Align::Left, 1, 6, 12},
                     {"Of", view::Align::Left, 2, 4, 14},
                     {"What", view::Align::Left, 0, 20, 90},
                     {"Also", view::Align::Left, 3, 8, 60}});
  size_t count = 0;
  for (const registry::FieldInfo& field : registry::fields()) {
    if (!is_wanted(field, options.input.words)) continue;
    ++count;
    if (options.output.json) {
      write_field_json(out, field);
      continue;
    }
    std::string help(field.help);
    if (!field.choices.empty()) help += fmt::format(" ({})", field.choices);
    if (!field.unit.empty()) help += fmt::format(", in {}", field.unit);
    table.add({{std::string(field.name), view::Role::Key},
               {std::string(registry::type_name(field.type)), view::Role::Plain},
               {std::string(registry::scope_name(field.scope)), view::Role::Plain},
               {help, view::Role::Plain},
               {std::string(field.aliases), view::Role::Dim}});
  }
  if (!options.output.json && count != 0) out.write(table.text(out.width(), out.color()));
  return count != 0 ? 0 : 1;
}

}  // namespace siploom::cli

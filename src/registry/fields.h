// The registry of fields: every observable has its name here, once (fields.toml), for the filter
// language, JSON, tables, completion and the reference.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "registry/fields_generated.h"

namespace siploom::registry {

// What a field is said of; a field of Both is asked of whatever is being filtered.
enum class Scope : uint8_t { Message = 1, Call = 2, Both = 3 };
enum class Type : uint8_t { Text, Number, Duration, Address, Time, Bool, Enumeration };

struct FieldInfo {
  FieldId id{};
  std::string_view name;
  Type type = Type::Text;
  Scope scope = Scope::Message;
  bool multiple = false;   // several values in one subject
  bool fold_case = false;  // compares whatever the case (RFC 3261 7.3.1)
  bool verbatim = false;   // a value is a slice of the message's own octets
  std::string_view unit;
  std::string_view rfc;
  std::string_view help;
  std::string_view example;
  std::string_view aliases;  // separated by blanks: Wireshark, HOMER, sngrep, nProbe, short names
  std::string_view choices;  // of an enumeration, separated by blanks
  std::string_view stored;   // column type of the store
  bool default_column = false;
  bool facet = false;
};

std::span<const FieldInfo> fields();
const FieldInfo& info(FieldId id);
// By name or alias, any case.
const FieldInfo* find_field(std::string_view name);
// The nearest names, best first; for "did you mean".
std::vector<std::string_view> nearest_fields(std::string_view name, size_t most = 3);
std::string_view type_name(Type type);
std::string_view scope_name(Scope scope);

}  // namespace siploom::registry

#include "registry/fields.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::registry {

namespace {

constexpr size_t kNearField = 4;

template <class Fn>
bool any_word(std::string_view words, Fn&& fn) {
  while (!words.empty()) {
    const Halves halves = split_once(words, ' ');
    if (!halves.before.empty() && fn(halves.before)) return true;
    words = halves.after;
  }
  return false;
}

}  // namespace

const FieldInfo& info(FieldId id) { return fields()[static_cast<size_t>(id)]; }

const FieldInfo* find_field(std::string_view name) {
  for (const FieldInfo& field : fields()) {
    if (iequals(field.name, name)) return &field;
  }
  for (const FieldInfo& field : fields()) {
    if (any_word(field.aliases, [&](std::string_view alias) { return iequals(alias, name); }))
      return &field;
  }
  return nullptr;
}

std::vector<std::string_view> nearest_fields(std::string_view name, size_t most) {
  std::vector<std::pair<size_t, std::string_view>> near;
  for (const FieldInfo& field : fields()) {
    size_t distance = edit_distance(name, field.name);
    any_word(field.aliases, [&](std::string_view alias) {
      distance = std::min(distance, edit_distance(name, alias));
      return false;
    });
    // "usr" for "from.user": the last part counts, too, but less.
    const size_t dot = field.name.rfind('.');
    if (dot != std::string_view::npos)
      distance = std::min(distance, edit_distance(name, field.name.substr(dot + 1)) + 1);
    if (distance <= std::min(kNearField, name.size() / 2 + 1))
      near.emplace_back(distance, field.name);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string_view> out;
  for (size_t i = 0; i < std::min(most, near.size()); ++i) out.push_back(near[i].second);
  return out;
}

std::string_view type_name(Type type) {
  switch (type) {
    case Type::Text:
      return "text";
    case Type::Number:
      return "number";
    case Type::Duration:
      return "duration";
    case Type::Address:
      return "address";
    case Type::Time:
      return "time";
    case Type::Bool:
      return "bool";
    case Type::Enumeration:
      return "enumeration";
  }
  return "";
}

std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::Message:
      return "message";
    case Scope::Call:
      return "call";
    case Scope::Both:
      return "message, call";
  }
  return "";
}

}  // namespace siploom::registry

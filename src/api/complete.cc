#include "api/complete.h"

#include <algorithm>
#include <array>

#include "api/asked.h"
#include "base/text.h"

namespace siploom::api {

using registry::FieldInfo;
using registry::Scope;
using registry::Type;

namespace {

bool ends_word(char c) {
  return is_space(c) || std::string_view("()[]{},\"'<>=!~&|").find(c) != std::string_view::npos;
}

struct Help {
  std::string_view text, help;
};
constexpr std::array kComparisons = {Help{"==", "equal"}, Help{"!=", "not equal"},
                                     Help{"in", "one of {a, b}, or in a range"},
                                     Help{"not in", "none of {a, b}"}};
constexpr std::array kOrders = {Help{"<", "less"}, Help{"<=", "less or equal"},
                                Help{">", "greater"}, Help{">=", "greater or equal"}};
constexpr std::array kTexts = {Help{"~", "matches a regular expression"},
                               Help{"!~", "does not match"}, Help{"contains", "holds this text"}};
constexpr std::array kJoins = {Help{"and", "both"}, Help{"or", "one of the two"}};
constexpr std::array kBegins = {Help{"not", "the opposite"}, Help{"has", "the field is there"},
                                Help{"any(", "of one and the same message"}};

bool is_order(Type type) {
  return type == Type::Number || type == Type::Duration || type == Type::Time;
}

// What stands in front of the cursor, as far as it matters.
enum class Place : uint8_t { Begin, AfterField, AfterOperator, AfterValue };

// Words, comparison signs and brackets before `end`, the last ones first.
std::vector<std::string_view> last_words(std::string_view text, size_t end, size_t most) {
  std::vector<std::string_view> out;
  while (out.size() < most) {
    while (end > 0 && is_space(text[end - 1])) --end;
    if (end == 0) break;
    size_t begin = end - 1;
    const std::string_view signs = "=!<>~&|";
    if (text[begin] == '"' || text[begin] == '\'') {
      const size_t open = begin == 0 ? std::string_view::npos : text.rfind(text[begin], begin - 1);
      begin = open == std::string_view::npos ? 0 : open;
    } else if (signs.find(text[begin]) != std::string_view::npos) {
      while (begin > 0 && signs.find(text[begin - 1]) != std::string_view::npos) --begin;
    } else if (!ends_word(text[begin])) {
      while (begin > 0 && !ends_word(text[begin - 1])) --begin;
    }
    out.push_back(text.substr(begin, end - begin));
    end = begin;
  }
  return out;
}

bool is_operator(std::string_view word) {
  constexpr std::array<std::string_view, 20> kOperators = {
      "==", "=",        "!=", "<",  "<=", ">",  ">=", "~",  "!~",      "=~",
      "in", "contains", "eq", "ne", "gt", "lt", "ge", "le", "matches", "is"};
  return std::any_of(kOperators.begin(), kOperators.end(),
                     [&](std::string_view each) { return iequals(each, word); });
}
bool is_join(std::string_view word) {
  constexpr std::array<std::string_view, 7> kJoinWords = {"and", "or", "not", "has",
                                                          "&&",  "||", "!"};
  return std::any_of(kJoinWords.begin(), kJoinWords.end(),
                     [&](std::string_view each) { return iequals(each, word); });
}

bool fits(const FieldInfo& field, Scope scope) {
  return scope == Scope::Call || field.scope != Scope::Call;
}

// The field that a value is wanted for: behind FIELD OP, or within FIELD in {a, b, ...
const FieldInfo* field_of_value(std::string_view text, size_t end,
                                const std::vector<std::string_view>& words) {
  if (words.size() >= 2 && is_operator(words[0])) {
    const size_t at = iequals(words[1], "not") && words.size() >= 3 ? 2 : 1;
    return registry::find_field(words[at]);
  }
  const size_t brace = text.substr(0, end).rfind('{');
  if (brace == std::string_view::npos ||
      text.substr(0, end).find('}', brace) != std::string_view::npos) {
    return nullptr;
  }
  const auto before = last_words(text, brace, 3);
  if (before.size() < 2 || !iequals(before[0], "in")) return nullptr;
  const size_t at = iequals(before[1], "not") && before.size() >= 3 ? 2 : 1;
  return registry::find_field(before[at]);
}

Place place_of(const std::vector<std::string_view>& words) {
  if (words.empty() || words[0] == "(" || is_join(words[0])) return Place::Begin;
  if (is_operator(words[0])) return Place::AfterOperator;
  const bool behind_operator = words.size() >= 2 && is_operator(words[1]);
  const bool behind_has = words.size() >= 2 && iequals(words[1], "has");
  if (!behind_operator && !behind_has && registry::find_field(words[0]) != nullptr) {
    return Place::AfterField;
  }
  return Place::AfterValue;
}

class Completer {
 public:
  Completer(std::string_view text, size_t position, Scope scope) : text_(text), scope_(scope) {
    out_.end = std::min(position, text.size());
    out_.begin = out_.end;
    while (out_.begin > 0 && !ends_word(text[out_.begin - 1])) --out_.begin;
    // Inside quotes the value reaches back to where they open.
    const auto quotes = std::count(text.begin(), text.begin() + static_cast<long>(out_.end), '"');
    if (quotes % 2 != 0) out_.begin = text.rfind('"', out_.end == 0 ? 0 : out_.end - 1);
    out_.prefix = text.substr(out_.begin, out_.end - out_.begin);
    std::erase(out_.prefix, '"');
  }

  Completion make() {
    const auto words = last_words(text_, out_.begin, 3);
    if (const FieldInfo* field = field_of_value(text_, out_.begin, words)) {
      add_values(*field);
    } else {
      switch (place_of(words)) {
        case Place::Begin:
          add_fields();
          add("keyword", kBegins);
          break;
        case Place::AfterField:
          add_operators(*registry::find_field(words[0]));
          break;
        default:
          add("keyword", kJoins);
          break;
      }
    }
    if (out_.suggestions.size() > kMaxSuggestions) out_.suggestions.resize(kMaxSuggestions);
    return std::move(out_);
  }

 private:
  bool wanted(std::string_view text) const {
    return out_.prefix.empty() || lower(text).find(lower(out_.prefix)) != std::string::npos;
  }
  void add_one(std::string_view kind, std::string_view text, std::string_view help) {
    if (wanted(text)) out_.suggestions.push_back({kind, std::string(text), std::string(help)});
  }
  template <size_t N>
  void add(std::string_view kind, const std::array<Help, N>& all) {
    for (const Help& each : all) add_one(kind, each.text, each.help);
  }
  void add_fields() {
    for (const FieldInfo& field : registry::fields()) {
      if (fits(field, scope_)) add_one("field", field.name, field.help);
    }
    // What begins so comes first.
    std::stable_partition(
        out_.suggestions.begin(), out_.suggestions.end(),
        [&](const Suggestion& each) { return istarts_with(each.text, out_.prefix); });
  }
  void add_operators(const FieldInfo& field) {
    add("operator", kComparisons);
    if (is_order(field.type)) add("operator", kOrders);
    if (field.type == Type::Text) add("operator", kTexts);
    add("keyword", kJoins);
  }
  void add_values(const FieldInfo& field) {
    for (const std::string_view choice : words_of(field.choices)) add_one("value", choice, "");
    if (field.type == Type::Bool) {
      add_one("value", "true", "");
      add_one("value", "false", "");
    }
    if (field.choices.empty() && field.facet) out_.values_of = &field;
  }

  std::string_view text_;
  Scope scope_;
  Completion out_;
};

}  // namespace

Completion complete(std::string_view text, size_t position, Scope scope) {
  return Completer(text, position, scope).make();
}

std::string quoted_value(std::string_view value) {
  const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), ends_word) &&
                     value.find('\\') == std::string_view::npos && !is_join(value) &&
                     !is_operator(value);
  if (plain) return std::string(value);
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace siploom::api

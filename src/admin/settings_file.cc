// Reads configuration files: the one file that sees toml++.

// Version 3.3 asserts where a file is wrong ("[[["), rather than only where it is wrong itself. An
// abort is no answer to that; an exception unwinds its parser as its own errors do.
namespace siploom::admin {
struct TomlAssertion {};
[[noreturn]] static void toml_assertion_failed() { throw TomlAssertion{}; }
}  // namespace siploom::admin
#undef NDEBUG
#define TOML_ASSERT(expr) \
  (static_cast<bool>(expr) ? static_cast<void>(0) : siploom::admin::toml_assertion_failed())
#define TOML_HEADER_ONLY 1
#include <fmt/format.h>
#include <toml++/toml.h>

#include "admin/setting_list.h"
#include "base/text.h"

namespace siploom::admin {

namespace {

constexpr int kMaxTomlDepth = 8;  // settings stand at the second
constexpr size_t kMaxValues = 1'000;

// The text of what is no array or table; nothing when no setting is written so.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  return std::nullopt;
}

void read_array(const toml::array& array, FileValue& out) {
  for (const toml::node& item : array) {
    const auto text = scalar_text(item);
    if (!text) {
      out.problem = "a list holds texts or numbers";
    } else if (text->find(',') != std::string::npos) {
      out.problem = fmt::format("\"{}\": no item may hold a comma", printable(*text));
    } else {
      out.text.append(out.text.empty() ? "" : ",").append(*text);
    }
  }
}

void read_table(const toml::table& table, const std::string& section, int depth,
                std::vector<FileValue>& out) {
  for (const auto& [key, node] : table) {
    if (out.size() >= kMaxValues) return;
    FileValue value;
    value.key = section.empty() ? std::string(key.str()) : section + "." + std::string(key.str());
    value.line = key.source().begin.line;
    if (const auto* inner = node.as_table(); inner != nullptr && depth < kMaxTomlDepth) {
      read_table(*inner, value.key, depth + 1, out);
      continue;
    }
    if (const auto* array = node.as_array()) {
      read_array(*array, value);
    } else if (auto text = scalar_text(node)) {
      value.text = std::move(*text);
    } else {
      value.problem = "a text, number, truth or list is needed";
    }
    out.push_back(std::move(value));
  }
}

}  // namespace

Result<std::vector<FileValue>> read_toml(std::string_view text, std::string_view file_name) {
  try {
    std::vector<FileValue> out;
    read_table(toml::parse(text), "", 1, out);
    return out;
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(ErrorCode::Malformed, fmt::format("{}:{}:{}: {}", file_name, at.line, at.column,
                                                  printable(error.description())));
  } catch (const TomlAssertion&) {
    return fail(
        ErrorCode::Malformed,
        fmt::format("{}: no TOML; a bracket, quote or number is written wrongly", file_name));
  } catch (const std::exception& error) {  // no memory
    return fail(ErrorCode::Malformed, fmt::format("{}: {}", file_name, error.what()));
  }
}

}  // namespace siploom::admin

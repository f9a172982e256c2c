#include "registry/fields.h"

#include <doctest/doctest.h>

#include <cctype>
#include <set>

#include "base/text.h"

using namespace siploom;
using namespace siploom::registry;

namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end != 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

TEST_CASE("no name or alias stands for two fields, and each finds its own") {
  std::set<std::string> seen;
  for (const FieldInfo& field : fields()) {
    INFO(field.name);
    CHECK(seen.insert(lower_case(field.name)).second);
    CHECK(find_field(field.name) == &info(field.id));
    CHECK(find_field(lower_case(field.name)) == &info(field.id));
    for (const std::string& alias : words(field.aliases)) {
      INFO(alias);
      if (lower_case(alias) != lower_case(field.name)) CHECK(seen.insert(lower_case(alias)).second);
      CHECK(find_field(alias) == &info(field.id));
    }
  }
}

TEST_CASE("every field says what it is") {
  for (const FieldInfo& field : fields()) {
    INFO(field.name);
    CHECK_FALSE(field.help.empty());
    CHECK((field.type == Type::Enumeration) == !field.choices.empty());
  }
}

TEST_CASE("the names that other tools use") {
  CHECK(find_field("sip.Call-ID")->name == "call_id");
  CHECK(find_field("sip.Method")->name == "method");
  CHECK(find_field("ip.src") != nullptr);
  CHECK(find_field("nonsense") == nullptr);
  CHECK(find_field("") == nullptr);
}

TEST_CASE("a slip of the finger is set right") {
  CHECK(nearest_fields("methd").front() == "method");
  CHECK(nearest_fields("call.durration").front() == "call.duration");
  CHECK(nearest_fields("form.user").front() == "from.user");
  CHECK(nearest_fields("from.user", 1).size() == 1);
}

// The filter language: what compiles, prints, and compiles again to the same.
#include "query/filter.h"
#include "seeds.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  return {"method == INVITE and from.user ~ \"^415\" and status >= 400 and src in 10.0.0.0/8",
          "call.duration < 5s and any(status >= 500) or not has diversion",
          "header[\"X-Trunk\"] in {\"a\", b} and time >= 2026-11-21T01:00:00Z \"text\" word",
          "status in {200, 400..499} and (src == [2001:db8::1]:5060 || !(dst != 1.2.3.4))"};
}
}  // namespace siploom::fuzz

using namespace siploom;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source = as_text({data, size});
  for (const auto scope : {registry::Scope::Message, registry::Scope::Call}) {
    auto filter = query::Filter::compile(source, scope);
    if (!filter) {
      fuzz::require(!filter.error().message.empty(), "an error says something");
      continue;
    }
    const std::string text = filter->text();
    auto again = query::Filter::compile(text, scope);
    fuzz::require(again.has_value(), "a printed filter compiles");
    fuzz::require(again->text() == text, "and is the same");
  }
  return 0;
}

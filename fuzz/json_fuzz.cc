#include "base/bytes.h"
#include "seeds.h"
#include "wire/bencode/bencode.h"
#include "wire/json/json.h"

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  return {"{\"a\":[1,-2.5e1,\"x\\u00e4\\n\",true,false,null,{}],\"b\":{\"c\":\"d\"}}",
          "{a:\"1\" \"b\":nan,,}]",
          "[[[[[[[[[[]]]]]]]]]]",
          "\"\\ud83d\\ude00\\ud800\"",
          "d7:command5:offer4:listl1:ai-7ee3:mapd1:kd1:xi1eeee",
          "ll1:ai99999999999999999999ee"};
}
}  // namespace siploom::fuzz

using namespace siploom;

namespace {

// Every node once: siblings and children end.
void walk(tree::Value value, std::string_view text, size_t& left) {
  std::string scratch;
  for (tree::Value child = value.first(); child; child = child.next()) {
    fuzz::require(left-- > 0, "no more values than nodes");
    fuzz::require(fuzz::within(child.raw(), text), "value within the text");
    fuzz::require(fuzz::within(child.raw_name(), text), "name within the text");
    fuzz::require(child.text(scratch).size() <= text.size(), "no text grows");
    child.number();
    child.integer();
    walk(child, text, left);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = as_text(ByteSpan(data, size));
  tree::Tree tree;
  for (const bool bencoded : {false, true}) {
    if (!(bencoded ? bencode::parse(text, tree) : json::parse(text, tree))) continue;
    size_t left = tree::kMaxNodes;
    walk(tree.root(), text, left);
    tree.root().member("a", tree::Case::Any);
    fuzz::require(fuzz::within(tree.trailing(), text), "the rest within the text");
  }
  return 0;
}

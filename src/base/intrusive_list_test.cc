#include "base/intrusive_list.h"

#include <doctest/doctest.h>

#include <memory>

namespace siploom {

namespace {
struct Item {
  int number = 0;
  ListLink<Item> by_use;
};
using Items = IntrusiveList<Item, &Item::by_use>;
}  // namespace

TEST_CASE("an intrusive list keeps the order of use") {
  Items items;
  CHECK(items.empty());
  Item a{1, {}}, b{2, {}}, c{3, {}};
  for (Item* item : {&a, &b, &c}) items.push_back(*item);
  CHECK(items.front() == &a);
  items.push_back(a);
  CHECK(items.front() == &b);
  b.by_use.unlink();
  CHECK_FALSE(b.by_use.linked());
  CHECK(items.front() == &c);
  c.by_use.unlink();
  CHECK(items.front() == &a);
}

TEST_CASE("who dies leaves the list, and a list that dies lets go") {
  Item stays{1, {}};
  {
    Items items;
    auto goes = std::make_unique<Item>();
    items.push_back(*goes);
    items.push_back(stays);
    goes.reset();
    CHECK(items.front() == &stays);
  }
  CHECK_FALSE(stays.by_use.linked());
}

}  // namespace siploom

#include "admin/aliases.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <thread>

#include "admin/text_rules.h"
#include "support/admin_bench.h"

using namespace siploom;
using namespace siploom::admin;
using siploom::admin::test::Bench;

namespace {

Alias alias(std::string_view block, std::string name, std::optional<uint16_t> port = {},
            std::optional<uint32_t> agent = {}) {
  return {0, *parse_block(block, ""), port, agent, std::move(name), ""};
}

std::string name_of(const AliasTable& table, std::string_view endpoint, uint32_t agent = 0) {
  const Alias* found = table.find(*parse_endpoint(endpoint), agent);
  return found == nullptr ? "" : found->name;
}

std::string wrong_csv(std::string_view text) {
  const auto file = parse_alias_csv(text);
  return file ? "" : file.error().message;
}

// By the words of the header, one alias after the other.
const Alias* naive(const std::vector<Alias>& aliases, const Endpoint& at, uint32_t agent) {
  const Alias* best = nullptr;
  const auto rank = [](const Alias& a) {
    return a.block.prefix_bits * 4 + (a.port ? 2 : 0) + (a.agent ? 1 : 0);
  };
  for (const Alias& each : aliases) {
    if (!each.block.contains(at.address) || (each.port && *each.port != at.port) ||
        (each.agent && *each.agent != agent))
      continue;
    if (best == nullptr || rank(each) > rank(*best)) best = &each;
  }
  return best;
}

}  // namespace

TEST_CASE("the longest prefix wins, then port, then agent") {
  const AliasTable table({alias("0.0.0.0/0", "world"), alias("10.0.0.0/8", "inside"),
                          alias("10.0.0.0/8", "inside-5060", 5060), alias("10.1.0.0/16", "site"),
                          alias("10.1.0.1", "sbc"), alias("10.1.0.1", "sbc-7", {}, 7),
                          alias("10.1.0.1", "sbc-tls", 5061),
                          alias("10.1.0.1", "sbc-tls-7", 5061, 7), alias("2001:db8::/32", "six")});
  CHECK(name_of(table, "192.0.2.1:5060") == "world");
  CHECK(name_of(table, "10.9.9.9:1") == "inside");
  CHECK(name_of(table, "10.9.9.9:5060") == "inside-5060");
  CHECK(name_of(table, "10.1.9.9:5060") == "site");
  CHECK(name_of(table, "10.1.0.1:5060") == "sbc");
  CHECK(name_of(table, "10.1.0.1:5060", 7) == "sbc-7");
  CHECK(name_of(table, "10.1.0.1:5061", 8) == "sbc-tls");
  CHECK(name_of(table, "10.1.0.1:5061", 7) == "sbc-tls-7");
  CHECK(name_of(table, "[2001:db8::1]:5060") == "six");
  CHECK(name_of(table, "[2001:db9::1]:5060").empty());
  CHECK(AliasTable().find({}) == nullptr);
}

TEST_CASE("the table answers as a plain search does") {
  CHECK(rc::check([] {
    const auto octet = [] { return *rc::gen::elementOf(std::vector<uint8_t>{0, 1, 10, 127, 255}); };
    const auto address = [&] {
      if (*rc::gen::arbitrary<bool>()) {
        const uint8_t four[4] = {10, octet(), octet(), octet()};
        return IpAddress::v4(four);
      }
      uint8_t sixteen[16] = {0x20, 1, octet(), octet()};
      sixteen[15] = octet();
      return IpAddress::v6(sixteen);
    };
    std::vector<Alias> aliases;
    const int count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
      Alias each;
      const IpAddress at = address();
      each.block.prefix_bits = static_cast<uint8_t>(*rc::gen::inRange(at.is_v4() ? 96 : 0, 129));
      each.block.network = masked(at, each.block.prefix_bits);
      if (*rc::gen::arbitrary<bool>()) each.port = static_cast<uint16_t>(*rc::gen::inRange(0, 3));
      if (*rc::gen::arbitrary<bool>()) each.agent = static_cast<uint32_t>(*rc::gen::inRange(0, 3));
      const bool there = std::any_of(aliases.begin(), aliases.end(),
                                     [&](const Alias& a) { return a.same_place(each); });
      each.id = i;
      if (!there) aliases.push_back(each);
    }
    const AliasTable table(aliases);
    for (int i = 0; i < 30; ++i) {
      const Endpoint at{address(), static_cast<uint16_t>(*rc::gen::inRange(0, 3))};
      const auto agent = static_cast<uint32_t>(*rc::gen::inRange(0, 3));
      const Alias *found = table.find(at, agent), *expected = naive(aliases, at, agent);
      RC_ASSERT((found == nullptr) == (expected == nullptr));
      if (found != nullptr) RC_ASSERT(found->id == expected->id);
    }
  }));
}

TEST_CASE("masks in every notation") {
  const auto bits = [](std::string_view address, std::string_view mask) {
    const auto block = parse_block(address, mask);
    return block ? format_cidr(*block) : block.error().message;
  };
  CHECK(bits("10.1.2.3", "") == "10.1.2.3");
  CHECK(bits("10.1.2.3", "8") == "10.0.0.0/8");
  CHECK(bits("10.1.2.3", "/8") == "10.0.0.0/8");
  CHECK(bits("10.1.2.3/8", "") == "10.0.0.0/8");
  CHECK(bits(" 10.1.2.3 ", "255.255.0.0") == "10.1.0.0/16");
  CHECK(bits("10.1.2.3", "0.0.0.0") == "0.0.0.0/0");
  CHECK(bits("2001:db8::5", "32") == "2001:db8::/32");
  for (const auto& [address, mask] : {std::pair{"10.0.0.1", "33"},
                                      {"10.0.0.1", "255.0.255.0"},
                                      {"::1", "129"},
                                      {"x", "8"},
                                      {"", ""},
                                      {"10.0.0.1/8", "8"},
                                      {"10.0.0.1", "-1"},
                                      {"::1", "255.0.0.0"}}) {
    CAPTURE(address);
    CAPTURE(mask);
    CHECK_FALSE(parse_block(address, mask));
  }
}

TEST_CASE("CSV with and without a header, and HOMER's columns") {
  const auto plain =
      parse_alias_csv("10.0.0.1,,5060,proxy\n\n10.0.0.0,8,,\"in, \"\"side\"\"\",7,why\r\n");
  REQUIRE(plain);
  REQUIRE(plain->aliases.size() == 2);
  CHECK(plain->aliases[0].alias.port == uint16_t{5060});
  CHECK(plain->aliases[1].alias.name == "in, \"side\"");
  CHECK(plain->aliases[1].alias.agent == 7u);
  CHECK(plain->aliases[1].line == 3);
  const auto homer = parse_alias_csv(
      "\xEF\xBB\xBFguid,Alias,IP,Port,Mask,captureID,status\nx,sbc,10.0.0.9,0,32,0,true\n"
      "y,old,10.0.0.8,0,32,0,false\n");
  REQUIRE(homer);
  REQUIRE(homer->aliases.size() == 1);
  CHECK(homer->switched_off == 1);
  CHECK_FALSE(homer->aliases[0].alias.port);
  CHECK_FALSE(homer->aliases[0].alias.agent);
  // The API's own name of it.
  const auto block = parse_alias_csv("name,block,port\nsbc,10.0.0.0/8,\nedge,192.0.2.1,5060\n");
  REQUIRE_MESSAGE(block.has_value(), (block ? "" : block.error().message));
  REQUIRE(block->aliases.size() == 2);
  CHECK(block->aliases[0].alias.block == *parse_block("10.0.0.0", "8"));
  CHECK_FALSE(parse_alias_csv("name,block,address\nsbc,10.0.0.0/8,10.0.0.0\n"));
  CHECK(parse_alias_csv("")->aliases.empty());
}

TEST_CASE("errors in CSV name line and column") {
  CHECK(wrong_csv("10.0.0.1,,,a\n10.0.0.300,,,b\n") ==
        "line 2, column 1: \"10.0.0.300\" is no IPv4 or IPv6 address");
  CHECK(wrong_csv("10.0.0.1,99,,a") ==
        "line 1, column 10: \"99\" is no mask: 0 to 32, or one "
        "such as 255.255.255.0");
  CHECK(wrong_csv("10.0.0.1,,70000,a") == "line 1, column 11: \"70000\" is no port");
  CHECK(wrong_csv("10.0.0.1,,,").find("line 1, column 12: name:") == 0);
  CHECK(wrong_csv("10.0.0.1,,,a,b,c,d").find("line 1, column 18: more cells") == 0);
  CHECK(wrong_csv("10.0.0.1,,,\"a\nb") == "line 1, column 12: the quote is not closed");
  CHECK(wrong_csv("10.0.0.1,,,\"a\nb\",,,x").find("line 2, column 6: more cells") == 0);
  CHECK(wrong_csv("10.0.0.1,,,a\"b").find("line 1, column 13: a quote inside") == 0);
  CHECK(wrong_csv("address,nam\n").find("line 1, column 9: no column is called nam") == 0);
  CHECK(wrong_csv("address,mask\n").find("the column name is missing") != std::string::npos);
  CHECK(wrong_csv("address,ip,name\n").find("stands twice") != std::string::npos);
  CHECK_FALSE(parse_alias_csv(std::string(1 << 20, ',')));
  CHECK_FALSE(parse_alias_csv("10.0.0.1,,," + std::string(1 << 20, 'x')));
  CHECK_FALSE(parse_alias_csv(std::string("10.0.0.1,,,a\0b", 14)));
  CHECK_FALSE(parse_alias_csv("10.0.0.1,,,a\xFF"));
}

TEST_CASE("what is written as CSV is read back the same") {
  CHECK(rc::check([] {
    std::vector<Alias> aliases;
    const int count = *rc::gen::inRange(0, 10);
    for (int i = 0; i < count; ++i) {
      const auto any =
          *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab=+-@'\",; 0")));
      const std::string text = any.substr(0, kMaxNameLetters - 2);
      Alias each = alias(i % 2 == 0 ? "10.0.0.0/9" : "2001:db8::/33", "x" + text + "y");
      if (i % 3 == 0) each.name = "=" + text + "y";
      if (i % 3 == 1) each.name = "'" + text + "y";
      if (i % 2 == 0) each.port = static_cast<uint16_t>(i + 1);
      aliases.push_back(each);
    }
    const auto file = parse_alias_csv(write_alias_csv(aliases));
    RC_ASSERT(file.has_value());
    RC_ASSERT(file->aliases.size() == aliases.size());
    for (size_t i = 0; i < aliases.size(); ++i) {
      RC_ASSERT(file->aliases[i].alias.name == aliases[i].name);
      RC_ASSERT(file->aliases[i].alias.same_place(aliases[i]));
    }
  }));
}

TEST_CASE("no text crashes the readers") {
  CHECK(rc::check([](const std::string& text) {
    static_cast<void>(parse_alias_csv(text));
    static_cast<void>(parse_homer_aliases(text));
    static_cast<void>(parse_homer_aliases("[{\"ip\":" + text + "}]"));
  }));
}

TEST_CASE("HOMER's JSON") {
  const auto file = parse_homer_aliases(
      R"({"data":[{"guid":"a","alias":"sbc","ip":"10.0.0.1","port":5060,"mask":32,"captureID":"0",
          "status":true},{"alias":"net","ip":"10.0.0.5","port":"0","mask":24,"captureID":"2001"},
          {"alias":"off","ip":"bad","status":false}]})");
  REQUIRE(file);
  REQUIRE(file->aliases.size() == 2);
  CHECK(file->switched_off == 1);
  CHECK(file->aliases[0].alias.port == uint16_t{5060});
  CHECK(format_cidr(file->aliases[1].alias.block) == "10.0.0.0/24");
  CHECK(file->aliases[1].alias.agent == 2001u);
  CHECK(parse_homer_aliases("[]")->aliases.empty());
  CHECK(parse_homer_aliases(R"([{"alias":"a","ip":"x"}])").error().message ==
        "alias 1, ip: \"x\" is no IPv4 or IPv6 address");
  for (const char* text : {"", "{", "{}", "[1]", "7", "[{\"ip\":{}}]", "{\"data\":7}"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_homer_aliases(text));
  }
  CHECK_FALSE(parse_homer_aliases(std::string(100'000, '[')));
}

TEST_CASE("the store keeps them and publishes a table") {
  Bench bench;
  Aliases store(*bench.database);
  REQUIRE(store.load());
  const auto before = store.table();
  const auto made = store.add({0, {*parse_ip("10.1.2.3"), 104}, {}, {}, "net", "n"});
  REQUIRE(made);
  CHECK(format_cidr(made->block) == "10.0.0.0/8");
  CHECK(before->size() == 0);  // who has the old one keeps it
  CHECK(name_of(*store.table(), "10.5.5.5:1") == "net");
  CHECK_FALSE(store.add(alias("10.0.0.0/8", "other")));
  CHECK_FALSE(store.add(alias("10.0.0.1", std::string(1 << 20, 'x'))));
  CHECK_FALSE(store.add(alias("10.0.0.1", "")));
  Alias changed = *made;
  changed.name = "renamed";
  REQUIRE(store.change(changed));
  CHECK(name_of(*store.table(), "10.5.5.5:1") == "renamed");
  changed.id = 99;
  CHECK_FALSE(store.change(changed));
  bench.open();
  Aliases again(*bench.database);
  REQUIRE(again.load());
  CHECK(name_of(*again.table(), "10.5.5.5:1") == "renamed");
  REQUIRE(again.remove(made->id));
  CHECK(again.remove(made->id).error().code == ErrorCode::NotFound);
  CHECK(again.table()->size() == 0);
}

TEST_CASE("an import reports duplicates and is whole or not at all") {
  Bench bench;
  Aliases store(*bench.database);
  REQUIRE(store.add(alias("10.0.0.1", "kept")));
  const auto file =
      parse_alias_csv("10.0.0.1,,,other\n10.0.0.2,,,two\n10.0.0.2,32,,again\n10.0.0.3,,,three\n");
  REQUIRE(file);
  auto done = store.import_file(*file);
  REQUIRE(done);
  CHECK(done->added == 2);
  REQUIRE(done->duplicates.size() == 2);
  CHECK(done->duplicates[0].line == 1);
  CHECK(done->duplicates[0].kept_name == "kept");
  CHECK(done->duplicates[1].line == 3);
  CHECK(done->duplicates[1].first_line == 2);
  CHECK(name_of(*store.table(), "10.0.0.1:1") == "kept");
  done = store.import_file(*file, Existing::Replace);
  REQUIRE(done);
  CHECK(done->replaced == 1);
  CHECK(done->unchanged == 2);
  CHECK(name_of(*store.table(), "10.0.0.1:1") == "other");
  AliasFile large;
  for (uint32_t i = 0; i <= kMaxAliases; ++i)
    large.aliases.push_back({{0, {IpAddress::v4(0x0B000000u + i), 128}, {}, {}, "x", ""}, i});
  CHECK(store.import_file(large).error().code == ErrorCode::LimitExceeded);
  large.aliases.pop_back();
  CHECK(store.import_file(large).error().code == ErrorCode::LimitExceeded);  // with the three
  CHECK(store.table()->size() == 3);
  CHECK(store.list({2, std::nullopt})->rows.size() == 2);
  CHECK(store.list({2, store.list({2, std::nullopt})->next})->rows.size() == 1);
}

TEST_CASE("the table is asked while it is changed") {
  Bench bench;
  Aliases store(*bench.database);
  std::thread writer([&] {
    for (uint32_t i = 0; i < 30; ++i)
      CHECK(store.add({0, {IpAddress::v4(0x0A000000u + i), 128}, {}, {}, "x", ""}));
  });
  for (int i = 0; i < 300; ++i) {
    const auto table = store.table();
    if (table->size() > 0) CHECK(name_of(*table, "10.0.0.0:5060") == "x");
  }
  writer.join();
  CHECK(store.table()->size() == 30);
}

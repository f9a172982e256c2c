#include "base/text.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/find.h"

using namespace siploom;

TEST_CASE("case and blanks") {
  CHECK(iequals("Call-ID", "CALL-id"));
  CHECK_FALSE(iequals("Call-ID", "Call-I"));
  CHECK(istarts_with("Content-Type", "content-"));
  CHECK(find_any_case("a Via: b", "VIA") == 2);
  CHECK(find_any_case("abc", "abcd") == std::string_view::npos);
  CHECK(trim(" \t\r\n a b \n") == "a b");
  CHECK(trim("   ").empty());
}

TEST_CASE("numbers are whole or nothing") {
  CHECK(parse_number<uint16_t>("5060") == 5060);
  CHECK_FALSE(parse_number<uint16_t>("65536"));
  CHECK_FALSE(parse_number<uint32_t>("12a"));
  CHECK_FALSE(parse_number<uint32_t>(""));
  CHECK_FALSE(parse_number<uint32_t>("-1"));
  CHECK(parse_number<double>("1.5") == 1.5);
  CHECK(parse_number<int>("ff", 16) == 255);
}

TEST_CASE("lines end in CRLF, LF or the end") {
  std::string_view rest = "a\r\nb\nc";
  CHECK(take_line(rest) == "a");
  CHECK(take_line(rest) == "b");
  CHECK(take_line(rest) == "c");
  CHECK(rest.empty());
}

TEST_CASE("UTF-8 is checked as RFC 3629 has it") {
  CHECK(is_utf8("plain"));
  CHECK(is_utf8("Grüße, 世界, 😀"));
  CHECK_FALSE(is_utf8("\xC0\x80"));          // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // a surrogate
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_utf8("\xE2\x82"));          // cut
}

TEST_CASE("widths count columns, not octets") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("Grüße") == 5);
  CHECK(display_width("世界") == 4);
  CHECK(fit_width("abcdef", 4) == "abc…");
  CHECK(fit_width("abc", 3) == "abc");
  CHECK(display_width(fit_width("世界世界", 5)) <= 5);
  CHECK(fit_width("abc", 0).empty());
}

TEST_CASE("nothing from the network reaches the terminal as a control sequence") {
  CHECK(printable("a\x1b[31mb") == "a\\x1b[31mb");
  CHECK(printable("a\xC2\x9B"
                  "b") ==
        "a\xEF\xBF\xBD"
        "b");  // C1 CSI in UTF-8
  CHECK(printable("ü\tx") == "ü\tx");
  CHECK(rc::check("printable() gives UTF-8 without controls", [](const std::string& any) {
    const std::string out = printable(any);
    RC_ASSERT(is_utf8(out));
    for (const char c : out) {
      RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n');
    }
  }));
}

TEST_CASE("base64 of RFC 4648 10") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(decode_base64("Zg==") == "f");
  CHECK(decode_base64("Zg") == "f");
  CHECK_FALSE(decode_base64("Z"));
  CHECK_FALSE(decode_base64("Zm9v!"));
  CHECK(rc::check("what was encoded comes back", [](const std::string& octets) {
    return decode_base64(base64(octets)) == octets;
  }));
}

TEST_CASE("text is mended to UTF-8, and never what was good") {
  CHECK(to_utf8("caf\xC3\xA9") == "caf\xC3\xA9");
  CHECK(to_utf8("caf\xE9!") == "caf\xEF\xBF\xBD!");
  const std::string_view nul("a\0b", 3);
  CHECK(to_utf8(nul) == nul);
  CHECK(to_utf8(nul, true) ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(rc::check("any octets become UTF-8", [](const std::string& octets) {
    const std::string text = to_utf8(octets, true);
    return is_utf8(text) && text.find('\0') == std::string::npos &&
           (!is_utf8(octets) || to_utf8(octets) == octets);
  }));
  for (const uint32_t c : {0x24u, 0xE9u, 0x20ACu, 0x1F4DEu}) {
    std::string text;
    append_utf8(text, c);
    CHECK(is_utf8(text));
    CHECK(display_width(text) >= 1);
  }
}

TEST_CASE("sizes") {
  CHECK(parse_size("512MiB") == 512u << 20);
  CHECK(parse_size("5GB") == 5'000'000'000);
  CHECK(parse_size("1.5k") == 1536);
  CHECK(parse_size("2kB") == 2000);
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("7 b") == 7);
  for (const char* text : {"", "GB", "1XB", "-1", "1e300", "9999999TB", "1 2", "1kib5", "1bb"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("edit distance counts a transposition once") {
  CHECK(edit_distance("status", "status") == 0);
  CHECK(edit_distance("from.usr", "from.user") == 1);
  CHECK(edit_distance("stauts", "status") == 1);
  CHECK(edit_distance("abc", "xyzuvw") == 6);
}

TEST_CASE("plain ASCII is known at any length and place") {
  CHECK(is_plain_ascii(""));
  for (const size_t size : {1u, 7u, 15u, 16u, 17u, 64u, 100u}) {
    std::string text(size, 'a');
    CHECK(is_plain_ascii(text));
    for (size_t i = 0; i < size; ++i) {
      for (const char c : {'\0', '\x80', '\xFF'}) {
        text[i] = c;
        CHECK_FALSE(is_plain_ascii(text));
      }
      text[i] = '\x7F';
    }
    CHECK(is_plain_ascii(text));
  }
}

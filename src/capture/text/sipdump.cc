// Kamailio's sipdump module.
//
//   ====================
//   tag: rcv
//   time: 1513947863.123456
//   proto: udp ipv4
//   srcip: 10.0.0.1
//   srcport: 5060
//   dstip: 10.0.0.2
//   dstport: 5060
//   ~~~~~~~~~~~~~~~~~~~~
//   ...
//   ||||||||||||||||||||
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

constexpr size_t kMostFields = 24;

class Sipdump final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    if (!at.line().starts_with("====") || !is_ruler(at.line()) ||
        !at.peek(1).starts_with("tag: ")) {
      return std::nullopt;
    }
    LogHeading out;
    LineCursor field = at;
    for (out.lines = 1; out.lines < kMostFields; ++out.lines) {
      field.next();
      if (field.line().starts_with("~~~~")) break;
      read_field(field.line(), out);
    }
    ++out.lines;
    return out.src.known() && out.dst.known() ? std::optional(out) : std::nullopt;
  }

  bool ends(std::string_view line) const override { return line.starts_with("||||||||"); }

 private:
  static void read_field(std::string_view line, LogHeading& out) {
    const Halves field = split_once(line, ':');
    const std::string_view value = trim(field.after);
    if (field.before == "time") {
      out.time = find_time(value);
    } else if (field.before == "proto") {
      out.transport = transport_named(value.substr(0, value.find(' ')));
    } else if (field.before == "srcip") {
      out.src.host = value;
    } else if (field.before == "dstip") {
      out.dst.host = value;
    } else if (field.before == "srcport") {
      out.src.port = parse_number<uint16_t>(value).value_or(0);
    } else if (field.before == "dstport") {
      out.dst.port = parse_number<uint16_t>(value).value_or(0);
    }
  }
};

}  // namespace

std::unique_ptr<Dialect> make_sipdump() { return std::make_unique<Sipdump>(); }

}  // namespace siploom::capture::dump

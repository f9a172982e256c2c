#include "capture/text/clock.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace siploom::capture::dump {
namespace {

// Reads fixed pieces of a time; a piece that is not there makes it bad for good.
class Scanner final {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  size_t used() const { return at_; }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void take() { ++at_; }
  bool skip_if(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) { ok_ = skip_if(c) && ok_; }
  void blanks() {
    while (peek() == ' ') ++at_;
  }
  // A number of `least` to `most` digits, within `low` and `high`.
  int number(size_t least, size_t most, int low, int high) {
    int value = 0;
    size_t digits = 0;
    while (digits < most && is_digit(peek())) {
      value = value * 10 + (peek() - '0');
      ++at_;
      ++digits;
    }
    if (digits < least || is_digit(peek()) || value < low || value > high) ok_ = false;
    return value;
  }
  // Digits of a second after a point; more than nine are read and dropped.
  int fraction(int& digits) {
    int value = 0;
    digits = 0;
    for (; is_digit(peek()); ++at_, ++digits) {
      if (digits < 9) value = value * 10 + (peek() - '0');
    }
    for (int d = digits; d < 9; ++d) value *= 10;
    return value;
  }
  std::string_view rest() const { return text_.substr(std::min(at_, text_.size())); }
  void fail() { ok_ = false; }

 private:
  std::string_view text_;
  size_t at_ = 0;
  bool ok_ = true;
};

constexpr int kFirstYear = 1970, kLastYear = 2200;

void time_of_day(Scanner& in, TimeText& out) {
  out.civil.hour = in.number(1, 2, 0, 23);
  in.expect(':');
  out.civil.minute = in.number(2, 2, 0, 59);
  in.expect(':');
  out.civil.second = in.number(2, 2, 0, 60);
  const char point = in.peek();
  if ((point == '.' || point == ',' || point == ':') && is_digit(in.peek(1))) {
    in.take();
    out.civil.nanosecond = in.fraction(out.fraction_digits);
  }
}

// "Z", "+02:00", "-0500"; nanoseconds to take away.
Nanoseconds zone(Scanner& in) {
  const char sign = in.peek();
  if ((sign != '+' && sign != '-') || !is_digit(in.peek(1)) || !is_digit(in.peek(2))) {
    in.skip_if('Z');
    return 0;
  }
  in.take();
  const int hours = (in.peek() - '0') * 10 + (in.peek(1) - '0');
  in.take();
  in.take();
  in.skip_if(':');
  int minutes = 0;
  if (is_digit(in.peek()) && is_digit(in.peek(1))) {
    minutes = (in.peek() - '0') * 10 + (in.peek(1) - '0');
    in.take();
    in.take();
  }
  const Nanoseconds offset = hours * kHour + minutes * 60 * kSecond;
  return sign == '-' ? -offset : offset;
}

void dated(Scanner& in, TimeText& out) {
  if (!in.ok()) return;
  out.kind = TimeText::Kind::Dated;
  out.at = from_civil(out.civil) + -zone(in);
}

void year_first(Scanner& in, TimeText& out) {
  out.civil.year = in.number(4, 4, kFirstYear, kLastYear);
  const char separator = in.peek();
  if (separator != '-' && separator != '/') in.fail();
  in.take();
  out.civil.month = in.number(1, 2, 1, 12);
  in.expect(separator);
  out.civil.day = in.number(1, 2, 1, 31);
  if (!in.skip_if('T')) in.expect(' ');
  in.blanks();
  time_of_day(in, out);
  dated(in, out);
}

// Phones write the day first; where the second number is no month, the first one was.
void day_first(Scanner& in, TimeText& out) {
  out.civil.day = in.number(1, 2, 1, 31);
  in.expect('/');
  out.civil.month = in.number(1, 2, 1, 31);
  in.expect('/');
  out.civil.year = in.number(4, 4, kFirstYear, kLastYear);
  if (out.civil.month > 12) std::swap(out.civil.day, out.civil.month);
  if (out.civil.month > 12) in.fail();
  in.expect(' ');
  in.blanks();
  time_of_day(in, out);
  dated(in, out);
}

int month_named(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (istarts_with(text, kMonths[i])) return static_cast<int>(i) + 1;
  }
  return 0;
}

bool is_weekday(std::string_view text) {
  constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu",
                                                     "fri", "sat", "sun"};
  return std::any_of(kDays.begin(), kDays.end(),
                     [&](std::string_view day) { return istarts_with(text, day); });
}

void month_first(Scanner& in, TimeText& out) {
  if (is_weekday(in.rest())) {
    for (int i = 0; i < 3; ++i) in.take();
    in.skip_if(',');
    in.blanks();
  }
  out.civil.month = month_named(in.rest());
  if (out.civil.month == 0) return in.fail();
  for (int i = 0; i < 3; ++i) in.take();
  if (in.peek() != ' ') return in.fail();
  in.blanks();
  out.civil.day = in.number(1, 2, 1, 31);
  bool has_year = false;
  in.skip_if(',');
  in.blanks();
  if (is_digit(in.peek(3))) {
    out.civil.year = in.number(4, 4, kFirstYear, kLastYear);
    has_year = true;
    in.blanks();
  }
  time_of_day(in, out);
  if (!has_year && in.peek() == ' ' && is_digit(in.peek(1)) && is_digit(in.peek(4)) &&
      !is_alnum(in.peek(5)) && in.peek(5) != ':') {
    in.take();
    out.civil.year = in.number(4, 4, kFirstYear, kLastYear);
    has_year = true;
  }
  if (has_year) {
    dated(in, out);
  } else {
    out.kind = TimeText::Kind::MonthDay;
  }
}

void epoch(Scanner& in, TimeText& out) {
  int64_t seconds = 0;
  for (; is_digit(in.peek()) && seconds < 10'000'000'000; in.take()) {
    seconds = seconds * 10 + (in.peek() - '0');
  }
  in.expect('.');
  if (!is_digit(in.peek()) || seconds > 7'000'000'000) in.fail();
  if (!in.ok()) return;
  out.kind = TimeText::Kind::Dated;
  out.at = Timestamp{seconds * kSecond} + in.fraction(out.fraction_digits);
}

Nanoseconds since_midnight(const CivilTime& civil) {
  return civil.hour * kHour + (civil.minute * 60 + civil.second) * kSecond + civil.nanosecond;
}

}  // namespace

std::optional<TimeText> time_at(std::string_view text, size_t& used) {
  Scanner in(text);
  TimeText out;
  size_t digits = 0;
  while (digits < 11 && is_digit(in.peek(digits))) ++digits;
  const char after = in.peek(digits);
  if (digits == 4 && (after == '-' || after == '/')) {
    year_first(in, out);
  } else if ((digits == 1 || digits == 2) && after == '/') {
    day_first(in, out);
  } else if ((digits == 1 || digits == 2) && after == ':') {
    out.kind = TimeText::Kind::Clock;
    time_of_day(in, out);
  } else if ((digits == 9 || digits == 10) && after == '.') {
    epoch(in, out);
  } else if (digits == 0 && is_alpha(in.peek())) {
    month_first(in, out);
  } else {
    return std::nullopt;
  }
  if (!in.ok()) return std::nullopt;
  used = in.used();
  return out;
}

TimeText find_time(std::string_view line) {
  line = line.substr(0, 200);
  bool at_word = true;
  for (size_t i = 0; i < line.size(); ++i) {
    if (at_word && is_alnum(line[i])) {
      size_t used = 0;
      if (const auto time = time_at(line.substr(i), used)) return *time;
    }
    at_word = !is_alnum(line[i]) && line[i] != '.' && line[i] != ':' && line[i] != '-';
  }
  return {};
}

Timestamp TextClock::on_day(const CivilTime& civil) {
  const Nanoseconds now = since_midnight(civil);
  if (of_day_ >= 0 && now < of_day_ - kDay / 2) {
    day_ = day_ + kDay;
  } else if (of_day_ >= 0 && of_day_ < kHour && now > kDay - kHour && day_.ns >= kDay) {
    // A straggler from before the midnight that just passed; the day stays the new one.
    return Timestamp{day_.ns - kDay + now};
  }
  of_day_ = now;
  return day_ + now;
}

Timestamp TextClock::in_year(CivilTime civil) {
  if (month_ == 12 && civil.month == 1 && year_ < kLastYear) ++year_;
  month_ = civil.month;
  civil.year = year_;
  return from_civil(civil);
}

Timestamp TextClock::resolve(const TimeText& text) {
  const bool is_duration = text.kind == TimeText::Kind::Clock && clocks_ != Clocks::OfDay;
  const Nanoseconds duration = is_duration ? since_midnight(text.civil) : text.ns;
  Timestamp at = last_ + kMicrosecond;
  if (text.kind == TimeText::Kind::SinceStart || (is_duration && clocks_ == Clocks::SinceStart)) {
    at = Timestamp{duration};
  } else if (text.kind == TimeText::Kind::SinceBefore || is_duration) {
    at = Timestamp{std::max<Nanoseconds>(last_.ns, 0)} + duration;
  } else if (text.kind == TimeText::Kind::Clock) {
    at = on_day(text.civil);
  } else if (text.kind == TimeText::Kind::MonthDay) {
    at = in_year(text.civil);
  } else if (text.kind == TimeText::Kind::Dated) {
    at = text.at;
  }
  if (text.kind == TimeText::Kind::MonthDay || text.kind == TimeText::Kind::Dated) {
    const CivilTime civil = to_civil(at);
    year_ = civil.year;
    month_ = civil.month;
    of_day_ = since_midnight(civil);
    day_ = Timestamp{at.ns - of_day_};
  }
  // Sums of hostile durations stay within what a timestamp can hold.
  constexpr Timestamp kLast{7'000'000'000 * kSecond};
  last_ = std::min(std::max(at, Timestamp{0}), kLast);
  return last_;
}

void ClockJudge::see(const TimeText& text) {
  if (text.kind != TimeText::Kind::Clock || text.fraction_digits < 6) return;
  const Nanoseconds now = since_midnight(text.civil);
  if (!any_) starts_at_zero_ = now == 0;
  if (any_ && now < before_) went_down_ = true;
  any_ = true;
  before_ = now;
}

TextClock::Clocks ClockJudge::verdict() const {
  if (!starts_at_zero_) return TextClock::Clocks::OfDay;
  return went_down_ ? TextClock::Clocks::SinceBefore : TextClock::Clocks::SinceStart;
}

}  // namespace siploom::capture::dump

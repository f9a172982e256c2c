// Times as dumps write them, and what to make of the parts that they leave out.
//
// A time without zone is taken as UTC. A time of day without date belongs to the day last named, or
// to 1970-01-01; when it jumps back by more than half a day, midnight has passed. A date without
// year belongs to the year last named, or to 1972 (the first year after the epoch that has a 29
// February); from December to January the year goes up. A packet without time comes one microsecond
// after the one before it, so that the order of the text is kept.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace siploom::capture::dump {

struct TimeText {
  enum class Kind {
    None,         // the text gives none
    Clock,        // time of day
    MonthDay,     // without the year
    Dated,        // all of it, in `at`
    SinceStart,   // `ns` after the first packet
    SinceBefore,  // `ns` after the packet before
  };
  Kind kind = Kind::None;
  CivilTime civil;     // Clock, MonthDay
  Timestamp at;        // Dated
  Nanoseconds ns = 0;  // SinceStart, SinceBefore
  int fraction_digits = 0;
};

// The time at the beginning of `text`, and in `used` how much of it that took:
//   12:34:56[.,:]789   2026-01-02[ T]12:34:56.789[zone]   2026/01/02 ...   2/1/2026 12:34:56 (day
//   first) Jan  2 12:34:56.789   Jan 2, 2026 12:34:56   Fri Jan  2 12:34:56 2026 1700000000.123456
std::optional<TimeText> time_at(std::string_view text, size_t& used);
// The first time within the first 200 octets of `line`.
TimeText find_time(std::string_view line);

class TextClock final {
 public:
  // Times of day are really durations (tcpdump -ttt and -ttttt).
  enum class Clocks { OfDay, SinceStart, SinceBefore };
  explicit TextClock(Clocks clocks = Clocks::OfDay) : clocks_(clocks) {}

  Timestamp resolve(const TimeText& text);

 private:
  Timestamp on_day(const CivilTime& civil);
  Timestamp in_year(CivilTime civil);

  Clocks clocks_;
  Timestamp last_{-kMicrosecond};
  Timestamp day_;            // midnight before the last time of day
  Nanoseconds of_day_ = -1;  // the last one; -1: none yet
  int year_ = 1972, month_ = 0;
};

// Tells the three meanings of times of day apart: tcpdump's first duration is zero to the
// microsecond, durations since the packet before go up and down, those since the start never down.
class ClockJudge final {
 public:
  void see(const TimeText& text);
  TextClock::Clocks verdict() const;

 private:
  bool any_ = false, starts_at_zero_ = false, went_down_ = false;
  Nanoseconds before_ = 0;
};

}  // namespace siploom::capture::dump

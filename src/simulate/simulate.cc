#include "simulate/simulate.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "simulate/call_player.h"
#include "simulate/event_queue.h"
#include "simulate/scenarios.h"

namespace siploom::simulate {

namespace {

// The lines about calls, if they are wanted.
class CallLog final {
 public:
  static Result<std::unique_ptr<CallLog>> open(const std::string& path) {
    auto log = std::unique_ptr<CallLog>(new CallLog(path));
    if (path.empty()) return log;
    log->file_.reset(std::fopen(path.c_str(), "wb"));
    if (log->file_ == nullptr) return log->error();
    return log;
  }
  bool is_wanted() const { return file_ != nullptr; }
  void add(const CallPlayer& player, Nanoseconds now) {
    if (!is_wanted()) return;
    player.append_records(text_, now);
    if (text_.size() >= kFlushBytes) flush();
  }
  Result<void> finish() {
    if (!is_wanted()) return {};
    flush();
    std::FILE* const file = file_.release();
    if (std::fclose(file) != 0) failed_ = true;
    if (failed_) return error();
    return {};
  }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  static constexpr size_t kFlushBytes = 64 * 1024;

  explicit CallLog(const std::string& path) : path_(path) {}
  tl::unexpected<Error> error() const {
    return fail(ErrorCode::Io, "cannot write " + path_ + ": " + std::strerror(errno));
  }
  void flush() {
    if (std::fwrite(text_.data(), 1, text_.size(), file_.get()) != text_.size()) failed_ = true;
    text_.clear();
  }

  std::string path_, text_;
  std::unique_ptr<std::FILE, Closer> file_;
  bool failed_ = false;
};

// Which calls there are, and whose turn it is.
class Simulation final {
 public:
  Simulation(const Options& options, std::unique_ptr<capture::Writer> writer, Feed* feed,
             CallLog& log)
      : options_(options),
        settings_(make_settings(options)),
        feed_(feed),
        out_(std::move(writer), feed, options.linux_sll, truth_),
        log_(log),
        stage_{settings_, out_, truth_, {}, {}, {}},
        arrivals_(mix(options.seed, 0xA221)),
        mean_gap_(static_cast<Nanoseconds>(1e9 / options.rate)) {}

  Result<Truth> run();

 private:
  // Event 0 is the next arrival, event n the call in seat n - 1.
  struct Seat {
    std::unique_ptr<CallPlayer> player;
    bool taken = false;
    // Nothing comes any more, but it is open: whether it ended in a timeout depends on how long the
    // capture goes on.
    bool settling = false;
  };
  static constexpr Nanoseconds kSettle = 191 * kSecond;

  bool wants_more() const {
    if (options_.calls > 0 && begun_ >= options_.calls) return false;
    if (options_.messages > 0 && planned_.messages >= options_.messages) return false;
    return options_.packets == 0 || planned_.packets < options_.packets;
  }
  bool wait_until(Nanoseconds at) { return feed_ == nullptr || feed_->wait_until(at); }
  // What a clock on the wall shows.
  Nanoseconds wall(Nanoseconds at) const { return feed_ == nullptr ? at : feed_->wall(at); }
  void arrive(Nanoseconds now);
  void turn(uint32_t seat_number, Nanoseconds now);
  void leave(uint32_t seat_number, Nanoseconds now);
  uint32_t free_seat();

  const Options& options_;
  Settings settings_;
  Truth truth_;
  Feed* feed_;
  Output out_;
  CallLog& log_;
  Stage stage_;
  Rng arrivals_;
  Nanoseconds mean_gap_;
  EventQueue queue_;
  std::vector<Seat> seats_;
  std::vector<uint32_t> free_seats_;
  uint64_t begun_ = 0;
  CallPlayer::Amount planned_;  // of all calls begun
  uint64_t playing_ = 0;        // calls that will send something yet
  bool arriving_ = true;
};

uint32_t Simulation::free_seat() {
  if (free_seats_.empty()) {
    seats_.push_back({std::make_unique<CallPlayer>(), false, false});
    return static_cast<uint32_t>(seats_.size() - 1);
  }
  const uint32_t number = free_seats_.back();
  free_seats_.pop_back();
  return number;
}

void Simulation::arrive(Nanoseconds now) {
  if (!wants_more()) {
    arriving_ = false;
    return queue_.pop();
  }
  const uint64_t drawn = arrivals_.below(settings_.mix_ends.back());
  const auto slot = std::upper_bound(settings_.mix_ends.begin(), settings_.mix_ends.end(), drawn);
  const Scenario& scenario =
      all_scenarios()[settings_.mix[static_cast<size_t>(slot - settings_.mix_ends.begin())]];
  queue_.postpone_top(now + 1 + arrivals_.exponential(mean_gap_));

  const uint32_t number = free_seat();
  CallPlayer& player = *seats_[number].player;
  Script script(settings_, begun_++, now, player.plan());
  player.plan().scenario = scenario.name;
  scenario.write(script);
  script.finish();
  const Nanoseconds first = player.start(settings_);
  if (first == kNever) return free_seats_.push_back(number);
  const CallPlayer::Amount amount = player.planned(settings_);
  planned_.messages += amount.messages;
  planned_.packets += amount.packets;
  seats_[number].taken = true;
  ++playing_;
  queue_.push({std::max(first, now), number + 1});
}

void Simulation::leave(uint32_t number, Nanoseconds now) {
  Seat& seat = seats_[number];
  log_.add(*seat.player, wall(now));
  seat.taken = seat.settling = false;
  free_seats_.push_back(number);
  queue_.pop();
}

void Simulation::turn(uint32_t number, Nanoseconds now) {
  Seat& seat = seats_[number];
  if (seat.settling) return leave(number, now);
  const Nanoseconds next = seat.player->play(stage_, now);
  if (next != kNever) return queue_.postpone_top(next);
  --playing_;
  if (!log_.is_wanted() || !seat.player->is_open()) return leave(number, now);
  seat.settling = true;
  // Its end is told by clocks on walls, too, which may go slower than packet time.
  Nanoseconds settle = kSettle;
  while (wall(now + settle) - wall(now) < kSettle) settle *= 2;
  queue_.postpone_top(now + settle);
}

Result<Truth> Simulation::run() {
  const Nanoseconds begin = options_.start.ns;
  const Nanoseconds end = options_.duration > 0 ? begin + options_.duration : kNever;
  queue_.push({begin, 0});
  // Those that only wait to be settled are settled below, by the last time of the capture.
  while ((arriving_ || playing_ > 0) && out_.ok() && !queue_.empty()) {
    const Event event = queue_.top();
    if (!wait_until(std::min(event.at, end)) || event.at >= end) break;
    out_.advance(event.at);
    event.actor == 0 ? arrive(event.at) : turn(event.actor - 1, event.at);
  }
  SL_TRY_VOID(out_.finish());
  for (const Seat& seat : seats_) {
    if (seat.taken) log_.add(*seat.player, wall(out_.last_time()));
  }
  SL_TRY_VOID(log_.finish());
  return truth_;
}

}  // namespace

Result<Truth> run(const Options& options) {
  SL_TRY_VOID(check(options));
  const auto link = options.linux_sll ? capture::LinkType::LinuxSll : capture::LinkType::Ethernet;
  auto log = SL_TRY(CallLog::open(options.calls_path));
  auto writer = SL_TRY(capture::open_writer(options.output, options.format, link));
  Simulation simulation(options, std::move(writer), nullptr, *log);
  return simulation.run();
}

Result<Truth> run(const Options& options, Feed& feed) {
  SL_TRY_VOID(check(options));
  auto log = SL_TRY(CallLog::open(options.calls_path));
  Simulation simulation(options, nullptr, &feed, *log);
  Truth truth = SL_TRY(simulation.run());
  truth.rtp_packets = truth.rtp_streams = truth.rtp_copies = truth.rtp_lost = 0;
  return truth;
}

}  // namespace siploom::simulate

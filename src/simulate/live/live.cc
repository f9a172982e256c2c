#include "simulate/live/live.h"

#include <algorithm>

namespace siploom::simulate::live {

namespace {

constexpr Nanoseconds kLongestWait = 200 * kMillisecond;  // until Ctrl-C is seen at the latest
// Packets of media are due all the time: several at a go cost less. What is sent comes so much
// late.
constexpr Nanoseconds kShortestWait = 4 * kMillisecond;
constexpr Nanoseconds kPumpEvery = 1 * kMillisecond;
constexpr Nanoseconds kLinger = 2 * kSecond;
constexpr Nanoseconds kLingerStep = 2 * kMillisecond;

class Sender final : public Feed {
 public:
  Sender(const LiveOptions& live, Nodes& nodes, Clock& clock)
      : live_(live), nodes_(nodes), clock_(clock), begin_wall_(clock.wall().ns) {}

  Result<void> open();
  Nanoseconds begin_wall() const { return begin_wall_; }
  bool wait_until(Nanoseconds at) override;
  Nanoseconds wall(Nanoseconds at) const override;
  bool sip(const SeenSip& seen) override { return nodes_.sip(seen, wall(seen.step.at)); }
  void rtcp(const SeenReport& seen) override { nodes_.rtcp(seen, wall(seen.at)); }
  // Waits a little for what is on its way, and tells what was sent.
  Report finish();

 private:
  bool is_stopped() const {
    return live_.stop != nullptr && live_.stop->load(std::memory_order_relaxed);
  }
  void pump(Nanoseconds now);
  void wait(Nanoseconds now, Nanoseconds at_most);

  const LiveOptions& live_;
  Nodes& nodes_;
  Clock& clock_;
  Nanoseconds begin_wall_;
  Nanoseconds begin_ = 0;  // monotonic
  Nanoseconds pumped_ = 0, behind_max_ = 0;
  std::vector<Voice> voices_;  // of the destinations
  std::array<std::unique_ptr<Link>, kNodes> links_;
};

Result<void> Sender::open() {
  begin_ = clock_.monotonic();
  for (const Destination& each : live_.destinations) voices_.emplace_back(each.text(), live_.say);
  for (size_t i = 0; i < kNodes; ++i) {
    const size_t which = i % live_.destinations.size();
    links_[i] =
        std::make_unique<Link>(live_.destinations[which], live_.spool_bytes, voices_[which]);
    SL_TRY_VOID(links_[i]->open(begin_));
    nodes_.set_link(i, *links_[i]);
  }
  return {};
}

Nanoseconds Sender::wall(Nanoseconds at) const {
  if (live_.speed == 1) return at;
  return begin_wall_ +
         static_cast<Nanoseconds>(static_cast<double>(at - begin_wall_) / live_.speed);
}

void Sender::pump(Nanoseconds now) {
  pumped_ = now;
  for (auto& link : links_) link->pump(now);
}

void Sender::wait(Nanoseconds now, Nanoseconds at_most) {
  std::array<pollfd, kNodes> sockets;
  for (size_t i = 0; i < kNodes; ++i) {
    sockets[i] = links_[i]->wanted();
    if (const Nanoseconds next = links_[i]->next_pump(); next != Link::kNoPump) {
      at_most = std::min(at_most, std::max(next - now, kPumpEvery));
    }
  }
  clock_.wait(sockets, at_most);
}

bool Sender::wait_until(Nanoseconds at) {
  const Nanoseconds due = begin_ + (wall(at) - begin_wall_);
  for (;;) {
    if (is_stopped()) return false;
    const Nanoseconds now = clock_.monotonic();
    if (now >= due) {
      behind_max_ = std::max(behind_max_, now - due);
      if (now - pumped_ >= kPumpEvery) pump(now);
      return true;
    }
    pump(now);
    wait(now, std::clamp(due - now, kShortestWait, kLongestWait));
  }
}

Report Sender::finish() {
  Report report;
  Nanoseconds now = clock_.monotonic();
  report.took = now - begin_;
  const Nanoseconds last = now + kLinger;
  for (; now < last; now = clock_.monotonic()) {
    pump(now);
    const auto works = [](const auto& link) { return link->has_work(); };
    if (std::none_of(links_.begin(), links_.end(), works)) break;
    wait(now, kLingerStep);
  }
  report.begin_wall = begin_wall_;
  report.behind_max = behind_max_;
  for (size_t i = 0; i < kNodes; ++i) {
    links_[i]->finish();
    const Node& node = nodes_.nodes()[i];
    report.nodes.push_back({node.name, node.profile, links_[i]->destination().text(),
                            node.capture_id, node.unencodable, links_[i]->counters()});
  }
  return report;
}

}  // namespace

Result<LiveResult> run(Options options, const LiveOptions& live, Clock& clock) {
  if (live.destinations.empty() || live.destinations.size() > kMaxDestinations) {
    return fail(ErrorCode::InvalidArgument, "--hep: name one to three destinations");
  }
  if (!(live.speed >= 0.01 && live.speed <= kFastest)) {
    return fail(ErrorCode::InvalidArgument, "--speed: give 0.01 to 1000");
  }
  auto nodes = SL_TRY(Nodes::make(live.nodes));
  Sender sender(live, *nodes, clock);
  options.start.ns = sender.begin_wall();
  options.duration = static_cast<Nanoseconds>(static_cast<double>(options.duration) * live.speed);
  options.endless = true;
  options.mirror_percent = 0;
  SL_TRY_VOID(check(options));
  SL_TRY_VOID(sender.open());
  LiveResult out;
  out.truth = SL_TRY(simulate::run(options, sender));
  out.report = sender.finish();
  out.report.calls = out.truth.call_ids;
  out.truth.rtcp_packets = 0;
  for (const NodeReport& node : out.report.nodes) {
    for (const uint64_t count : node.link.sent) out.truth.hep_messages += count;
    out.truth.rtcp_packets += node.link.sent[static_cast<size_t>(Kind::Rtcp)];
  }
  return out;
}

}  // namespace siploom::simulate::live

#include "pipeline/relay/target.h"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/thread_name.h"

namespace siploom::pipeline::relay {

namespace {

constexpr Nanoseconds kPatience = 200 * kMillisecond;
constexpr Nanoseconds kConfirmEvery = 10 * kMillisecond;  // nothing tells of a confirmation

// A folder's name: "tcp-10.0.0.1-9060".
std::string folder_of(const RelayOptions& options, const Destination& to) {
  std::string name = to.text();
  for (char& c : name) {
    if (!is_alnum(c) && c != '.') c = '-';
  }
  return options.folder + "/" + name;
}

}  // namespace

Target::Target(const Destination& to, const RelayOptions& options,
               std::shared_ptr<const TlsTrust> trust)
    : to_(to),
      queue_bytes_(options.queue_bytes),
      clock_(*options.clock),
      notice_(options.notice),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      link_(to, std::move(trust)),
      spool_(folder_of(options, to), to.protocol == Protocol::Udp ? 0 : options.spool_bytes) {
  counters_.to = to.text();
}

Result<std::unique_ptr<Target>> Target::start(const Destination& to, const RelayOptions& options,
                                              std::shared_ptr<const TlsTrust> trust) {
  std::unique_ptr<Target> target(new Target(to, options, std::move(trust)));
  if (!target->wake_) return fail(ErrorCode::Io, "relay: no eventfd");
  if (target->spool_.is_enabled()) SL_TRY_VOID(target->spool_.open());
  target->publish();
  target->thread_ = std::thread([raw = target.get()] { raw->run(); });
  return target;
}

Target::~Target() {
  begin_stop();
  finish_stop();
}

void Target::begin_stop() {
  stopping_ = true;
  const uint64_t once = 1;
  static_cast<void>(!::write(wake_.get(), &once, sizeof once));
}

void Target::finish_stop() {
  if (thread_.joinable()) thread_.join();
}

void Target::push(std::span<const SharedMessage> messages) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = incoming_.empty();
    for (const SharedMessage& message : messages) {
      if (waiting_bytes_ + message->size() > queue_bytes_) {
        ++counters_.dropped;
        continue;
      }
      waiting_bytes_ += message->size();
      ++counters_.queued;
      counters_.queued_octets += message->size();
      incoming_.push_back(message);
    }
  }
  if (!was_empty) return;
  const uint64_t once = 1;
  // It fails only when it is full of wakings already.
  static_cast<void>(!::write(wake_.get(), &once, sizeof once));
}

TargetCounters Target::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Target::note(const std::string& error) {
  {
    const std::lock_guard lock(mutex_);
    counters_.last_error = error;
    counters_.last_error_at = clock_.wall();
  }
  if (!told_away_ && notice_) notice_(fmt::format("relay {}: {}", to_.text(), error));
  told_away_ = true;
}

void Target::publish() {
  const std::lock_guard lock(mutex_);
  counters_.connected = link_.is_open();
  counters_.reconnects = link_.connects() > 1 ? link_.connects() - 1 : 0;
  counters_.refused = link_.refused();
  counters_.spooled = spool_.messages();
  counters_.spooled_octets = spool_.octets();
  counters_.dropped += spool_.dropped() - spool_dropped_seen_;
  spool_dropped_seen_ = spool_.dropped();
}

void Target::take_in() {
  std::deque<SharedMessage> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(incoming_);
  }
  for (SharedMessage& message : taken) {
    pending_bytes_ += message->size();
    pending_.push_back(std::move(message));
  }
}

// What was written and may not have arrived goes out again, before everything else.
void Target::broke() {
  const uint64_t again = unconfirmed_.size();
  const size_t octets = unconfirmed_bytes_;
  while (!unconfirmed_.empty()) {
    first_.push_front(std::move(unconfirmed_.back().message));
    unconfirmed_.pop_back();
  }
  unconfirmed_bytes_ = 0;
  {
    const std::lock_guard lock(mutex_);
    counters_.resent += again;
    counters_.sent -= again;
    counters_.sent_octets -= octets;
    counters_.queued += again;
    counters_.queued_octets += octets;
  }
  note(link_.why());
}

void Target::pump(Nanoseconds now) {
  const bool was_open = link_.is_open();
  if (!link_.pump(now)) return broke();
  if (!was_open && link_.is_open() && told_away_) {
    told_away_ = false;
    if (notice_) notice_(fmt::format("relay {}: connected", to_.text()));
  }
}

// From disk into memory, beside what the queue's limit is about.
void Target::read_back() {
  size_t octets = 0;
  uint64_t messages = 0;
  const auto taken = spool_.take(kReadBackBytes, [&](ByteSpan message) {
    first_.push_back(std::make_shared<const std::string>(as_text(message)));
    octets += message.size();
    ++messages;
  });
  {
    const std::lock_guard lock(mutex_);
    counters_.queued += messages;
    counters_.queued_octets += octets;
  }
  if (!taken) note(taken.error().message);
}

SharedMessage Target::next() {
  if (first_.empty() && !spool_.is_empty()) read_back();
  std::deque<SharedMessage>& from = first_.empty() ? pending_ : first_;
  if (from.empty()) return nullptr;
  SharedMessage out = std::move(from.front());
  from.pop_front();
  if (&from == &pending_) pending_bytes_ -= out->size();
  return out;
}

void Target::release(Nanoseconds now) {
  const uint64_t confirmed = link_.confirmed();
  while (!unconfirmed_.empty() && unconfirmed_.front().end <= confirmed) {
    const Unconfirmed& oldest = unconfirmed_.front();
    const bool may_go = stopping_ || now - oldest.written_at >= kSettleFor ||
                        unconfirmed_bytes_ > kMaxSettlingBytes;
    if (!may_go) return;
    unconfirmed_bytes_ -= oldest.message->size();
    unconfirmed_.pop_front();
  }
}

void Target::send_stream(Nanoseconds now) {
  if (!link_.is_open()) return;
  release(now);
  uint64_t messages = 0;
  size_t octets = 0;
  const size_t pending_before = pending_bytes_;
  while (link_.is_open() && link_.has_room() && unconfirmed_bytes_ < kMaxUnconfirmedBytes &&
         octets < kTurnBytes) {
    SharedMessage message = next();
    if (message == nullptr) break;
    const uint64_t end = link_.write(*message);
    ++messages;
    octets += message->size();
    unconfirmed_bytes_ += message->size();
    unconfirmed_.push_back({std::move(message), end, now});
    // Whole buffers, rather than a write a message.
    if (!link_.has_room()) break;
  }
  {
    const std::lock_guard lock(mutex_);
    counters_.sent += messages;
    counters_.sent_octets += octets;
    counters_.queued -= messages;
    counters_.queued_octets -= octets;
    waiting_bytes_ -= pending_before - pending_bytes_;
  }
  if (messages != 0) pump(now);
}

void Target::send_datagrams(Nanoseconds now) {
  size_t octets = 0, sent_octets = 0;
  uint64_t sent = 0, failed = 0;
  while (octets < kTurnBytes && !pending_.empty()) {
    const std::string& message = *pending_.front();
    const Link::Sent outcome = link_.send(message, now);
    if (outcome == Link::Sent::Later) break;
    if (outcome == Link::Sent::Failed) note(link_.why());
    ++(outcome == Link::Sent::Sent ? sent : failed);
    sent_octets += outcome == Link::Sent::Sent ? message.size() : 0;
    octets += message.size();
    pending_bytes_ -= message.size();
    pending_.pop_front();
  }
  const std::lock_guard lock(mutex_);
  counters_.sent += sent;
  counters_.sent_octets += sent_octets;
  counters_.dropped += failed;
  counters_.queued -= sent + failed;
  counters_.queued_octets -= octets;
  waiting_bytes_ -= octets;
}

// Half of the queue's room is for what comes next.
void Target::spill() {
  if (!spool_.is_enabled() || pending_bytes_ <= queue_bytes_ / 2) return;
  size_t octets = 0;
  uint64_t messages = 0;
  Result<void> kept;
  for (; !pending_.empty(); pending_.pop_front()) {
    if (auto added = spool_.add(as_bytes(*pending_.front())); !added) kept = std::move(added);
    octets += pending_.front()->size();
    ++messages;
  }
  pending_bytes_ = 0;
  {
    const std::lock_guard lock(mutex_);
    counters_.queued -= messages;
    counters_.queued_octets -= octets;
    waiting_bytes_ -= octets;
  }
  if (auto flushed = spool_.flush(); !flushed) kept = std::move(flushed);
  if (!kept) note(kept.error().message);
}

// The end: what is not known to have arrived waits on disk for the next run, or is lost.
void Target::spill_all() {
  take_in();
  if (link_.is_open()) release(clock_.monotonic());
  for (auto at = unconfirmed_.rbegin(); at != unconfirmed_.rend(); ++at)
    first_.push_front(std::move(at->message));
  const uint64_t unsure = std::exchange(unconfirmed_, {}).size();
  const size_t unsure_octets = std::exchange(unconfirmed_bytes_, 0);
  for (SharedMessage& each : pending_) first_.push_back(std::move(each));
  pending_.clear();
  pending_bytes_ = 0;
  {
    const std::lock_guard lock(mutex_);
    counters_.sent -= unsure;
    counters_.sent_octets -= unsure_octets;
    counters_.queued = counters_.queued_octets = waiting_bytes_ = 0;
    if (!spool_.is_enabled()) counters_.dropped += first_.size();
  }
  if (!spool_.is_enabled()) return;
  Result<void> kept;
  for (const SharedMessage& each : first_) {
    if (auto added = spool_.add(as_bytes(*each)); !added) kept = std::move(added);
  }
  first_.clear();
  if (auto closed = spool_.close(); !closed) kept = std::move(closed);
  if (!kept) note(kept.error().message);
}

void Target::wait(Nanoseconds now) {
  Nanoseconds patience = std::min(kPatience, std::max<Nanoseconds>(0, link_.next_pump() - now));
  const bool has_more = !first_.empty() || !pending_.empty() || !spool_.is_empty();
  const bool datagrams_wait = to_.protocol == Protocol::Udp && link_.is_blocked();
  if (link_.has_room() && has_more && !datagrams_wait && unconfirmed_bytes_ < kMaxUnconfirmedBytes)
    patience = 0;
  if (!unconfirmed_.empty() && (stopping_ || unconfirmed_bytes_ > kMaxSettlingBytes / 2))
    patience = std::min(patience, kConfirmEvery);
  pollfd sockets[2] = {{wake_.get(), POLLIN, 0}, link_.wanted()};
  // A wait that is over too early would only turn once more.
  const auto ms = static_cast<int>((patience + kMillisecond - 1) / kMillisecond);
  if (::poll(sockets, 2, ms) <= 0 || (sockets[0].revents & POLLIN) == 0) return;
  uint64_t times = 0;
  static_cast<void>(!::read(wake_.get(), &times, sizeof times));
}

bool Target::is_done(Nanoseconds now) const {
  if (!stopping_) return false;
  if (stop_by_ != 0 && now >= stop_by_) return true;
  // A far end that is away is not waited for; one that is being connected is.
  const bool away = !link_.is_open() && link_.why() != "";
  return away || (first_.empty() && pending_.empty() && unconfirmed_.empty() && spool_.is_empty());
}

void Target::run() {
  name_thread("siploom-relayto");
  for (;;) {
    const Nanoseconds now = clock_.monotonic();
    if (stopping_ && stop_by_ == 0) stop_by_ = now + kStopLimit;
    take_in();
    pump(now);
    to_.protocol == Protocol::Udp ? send_datagrams(now) : send_stream(now);
    spill();
    publish();
    if (is_done(now)) break;
    wait(now);
  }
  spill_all();
  publish();
}

}  // namespace siploom::pipeline::relay

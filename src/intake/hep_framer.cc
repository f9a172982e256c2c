#include "intake/hep_framer.h"

#include <algorithm>

#include "wire/hep/hep.h"

namespace siploom::intake {

namespace {

constexpr size_t kMagic = 4, kHead = 6;

}  // namespace

bool may_begin_hep3(ByteSpan bytes) {
  const std::string_view head = as_text(bytes.first(std::min(kMagic, bytes.size())));
  for (const std::string_view magic : {"HEP3", "EEP3", "EEP1"}) {
    if (magic.starts_with(head)) return true;
  }
  return false;
}

bool HepFramer::feed(ByteSpan in, const Handover& to) {
  while (!in.empty()) {
    if (skipped_ > kMaxResyncBytes) return false;
    size_t used = 0;
    if (unit_ == Unit::Document && shape_ == Shape::Unknown) {
      used = decide(in);
    } else if (shape_ == Shape::One) {
      used = collect(in);
    } else if (!carry_.empty()) {
      used = complete(in, to);
    } else {
      used = slice(in, to);
    }
    in = in.subspan(used);
  }
  return skipped_ <= kMaxResyncBytes;
}

// The first four octets tell whether a document is a run of HEP3 messages.
size_t HepFramer::decide(ByteSpan in) {
  const size_t used = std::min(kMagic - carry_.size(), in.size());
  carry_.append(as_text(in.first(used)));
  if (!may_begin_hep3(as_bytes(carry_))) {
    shape_ = Shape::One;
  } else if (carry_.size() == kMagic) {
    shape_ = Shape::Messages;
  }
  return used;
}

size_t HepFramer::slice(ByteSpan in, const Handover& to) {
  size_t at = 0;
  while (in.size() - at >= kHead) {
    const ByteSpan rest = in.subspan(at);
    const size_t length = hep::stream_length(rest).value_or(0);
    if (length == 0) {
      at += search(rest, to);
      if (skipped_ > kMaxResyncBytes) return in.size();
      continue;
    }
    if (length > rest.size()) break;
    hand_on(rest.first(length), to);
    at += length;
  }
  const ByteSpan rest = in.subspan(at);
  if (!rest.empty() && !may_begin_hep3(rest)) at += search(rest, to);
  carry_.assign(as_text(in.subspan(at)));
  return in.size();
}

// Goes on with the message that was begun.
size_t HepFramer::complete(ByteSpan in, const Handover& to) {
  size_t used = 0;
  if (carry_.size() < kHead) {
    used = std::min(kHead - carry_.size(), in.size());
    carry_.append(as_text(in.first(used)));
    if (!may_begin_hep3(as_bytes(carry_))) carry_.erase(0, search(as_bytes(carry_), to));
    if (carry_.size() < kHead) return used;
  }
  const size_t length = hep::stream_length(as_bytes(carry_)).value_or(0);
  if (length == 0) {
    carry_.erase(0, search(as_bytes(carry_), to));
    return used;
  }
  // A head may announce 64 KiB and never send them: memory follows what came.
  const size_t more = std::min(length - carry_.size(), in.size() - used);
  carry_.append(as_text(in.subspan(used, more)));
  used += more;
  if (carry_.size() == length) {
    const std::string whole = std::move(carry_);
    carry_ = std::string();
    hand_on(as_bytes(whole), to);
  }
  return used;
}

size_t HepFramer::collect(ByteSpan in) {
  const size_t room = kMaxMessageBytes - std::min(kMaxMessageBytes, carry_.size());
  if (in.size() > room) oversize_ = true;
  carry_.append(as_text(in.first(std::min(room, in.size()))));
  return in.size();
}

// Octets of `bytes`, at least one, before what may be a magic.
size_t HepFramer::search(ByteSpan bytes, const Handover& to) {
  if (skipped_ == 0) to.count(Drop::Resync);
  size_t at = 1;
  while (at < bytes.size()) {
    const auto candidate =
        std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(),
                     [](uint8_t octet) { return octet == 'H' || octet == 'E'; });
    at = static_cast<size_t>(candidate - bytes.begin());
    if (at < bytes.size() && may_begin_hep3(bytes.subspan(at))) break;
    if (at < bytes.size()) ++at;
  }
  skipped_ += at;
  return at;
}

void HepFramer::hand_on(ByteSpan message, const Handover& to) {
  skipped_ = 0;
  ++messages_;
  to.take(message);
}

void HepFramer::finish(const Handover& to) {
  const std::string last = std::move(carry_);
  carry_ = std::string();
  if (oversize_) {
    to.count(Drop::Oversize);
  } else if (unit_ == Unit::Document && shape_ != Shape::Messages && !last.empty()) {
    hand_on(as_bytes(last), to);
  } else if (!last.empty()) {
    to.count(Drop::BadFrame);
  }
  shape_ = Shape::Unknown;
  oversize_ = false;
  skipped_ = 0;
}

}  // namespace siploom::intake

#include "http/event_stream.h"

#include <fmt/format.h>

namespace siploom::http {

namespace {

// A field's value is one line; an id with NUL would be ignored by the client.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  (out += name) += ": ";
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += '\n';
}

void append_data(std::string& out, std::string_view data) {
  for (bool more = true; more;) {
    const size_t end = data.find_first_of("\r\n");
    more = end != std::string_view::npos;
    ((out += "data: ") += data.substr(0, end)) += '\n';
    if (!more) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
}

std::string format_event(const Event& event) {
  std::string out;
  append_field(out, "id", event.id);
  append_field(out, "event", event.name);
  append_data(out, event.data);
  return out += '\n';
}

}  // namespace

std::shared_ptr<EventStream> EventStream::make(size_t events_max, size_t bytes_max) {
  return std::shared_ptr<EventStream>(new EventStream(events_max, bytes_max));
}

bool EventStream::push(const Event& event) {
  std::string text = format_event(event);
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  if (queue_.size() >= events_max_ || queued_bytes_ + text.size() > bytes_max_) {
    ++dropped_;
    ++untold_;
    return false;
  }
  queued_bytes_ += text.size();
  queue_.push_back(std::move(text));
  wake_locked();
  return true;
}

void EventStream::wake_locked() {
  if (!armed_ || !wake_) return;
  armed_ = false;
  wake_();
}

void EventStream::close() { end(false); }
void EventStream::detach() { end(true); }

void EventStream::end(bool gone) {
  std::function<void()> closed;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (gone) {
      gone_ = true;
      wake_ = nullptr;
      queue_.clear();
      queued_bytes_ = 0;
    } else {
      wake_locked();
    }
    closed.swap(closed_);
  }
  if (closed) closed();
}

bool EventStream::is_closed() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

uint64_t EventStream::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void EventStream::on_close(std::function<void()> closed) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      closed_ = std::move(closed);
      return;
    }
  }
  closed();
}

void EventStream::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

BodySource::Taken EventStream::take(std::string& out) {
  const std::lock_guard lock(mutex_);
  if (gone_) return Taken::Broken;
  if (queue_.empty()) {
    if (ended_) return Taken::End;
    armed_ = true;
    return Taken::Nothing;
  }
  out.clear();
  for (const std::string& text : queue_) out += text;
  queue_.clear();
  queued_bytes_ = 0;
  if (untold_ != 0) {
    out += fmt::format("event: dropped\ndata: {{\"dropped\":{}}}\n\n", untold_);
    untold_ = 0;
  }
  return Taken::Some;
}

}  // namespace siploom::http

// EventQueue: whose turn is next. A heap by time, then by number, so that the order is the same on
// every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace siploom::simulate {

struct Event {
  Nanoseconds at = 0;
  uint32_t actor = 0;
  bool operator<(const Event& other) const {
    return at != other.at ? at < other.at : actor < other.actor;
  }
};

class EventQueue final {
 public:
  bool empty() const { return heap_.empty(); }
  const Event& top() const { return heap_.front(); }
  void push(Event event) {
    heap_.push_back(event);
    rise(heap_.size() - 1, event);
  }
  // Gives the first event another time; cheaper than pop and push.
  void postpone_top(Nanoseconds at) { sink(Event{at, heap_.front().actor}); }
  void pop() {
    const Event last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
  }

 private:
  // Four children a node: half the depth of a binary heap, and siblings share a cache line.
  static constexpr size_t kChildren = 4;

  void rise(size_t at, Event event) {
    while (at > 0) {
      const size_t parent = (at - 1) / kChildren;
      if (!(event < heap_[parent])) break;
      heap_[at] = heap_[parent];
      at = parent;
    }
    heap_[at] = event;
  }
  void sink(Event event) {
    const size_t count = heap_.size();
    size_t at = 0;
    for (;;) {
      const size_t first = at * kChildren + 1;
      if (first >= count) break;
      const size_t end = first + kChildren < count ? first + kChildren : count;
      size_t least = first;
      for (size_t child = first + 1; child < end; ++child) {
        if (heap_[child] < heap_[least]) least = child;
      }
      if (!(heap_[least] < event)) break;
      heap_[at] = heap_[least];
      at = least;
    }
    heap_[at] = event;
  }

  std::vector<Event> heap_;
};

}  // namespace siploom::simulate

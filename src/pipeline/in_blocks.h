// Work on many rows at once by several threads, in blocks whose results come in the order of the
// rows: what is written does not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <future>
#include <utility>

namespace siploom::pipeline {

// make(begin, end) is called for each block of [0, count) by any thread; take(its result) in order
// by the caller's. With one thread nothing is started.
template <class Make, class Take>
void in_blocks(unsigned threads, size_t count, size_t block, Make&& make, Take&& take) {
  const auto end_of = [&](size_t begin) { return std::min(begin + block, count); };
  if (threads < 2 || count <= block) {
    for (size_t begin = 0; begin < count; begin += block) take(make(begin, end_of(begin)));
    return;
  }
  std::deque<std::future<decltype(make(count, count))>> running;
  size_t next = 0;
  const auto start = [&] {
    if (next >= count) return;
    running.push_back(std::async(std::launch::async, make, next, end_of(next)));
    next += block;
  };
  for (unsigned i = 0; i < threads; ++i) start();
  while (!running.empty()) {
    auto result = running.front().get();
    running.pop_front();
    start();
    take(std::move(result));
  }
}

}  // namespace siploom::pipeline

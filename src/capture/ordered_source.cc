#include "capture/ordered_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace siploom::capture {

OrderedSource::OrderedSource(std::unique_ptr<FileReader> reader, bool sort_whole)
    : reader_(std::move(reader)), sort_whole_(sort_whole), disordered_(sort_whole) {}

bool OrderedSource::is_ordered(const FrameBatch& batch) {
  Timestamp last = last_given_;
  for (const Frame& frame : batch.frames) {
    if (frame.time < last) return false;
    last = frame.time;
  }
  return true;
}

void OrderedSource::hold(const FrameBatch& batch) {
  ++readings_;
  held_.reserve(held_.size() + batch.frames.size());
  for (const Frame& frame : batch.frames) held_.push_back({frame, readings_});
  for (const auto& owner : batch.owners) {
    // The same block mostly goes on from reading to reading.
    if (!held_owners_.empty() && held_owners_.back().owner == owner) {
      held_owners_.back().reading = readings_;
    } else {
      held_owners_.push_back({owner, readings_});
    }
  }
}

// Sorts what is held and gives all but the `keep_back` latest frames.
void OrderedSource::give_sorted(FrameBatch& batch, size_t keep_back) {
  std::stable_sort(held_.begin(), held_.end(), [](const HeldFrame& a, const HeldFrame& b) {
    return a.frame.time < b.frame.time;
  });
  if (held_.size() <= keep_back) return;
  const auto cut = held_.end() - static_cast<std::ptrdiff_t>(keep_back);
  batch.frames.reserve(static_cast<size_t>(cut - held_.begin()));
  for (auto it = held_.begin(); it != cut; ++it) {
    if (it->frame.time < last_given_) ++late_;
    batch.frames.push_back(it->frame);
  }
  for (const HeldOwner& each : held_owners_) batch.owners.push_back(each.owner);
  held_.erase(held_.begin(), cut);
  // A block may be shared by frames on both sides of the cut.
  uint64_t oldest = UINT64_MAX;
  for (const HeldFrame& each : held_) oldest = std::min(oldest, each.reading);
  std::erase_if(held_owners_, [&](const HeldOwner& each) { return each.reading < oldest; });
}

Result<bool> OrderedSource::next(FrameBatch& batch, size_t target_bytes) {
  batch.clear();
  if (ended_) return false;
  if (!disordered_) {
    const auto step = reader_->read(batch, target_bytes);
    ended_ = step == FileReader::Step::End;
    if (!is_ordered(batch)) {
      disordered_ = true;
      hold(batch);
      batch.frames.clear();
      batch.owners.clear();
      give_sorted(batch, ended_ ? 0 : kWindowFrames);
    }
  } else {
    FileReader::Step step = FileReader::Step::More;
    do {
      FrameBatch more;
      step = reader_->read(more, target_bytes);
      batch.file_bytes += more.file_bytes;
      hold(more);
    } while (sort_whole_ && step == FileReader::Step::More);
    ended_ = step == FileReader::Step::End;
    give_sorted(batch, ended_ ? 0 : kWindowFrames);
  }
  if (!batch.frames.empty()) last_given_ = batch.frames.back().time;
  given_ += batch.frames.size();
  if (reader_->window().is_mapped()) marks_.push_back({given_, reader_->window().offset()});
  return !ended_ || !batch.frames.empty();
}

SourceStats OrderedSource::stats() const {
  SourceStats out = reader_->stats();
  if (reader_->window().is_mapped()) out.total_file_bytes = reader_->window().size();
  if (late_ != 0) {
    out.warnings.push_back(
        fmt::format("{}: {} packets lie further out of time order than siploom sorts; "
                    "`reordercap` can sort the file",
                    reader_->name(), late_));
  }
  return out;
}

void OrderedSource::release_before(uint64_t number) {
  if (disordered_) return;  // pages may still be pointed at from the window
  size_t done = 0;
  while (done < marks_.size() && marks_[done].number < number) ++done;
  if (done == 0) return;
  reader_->window().release_before(marks_[done - 1].offset);
  marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace siploom::capture

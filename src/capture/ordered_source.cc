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

// Sorts what is held and gives all but the `keep_back` latest frames.
void OrderedSource::give_sorted(FrameBatch& batch, size_t keep_back) {
  std::vector<Frame>& frames = held_.frames;
  std::stable_sort(frames.begin(), frames.end(),
                   [](const Frame& a, const Frame& b) { return a.time < b.time; });
  if (frames.size() <= keep_back) return;
  const auto cut = frames.end() - static_cast<std::ptrdiff_t>(keep_back);
  for (auto it = frames.begin(); it != cut; ++it) {
    if (it->time < last_given_) ++late_;
  }
  batch.frames.assign(frames.begin(), cut);
  batch.owners = held_.owners;
  frames.erase(frames.begin(), cut);
  // A block may be shared by frames on both sides of the cut, so the held ones keep all of the
  // latest few.
  constexpr size_t kOwnersKept = 64;
  if (held_.frames.empty()) {
    held_.owners.clear();
  } else if (held_.owners.size() > kOwnersKept && keep_back <= kWindowFrames) {
    held_.owners.erase(held_.owners.begin(),
                       held_.owners.end() - static_cast<std::ptrdiff_t>(kOwnersKept));
  }
}

Result<bool> OrderedSource::next(FrameBatch& batch, size_t target_bytes) {
  batch.clear();
  if (ended_) return false;
  if (!disordered_) {
    const auto step = reader_->read(batch, target_bytes);
    ended_ = step == FileReader::Step::End;
    if (!is_ordered(batch)) {
      disordered_ = true;
      held_.frames = std::move(batch.frames);
      held_.owners = batch.owners;
      batch.frames.clear();
      give_sorted(batch, ended_ ? 0 : kWindowFrames);
    }
  } else {
    FileReader::Step step = FileReader::Step::More;
    do {
      FrameBatch more;
      step = reader_->read(more, target_bytes);
      batch.file_bytes += more.file_bytes;
      held_.frames.insert(held_.frames.end(), more.frames.begin(), more.frames.end());
      held_.owners.insert(held_.owners.end(), more.owners.begin(), more.owners.end());
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

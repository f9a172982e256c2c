// OrderedSource: puts the frames of one file into time order. Ordered files cost a comparison a
// frame; a file that turns out disordered is held back by a window of frames and sorted within it.
#pragma once

#include <memory>

#include "capture/file_reader.h"

namespace siploom::capture {

class OrderedSource final : public Source {
 public:
  // `sort_whole`: read everything before giving anything (small files that are known to be
  // disordered).
  OrderedSource(std::unique_ptr<FileReader> reader, bool sort_whole);

  Result<bool> next(FrameBatch& batch, size_t target_bytes) override;
  SourceStats stats() const override;
  void release_before(uint64_t number) override;

 private:
  static constexpr size_t kWindowFrames = 8192;
  bool is_ordered(const FrameBatch& batch);
  void hold(const FrameBatch& batch);
  void give_sorted(FrameBatch& batch, size_t keep_back);

  std::unique_ptr<FileReader> reader_;
  bool sort_whole_;
  bool disordered_ = false;
  bool ended_ = false;
  Timestamp last_given_ = kNoTime;
  uint64_t late_ = 0;  // frames older than what was given before them
  // The window of a disordered file: frames, and the blocks that they lie in, each with the number
  // of the reading that gave it.
  struct HeldFrame {
    Frame frame;
    uint64_t reading;
  };
  struct HeldOwner {
    std::shared_ptr<const void> owner;
    uint64_t reading;
  };
  std::vector<HeldFrame> held_;
  std::vector<HeldOwner> held_owners_;
  uint64_t readings_ = 0;
  uint64_t given_ = 0;
  struct Mark {
    uint64_t number, offset;  // frames before `number` lie before `offset` of the file
  };
  std::vector<Mark> marks_;
};

}  // namespace siploom::capture

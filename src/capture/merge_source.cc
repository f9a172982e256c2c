#include "capture/merge_source.h"

#include <algorithm>
#include <filesystem>

#include "capture/open_file.h"

namespace siploom::capture {

namespace {

constexpr size_t kChildBytes = 256 * 1024;
constexpr size_t kMergedFrames = 2048;

class NumberedSource final : public Source {
 public:
  explicit NumberedSource(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  Result<bool> next(FrameBatch& batch, size_t target_bytes) override {
    auto more = source_->next(batch, target_bytes);
    batch.first_number = next_number_;
    next_number_ += batch.frames.size();
    return more;
  }
  Result<bool> rest(FrameBatch& batch) override {
    auto more = source_->rest(batch);
    batch.first_number = next_number_;
    next_number_ += batch.frames.size();
    return more;
  }
  SourceStats stats() const override { return source_->stats(); }
  void release_before(uint64_t number) override { source_->release_before(number); }

 private:
  std::unique_ptr<Source> source_;
  uint64_t next_number_ = 1;
};

struct Candidate {
  std::string path;
  Timestamp first;
  uint64_t bytes = 0;
};

void add_stats(SourceStats& sum, const SourceStats& part) {
  sum.frames += part.frames;
  sum.bytes += part.bytes;
  sum.kernel_dropped += part.kernel_dropped;
  sum.warnings.insert(sum.warnings.end(), part.warnings.begin(), part.warnings.end());
  sum.comments.insert(sum.comments.end(), part.comments.begin(), part.comments.end());
  sum.tls_secrets.insert(sum.tls_secrets.end(), part.tls_secrets.begin(), part.tls_secrets.end());
}

class MergeSource final : public Source {
 public:
  MergeSource(std::vector<Candidate> candidates, const std::atomic<bool>* stop)
      : waiting_(std::move(candidates)), stop_(stop) {
    std::stable_sort(waiting_.begin(), waiting_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.first < b.first; });
    for (const Candidate& candidate : waiting_) done_stats_.total_file_bytes += candidate.bytes;
  }

  Result<bool> next(FrameBatch& batch, size_t) override {
    batch.clear();
    while (batch.frames.size() < kMergedFrames) {
      SL_TRY_VOID(open_due());
      if (children_.empty()) break;
      Child& child =
          **std::min_element(children_.begin(), children_.end(), [](const auto& a, const auto& b) {
            const Timestamp left = a->head().time, right = b->head().time;
            return left != right ? left < right : a->order < b->order;
          });
      batch.frames.push_back(child.head());
      if (++child.at < child.batch.frames.size()) continue;
      SL_TRY_VOID(refill(child, batch));
    }
    for (const auto& child : children_) keep_owners(*child, batch);
    return !batch.frames.empty() || !children_.empty() || opened_ < waiting_.size();
  }

  SourceStats stats() const override {
    SourceStats out = done_stats_;
    for (const auto& child : children_) add_stats(out, child->source->stats());
    return out;
  }

 private:
  struct Child {
    std::unique_ptr<Source> source;
    FrameBatch batch;
    size_t at = 0;
    size_t order = 0;  // equal times: the file named first
    const Frame& head() const { return batch.frames[at]; }
  };

  static void keep_owners(const Child& child, FrameBatch& batch) {
    batch.owners.insert(batch.owners.end(), child.batch.owners.begin(), child.batch.owners.end());
  }

  // Opens the files whose first packet may be next.
  Result<void> open_due() {
    while (opened_ < waiting_.size()) {
      const Candidate& candidate = waiting_[opened_];
      const bool due = children_.empty() ||
                       std::any_of(children_.begin(), children_.end(), [&](const auto& child) {
                         return child->head().time >= candidate.first;
                       });
      if (!due) break;
      auto child = std::make_unique<Child>();
      child->order = opened_++;
      child->source = SL_TRY(open_file(candidate.path, stop_));
      children_.push_back(std::move(child));
      FrameBatch unused;
      SL_TRY_VOID(refill(*children_.back(), unused));
    }
    return {};
  }

  // The child's next batch; a child at its end goes away. Frames already merged keep what they
  // point into.
  Result<void> refill(Child& child, FrameBatch& merged) {
    keep_owners(child, merged);
    while (true) {
      const bool more = SL_TRY(child.source->next(child.batch, kChildBytes));
      merged.file_bytes += child.batch.file_bytes;
      child.at = 0;
      if (!child.batch.frames.empty()) return {};
      if (!more) break;
    }
    add_stats(done_stats_, child.source->stats());
    // A mapped file's frames live as long as their source.
    merged.owners.push_back(std::shared_ptr<Source>(std::move(child.source)));
    children_.erase(std::find_if(children_.begin(), children_.end(),
                                 [&](const auto& each) { return each.get() == &child; }));
    return {};
  }

  std::vector<Candidate> waiting_;
  const std::atomic<bool>* stop_;
  size_t opened_ = 0;
  std::vector<std::unique_ptr<Child>> children_;
  SourceStats done_stats_;
};

}  // namespace

std::unique_ptr<Source> numbered(std::unique_ptr<Source> source) {
  return std::make_unique<NumberedSource>(std::move(source));
}

Result<std::unique_ptr<Source>> open_merged(const std::vector<std::string>& paths,
                                            const std::atomic<bool>* stop) {
  if (paths.size() == 1) return open_file(paths.front(), stop);
  std::vector<Candidate> candidates;
  for (const std::string& path : paths) {
    Candidate candidate{path, Timestamp{INT64_MIN}, 0};
    if (path != "-") {
      auto source = SL_TRY(open_file(path, stop));
      FrameBatch batch;
      while (batch.frames.empty() && SL_TRY(source->next(batch, kChildBytes))) {
      }
      if (batch.frames.empty()) continue;
      candidate.first = batch.frames.front().time;
      std::error_code ignored;
      candidate.bytes = std::filesystem::file_size(path, ignored);
    }
    candidates.push_back(std::move(candidate));
  }
  return std::unique_ptr<Source>(std::make_unique<MergeSource>(std::move(candidates), stop));
}

}  // namespace siploom::capture

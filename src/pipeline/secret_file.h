// SecretFile: TLS master secrets that agents put into their events (OpenSIPS), kept apart from
// everything that can be searched: a JSON line each, a file a day, readable by the owner alone.
#pragma once

#include <mutex>
#include <string>

#include "base/result.h"
#include "pipeline/chunk.h"

namespace siploom::pipeline {

class SecretFile final {
 public:
  explicit SecretFile(std::string folder) : folder_(std::move(folder)) {}
  // Any thread. A day's file beyond its cap takes no more (and the error says so).
  Result<void> add(const Event& event);
  // Removes files of days before `day`.
  void remove_before(Timestamp day) const;
  const std::string& folder() const { return folder_; }

 private:
  static constexpr uint64_t kMaxFileBytes = 64u << 20;
  std::string folder_;
  std::mutex mutex_;
};

}  // namespace siploom::pipeline

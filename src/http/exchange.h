// Exchange: one request and its answer, passed between the I/O thread and a worker, never with
// both at once. SpoolFile: a body on disk. (Inside the room.)
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/policy.h"
#include "http/router.h"

namespace siploom::http {

struct ServerCore;

class SpoolFile final {
 public:
  static Result<std::shared_ptr<SpoolFile>> create(const std::string& folder);
  ~SpoolFile();  // takes the file away, if it is still there
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  Result<void> append(std::string_view bytes);
  const std::string& path() const { return path_; }

 private:
  SpoolFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
};

struct Exchange {
  Request request;
  int minor_version = 1;
  const Route* route = nullptr;
  uint64_t body_bytes_max = 0;  // of the route, for this request
  std::shared_ptr<SpoolFile> spool;
  Nanoseconds began = 0;
  Response response;
  Finish finish;
};

// On a worker: middleware and handler, to a response that is ready to be sent.
void run_exchange(ServerCore& core, Exchange& exchange);
// The same for middleware alone, for routes that spool; true when it answered.
bool run_before(ServerCore& core, Exchange& exchange);

}  // namespace siploom::http

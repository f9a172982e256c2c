// PacketFile: records as a capture file that is read off as it grows, so that an export of any size
// takes little disk: what has been read is given back to the system.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "capture/packet_maker.h"
#include "capture/writer.h"
#include "pipeline/stored.h"

namespace siploom::api {

class PacketFile final {
 public:
  // A file in `folder` that has no name of its own for long.
  static Result<std::unique_ptr<PacketFile>> open(const std::string& folder,
                                                  capture::FileFormat format);
  ~PacketFile();
  PacketFile(const PacketFile&) = delete;
  PacketFile& operator=(const PacketFile&) = delete;

  Result<void> add(const pipeline::StoredRecord& record);
  // What has been written since the last call.
  Result<std::string> take();

 private:
  PacketFile() = default;
  std::string path_;
  std::unique_ptr<capture::Writer> writer_;
  capture::PacketMaker maker_;
  int fd_ = -1;
  uint64_t taken_ = 0;
};

}  // namespace siploom::api

// Opens one file by what is in it: container, compression, text.
#pragma once

#include <memory>
#include <string>

#include "capture/source.h"

namespace siploom::capture {

// One file's frames in time order as far as a window of them reaches; batches are not numbered.
Result<std::unique_ptr<Source>> open_file(const std::string& path, const std::atomic<bool>* stop);
// The same of octets in memory, which outlive the source.
Result<std::unique_ptr<Source>> open_memory(const std::string& name, ByteSpan bytes);

}  // namespace siploom::capture

// Packets as they pass an interface, by libpcap.
#pragma once

#include <memory>

#include "capture/source.h"

namespace siploom::capture {

Result<std::unique_ptr<Source>> open_live(const OpenOptions& options);

}  // namespace siploom::capture

// MergeSource: several files as one, by time. Files are opened when the merge reaches their first
// packet, and closed when they are done, so that a folder of thousands is no burden.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/source.h"

namespace siploom::capture {

// Numbers frames from 1; with one source nothing else happens.
std::unique_ptr<Source> numbered(std::unique_ptr<Source> source);
// `paths` may hold "-", which is read from the beginning. What cannot be opened is an error if it
// was named by the user.
Result<std::unique_ptr<Source>> open_merged(const std::vector<std::string>& paths,
                                            const std::atomic<bool>* stop);

}  // namespace siploom::capture

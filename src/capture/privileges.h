// Root's rights are given up once the interface is open: a program that reads hostile packets
// should not be able to do more than read them.
#pragma once

#include <string>

#include "base/result.h"

namespace siploom::capture {

// Become the user behind sudo, or else nobody. A command that writes files where root wants them
// (`writes_files`) stays root in name, without a single capability. Who had only some of root's
// rights (setcap) keeps none of them.
Result<void> drop_privileges(bool writes_files);
// A file made before that, which is to be written or read after it.
void hand_over(const std::string& path, bool writes_files);

}  // namespace siploom::capture

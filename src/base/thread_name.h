// Thread names: what `top -H` and perf call a thread of ours.
#pragma once

#include <sys/prctl.h>

namespace siploom {

// The calling thread's name from now on, at most 15 characters; threads it starts inherit it.
inline void name_thread(const char* name) { ::prctl(PR_SET_NAME, name); }

}  // namespace siploom

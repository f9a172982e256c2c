#include "capture/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace siploom::capture {

namespace {

struct Identity {
  uid_t uid = 65'534;
  gid_t gid = 65'534;
};

Identity identity_after(bool writes_files) {
  Identity out;
  const char* sudo_uid = std::getenv("SUDO_UID");
  const char* sudo_gid = std::getenv("SUDO_GID");
  if (sudo_uid != nullptr && sudo_gid != nullptr) {
    out.uid = parse_number<uid_t>(sudo_uid).value_or(out.uid);
    out.gid = parse_number<gid_t>(sudo_gid).value_or(out.gid);
  } else if (writes_files) {
    out = {0, 0};
  } else if (const passwd* nobody = ::getpwnam("nobody")) {
    out = {nobody->pw_uid, nobody->pw_gid};
  }
  return out;
}

bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::syscall(SYS_capset, &header, none) == 0;
}

}  // namespace

Result<void> drop_privileges(bool writes_files) {
  const bool root = ::geteuid() == 0;
  const Identity to = root ? identity_after(writes_files) : Identity{};
  const bool done = !root || to.uid == 0 ? drop_capabilities()
                                         : ::setgroups(0, nullptr) == 0 && ::setgid(to.gid) == 0 &&
                                               ::setuid(to.uid) == 0;
  if (done) return {};
  return fail(ErrorCode::Io, fmt::format("cannot give up root's rights: {}", std::strerror(errno)));
}

void hand_over(const std::string& path, bool writes_files) {
  if (::geteuid() != 0) return;
  const Identity to = identity_after(writes_files);
  // What fails here is told when the file is opened again.
  if (to.uid != 0 && ::chown(path.c_str(), to.uid, to.gid) != 0) return;
}

}  // namespace siploom::capture

// Captures sent to a server, which reads them into its store.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"

namespace siploom::cli {

// Files, folders of files or '-'. Each is a job of the server, which is waited for; Ctrl-C cancels
// it. Gives the exit status.
int upload_captures(const Options& options, Output& out);

// The files that are meant, those of folders (and folders in them) by name. An error names what is
// not there.
Result<std::vector<std::string>> files_to_upload(const std::vector<std::string>& words);

}  // namespace siploom::cli

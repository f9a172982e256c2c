#include "cli/run.h"

int main(int argc, char** argv) { return siploom::cli::run(argc, argv); }

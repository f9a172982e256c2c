// Runs a fuzz target without libFuzzer: files given as arguments, or `-runs=N` random changes of
// the target's seeds (`-seed=S`). Silent unless something fails; sanitizers do the finding.
// `-seeds=DIR` writes the seeds as files, for libFuzzer to start from.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "seeds.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMaxInput = 16 * 1024;

// Heap memory of the exact size, so that ASan sees a read one octet behind it.
void run(const std::string& input) {
  std::vector<uint8_t> exact(input.begin(), input.end());
  exact.shrink_to_fit();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

using Random = std::mt19937_64;

size_t below(Random& random, size_t limit) { return limit == 0 ? 0 : random() % limit; }

void change(std::string& s, const std::vector<std::string>& seeds, Random& random) {
  const size_t at = below(random, s.size() + 1);
  const size_t length = below(random, std::min<size_t>(s.size() - at, 32) + 1);
  switch (random() % 8) {
    case 0:
      if (at < s.size()) s[at] = static_cast<char>(random());
      break;
    case 1:
      if (at < s.size()) s[at] = static_cast<char>(s[at] ^ (1 << random() % 8));
      break;
    case 2:
      s.erase(at, length);
      break;
    case 3:
      s.insert(at, std::string(1 + random() % 4, static_cast<char>(random())));
      break;
    case 4:
      s.insert(at, s.substr(below(random, s.size() + 1), 1 + random() % 64));
      break;
    case 5:
      s.resize(at);
      break;
    case 6: {
      const std::string& other = seeds[random() % seeds.size()];
      s = s.substr(0, at) + other.substr(below(random, other.size() + 1));
      break;
    }
    default:
      for (size_t i = at; i < at + length; ++i) s[i] = "\xff\x00\x80\x7f\x01\r\n "[random() % 8];
  }
  if (s.size() > kMaxInput) s.resize(kMaxInput);
}

int write_seeds(const std::string& directory) {
  size_t number = 0;
  for (const std::string& seed : siploom::fuzz::seeds()) {
    std::ofstream file(directory + "/" + std::to_string(number++), std::ios::binary);
    file << seed;
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write to %s\n", directory.c_str());
      return 2;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 0, seed = 1;
  bool replayed = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("-runs=")) {
      runs = std::strtoull(argument.c_str() + 6, nullptr, 10);
    } else if (argument.starts_with("-seed=")) {
      seed = std::strtoull(argument.c_str() + 6, nullptr, 10);
    } else if (argument.starts_with("-seeds=")) {
      return write_seeds(argument.substr(7));
    } else {
      std::ifstream file(argument, std::ios::binary);
      if (!file) {
        std::fprintf(stderr, "cannot open %s\n", argument.c_str());
        return 2;
      }
      run({std::istreambuf_iterator<char>(file), {}});
      replayed = true;
    }
  }
  if (replayed) return 0;
  const std::vector<std::string> seeds = siploom::fuzz::seeds();
  Random random(seed);
  for (const std::string& each : seeds) run(each);
  for (uint64_t i = 0; i < runs; ++i) {
    std::string input = seeds[random() % seeds.size()];
    for (size_t changes = 1 + random() % 6; changes > 0; --changes) change(input, seeds, random);
    run(input);
  }
  return 0;
}

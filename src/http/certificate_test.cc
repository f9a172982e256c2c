#include "http/certificate.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/temp_folder.h"

using namespace siploom;
using namespace siploom::http;

TEST_CASE("a certificate is made once, names its server and is kept to its owner") {
  const test::TempFolder folder;
  const std::string certificate = folder.path + "/c.pem", key = folder.path + "/k.pem";
  CertificateOptions options;
  options.names = {"desk.example.org", "10.0.0.1", "2001:db8::1"};
  const auto made = ensure_certificate(certificate, key, options);
  REQUIRE(made);
  CHECK(*made);
  const auto info = read_certificate(certificate);
  REQUIRE(info);
  CHECK(info->names == std::vector<std::string>{"desk.example.org", "10.0.0.1", "2001:db8::1"});
  CHECK(info->subject == "CN=siploom");
  CHECK(info->sha256.size() == 95);
  CHECK(plain_fingerprint(info->sha256).size() == 64);
  CHECK(info->not_after - info->not_before > 3650 * 24 * 3600 * kSecond);
  struct stat about {};
  REQUIRE(::stat(key.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  // Nothing is left beside them, and a second start keeps what is there.
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 2);
  CHECK_FALSE(*ensure_certificate(certificate, key, options));
  CHECK(read_certificate(certificate)->sha256 == info->sha256);
  std::filesystem::remove(key);
  CHECK(ensure_certificate(certificate, key, options).error().code == ErrorCode::NotFound);
}

TEST_CASE("what is no name, no folder, no certificate is said") {
  const test::TempFolder folder;
  CertificateOptions options;
  options.names = {"a, DNS:evil"};
  CHECK(make_certificate(folder.path + "/c", folder.path + "/k", options).error().code ==
        ErrorCode::InvalidArgument);
  CHECK(make_certificate("/nonexistent/c", "/nonexistent/k", {}).error().code == ErrorCode::Io);
  std::ofstream(folder.path + "/text") << "hello";
  CHECK(read_certificate(folder.path + "/text").error().code == ErrorCode::Malformed);
  CHECK(read_certificate(folder.path + "/none").error().code == ErrorCode::Io);
  CHECK(plain_fingerprint("ab:cd").empty());
  CHECK(plain_fingerprint(std::string(64, 'g')).empty());
}

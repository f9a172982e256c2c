// Certificates: a self-signed one for the first start, and what one says of itself. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace siploom::http {

constexpr int kCertificateDays = 3653;  // ten years

struct CertificateOptions {
  std::string common_name = "siploom";
  std::vector<std::string> names;  // of the server: host names and addresses
  int days = kCertificateDays;
};

// ECDSA P-256 (FIPS 186-5), self-signed. Both files are written beside their place and renamed into
// it; the key can be read by its owner only. InvalidArgument for a bad name, Io for files.
Result<void> make_certificate(const std::string& certificate_file, const std::string& key_file,
                              const CertificateOptions& options);
// Makes both when neither is there; true then. An error when only one is.
Result<bool> ensure_certificate(const std::string& certificate_file, const std::string& key_file,
                                const CertificateOptions& options);

struct CertificateInfo {
  std::string sha256;  // of the DER form, "AB:CD:..."
  std::string subject;
  std::vector<std::string> names;
  Timestamp not_before, not_after;
};
// The first certificate of a PEM file.
Result<CertificateInfo> read_certificate(const std::string& certificate_file);

// "AB:CD:.." or "abcd.." as 64 lower-case hex digits, or "" when it is no SHA-256 fingerprint.
std::string plain_fingerprint(std::string_view text);

}  // namespace siploom::http

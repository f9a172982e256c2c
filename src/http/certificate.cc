#include "http/certificate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/net.h"
#include "base/text.h"
#include "http/openssl.h"
#include "http/tls.h"

namespace siploom::http {

namespace {

constexpr size_t kNamesMax = 64;

tl::unexpected<Error> openssl_failed(std::string_view what) {
  return fail(ErrorCode::Io, fmt::format("cannot {}: {}", what, tls_error()));
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (const char c : name) {
    if (!is_alnum(c) && c != '-' && c != '.' && c != '_' && c != '*') return false;
  }
  return true;
}

// "DNS:desk.example.org,IP:10.0.0.1"
Result<std::string> alternative_names(const CertificateOptions& options) {
  std::string out;
  if (options.names.size() > kNamesMax)
    return fail(ErrorCode::LimitExceeded, fmt::format("more than {} names", kNamesMax));
  for (const std::string& name : options.names) {
    if (!out.empty()) out += ',';
    if (const auto address = parse_ip(name)) {
      out += "IP:" + format_ip(*address);
    } else if (is_host_name(name)) {
      out += "DNS:" + name;
    } else {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("'{}' is neither a host name nor an address", printable(name)));
    }
  }
  return out;
}

bool add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  const bool ok = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

bool set_serial(X509* certificate) {
  uint8_t random[16];
  if (RAND_bytes(random, sizeof random) != 1) return false;
  random[0] = static_cast<uint8_t>((random[0] & 0x7F) | 0x40);  // positive, of one length
  BIGNUM* number = BN_bin2bn(random, sizeof random, nullptr);
  const bool ok = number != nullptr &&
                  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return ok;
}

Result<CertificatePtr> sign_certificate(EVP_PKEY* key, const CertificateOptions& options) {
  const std::string names = SL_TRY(alternative_names(options));
  CertificatePtr out(X509_new());
  X509* x = out.get();
  if (x == nullptr || X509_set_version(x, 2) != 1 || !set_serial(x))
    return openssl_failed("make a certificate");
  // An hour back: the clocks of those who ask are not all right.
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_time_adj_ex(X509_getm_notAfter(x), options.days, 0, nullptr);
  X509_NAME* subject = X509_get_subject_name(x);
  const auto* text = reinterpret_cast<const uint8_t*>(options.common_name.c_str());
  bool ok = X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1;
  ok = ok && X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, key) == 1;
  ok = ok && add_extension(x, NID_basic_constraints, "critical,CA:FALSE");
  ok = ok && add_extension(x, NID_key_usage, "critical,digitalSignature");
  ok = ok && add_extension(x, NID_ext_key_usage, "serverAuth");
  ok = ok && add_extension(x, NID_subject_key_identifier, "hash");
  if (!names.empty()) ok = ok && add_extension(x, NID_subject_alt_name, names.c_str());
  if (!ok || X509_sign(x, key, EVP_sha256()) == 0) return openssl_failed("make a certificate");
  return out;
}

Result<std::string> memory_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  if (size <= 0) return openssl_failed("write PEM");
  return std::string(data, static_cast<size_t>(size));
}

bool write_and_sync(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::write(fd, text.data(), text.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return ::fsync(fd) == 0;
}

// Whole or not at all: under another name first.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  std::string beside = path + ".XXXXXX";
  const int fd = ::mkostemp(beside.data(), O_CLOEXEC);  // mode 0600 from the start
  const auto failed = [&] {
    const int why = errno;
    if (fd >= 0) ::unlink(beside.c_str());
    return fail(ErrorCode::Io, fmt::format("cannot write {}: {}", path, std::strerror(why)));
  };
  if (fd < 0) return failed();
  const bool written = write_and_sync(fd, text) && ::fchmod(fd, mode) == 0;
  if (::close(fd) != 0 || !written) return failed();
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed();
  return {};
}

Timestamp time_of(const ASN1_TIME* time) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return kNoTime;
  CivilTime civil;
  civil.year = tm.tm_year + 1900;
  civil.month = tm.tm_mon + 1;
  civil.day = tm.tm_mday;
  civil.hour = tm.tm_hour;
  civil.minute = tm.tm_min;
  civil.second = tm.tm_sec;
  return from_civil(civil);
}

std::vector<std::string> names_of(const X509* x) {
  std::vector<std::string> out;
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    const auto* string = static_cast<const ASN1_STRING*>(value);
    const uint8_t* data = ASN1_STRING_get0_data(string);
    const int size = ASN1_STRING_length(string);
    if (type == GEN_DNS) out.emplace_back(as_text({data, static_cast<size_t>(size)}));
    if (type == GEN_IPADD && size == 4) out.push_back(format_ip(IpAddress::v4(data)));
    if (type == GEN_IPADD && size == 16) out.push_back(format_ip(IpAddress::v6(data)));
  }
  return out;
}

}  // namespace

std::string fingerprint_of(const X509* certificate) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
  return out;
}

std::string plain_fingerprint(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == ' ') continue;
    const char l = to_lower(c);
    if (!is_digit(l) && (l < 'a' || l > 'f')) return {};
    out += l;
    if (out.size() > 64) return {};
  }
  return out.size() == 64 ? out : std::string();
}

Result<void> make_certificate(const std::string& certificate_file, const std::string& key_file,
                              const CertificateOptions& options) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failed("make a key");
  const CertificatePtr certificate = SL_TRY(sign_certificate(key.get(), options));
  const BioPtr key_pem(BIO_new(BIO_s_mem())), certificate_pem(BIO_new(BIO_s_mem()));
  if (!key_pem || !certificate_pem ||
      PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_X509(certificate_pem.get(), certificate.get()) != 1) {
    return openssl_failed("write PEM");
  }
  std::string secret = SL_TRY(memory_of(key_pem.get()));
  auto written = write_file(key_file, secret, 0600);
  OPENSSL_cleanse(secret.data(), secret.size());
  SL_TRY_VOID(std::move(written));
  return write_file(certificate_file, SL_TRY(memory_of(certificate_pem.get())), 0644);
}

Result<bool> ensure_certificate(const std::string& certificate_file, const std::string& key_file,
                                const CertificateOptions& options) {
  const bool has_certificate = ::access(certificate_file.c_str(), F_OK) == 0;
  const bool has_key = ::access(key_file.c_str(), F_OK) == 0;
  if (has_certificate && has_key) return false;
  if (has_certificate || has_key) {
    return fail(ErrorCode::NotFound,
                fmt::format("{} is there, but {} is not: bring it back, or remove the first to "
                            "have both made anew",
                            has_certificate ? certificate_file : key_file,
                            has_certificate ? key_file : certificate_file));
  }
  SL_TRY_VOID(make_certificate(certificate_file, key_file, options));
  return true;
}

Result<CertificateInfo> read_certificate(const std::string& certificate_file) {
  const BioPtr file(BIO_new_file(certificate_file.c_str(), "r"));
  if (!file) return openssl_failed(fmt::format("read {}", certificate_file));
  const CertificatePtr x(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (!x) {
    tls_error();
    return fail(ErrorCode::Malformed,
                fmt::format("{} holds no certificate in PEM form", certificate_file));
  }
  CertificateInfo out;
  out.sha256 = fingerprint_of(x.get());
  const BioPtr subject(BIO_new(BIO_s_mem()));
  if (subject &&
      X509_NAME_print_ex(subject.get(), X509_get_subject_name(x.get()), 0, XN_FLAG_RFC2253) > 0)
    out.subject = SL_TRY(memory_of(subject.get()));
  out.names = names_of(x.get());
  out.not_before = time_of(X509_get0_notBefore(x.get()));
  out.not_after = time_of(X509_get0_notAfter(x.get()));
  return out;
}

}  // namespace siploom::http

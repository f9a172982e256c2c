// Owners of OpenSSL's objects. (Inside the room, .cc files only.)
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace siploom::http {

template <class T, void (*kFree)(T*)>
struct OpensslFree {
  void operator()(T* object) const { kFree(object); }
};
inline void free_bio(BIO* bio) { BIO_free_all(bio); }
inline void free_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }

using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY, EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpensslFree<X509, X509_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO, free_bio>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES, free_names>>;

// "AB:CD:..", or "" when OpenSSL refuses.
std::string fingerprint_of(const X509* certificate);

}  // namespace siploom::http

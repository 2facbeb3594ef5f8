/* libcrypto of OpenSSL: message digests. */
#include <openssl/evp.h>

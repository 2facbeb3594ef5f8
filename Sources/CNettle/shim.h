/* nettle: SHA-256. A small library: libcrypto, with its tables to relocate, took half a millisecond of every start. */
#include <nettle/sha2.h>
#include <nettle/version.h>

/* SHA-256 of `count` bytes. */
static inline void sha256_of(const void *bytes, size_t count, uint8_t digest[SHA256_DIGEST_SIZE]) {
  struct sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, count, (const uint8_t *)bytes);
#if NETTLE_VERSION_MAJOR >= 4
  sha256_digest(&context, digest);
#else
  sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
#endif
}

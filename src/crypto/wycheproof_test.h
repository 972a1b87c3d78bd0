#ifndef CRYPTO_WYCHEPROOF_TEST_H
#define CRYPTO_WYCHEPROOF_TEST_H

#include "base/span.h"
#include "codec/json.h"

#include <stdbool.h>
#include <stdint.h>

/* Runs a file of Wycheproof's test vectors (C2SP/wycheproof, testvectors_v1) if the fixtures are there.
 * Only tests use this. */
struct wycheproof_case {
    struct json group;
    struct json test;
    uint64_t id; /* tcId */
};

/* Answers whether the implementation accepts the case and gives the expected output. */
typedef bool (*wycheproof_fn)(const struct wycheproof_case *c);

/* Where we differ from the file's verdict on purpose: returns why, or NULL if we must agree. For a verdict
 * of "acceptable" it must decide (NULL: must be accepted). */
typedef const char *(*wycheproof_differ_fn)(const struct wycheproof_case *c);

/* wycheproof_run compares every verdict and prints how many agreed, and each reason with its count. */
void wycheproof_run(const char *file, wycheproof_fn fn, wycheproof_differ_fn differ);

/* A field of the test (then of its group) as bytes or number; memory lives until the next case. A missing
 * field fails the test. */
struct span wycheproof_hex(const struct wycheproof_case *c, const char *name);
uint64_t wycheproof_number(const struct wycheproof_case *c, const char *name);
bool wycheproof_has_flag(const struct wycheproof_case *c, const char *flag);

#endif

#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes that somebody else owns: a pointer never travels without its length. p may be NULL
 * only if n is 0. */
struct span {
    const uint8_t *p;
    size_t n;
};

/* The same, writable. */
struct mspan {
    uint8_t *p;
    size_t n;
};

#define SPAN_EMPTY ((struct span){.p = 0, .n = 0})

/* SPAN_OF and MSPAN_OF take a whole array (not a pointer). */
#define SPAN_OF(array)  ((struct span){.p = (const uint8_t *)(array), .n = sizeof(array)})
#define MSPAN_OF(array) ((struct mspan){.p = (uint8_t *)(array), .n = sizeof(array)})

/* SPAN_LIT takes a string literal, without its terminating zero. */
#define SPAN_LIT(text) ((struct span){.p = (const uint8_t *)("" text), .n = sizeof("" text) - 1})

/* SPAN_INIT is the same for static initialisers, where C wants braces. */
#define SPAN_INIT(text) {.p = (const uint8_t *)("" text), .n = sizeof("" text) - 1}

static inline struct span span_of(const void *p, size_t n)
{
    return (struct span){.p = p, .n = n};
}

static inline struct mspan mspan_of(void *p, size_t n)
{
    return (struct mspan){.p = p, .n = n};
}

static inline struct span span_const(struct mspan m)
{
    return (struct span){.p = m.p, .n = m.n};
}

/* span_str is the span of a NUL-terminated string, without the NUL. */
struct span span_str(const char *text);

/* span_equal compares public bytes; for secrets use ct_equal (secret.h). */
bool span_equal(struct span a, struct span b);

/* span_compare orders by bytes, then by length: <0, 0, >0. */
int span_compare(struct span a, struct span b);

bool span_starts_with(struct span s, struct span prefix);

/* span_from drops the first n bytes; n is capped at s.n. */
struct span span_from(struct span s, size_t n);

/* span_first keeps the first n bytes; n is capped at s.n. */
struct span span_first(struct span s, size_t n);

/* span_take cuts the first n bytes (capped) off *s and returns them. */
struct span span_take(struct span *s, size_t n);

/* span_find returns the index of the first byte equal to b, or s.n. */
size_t span_find(struct span s, uint8_t b);

/* span_copy copies as many bytes as fit and returns that count; both may be empty. */
size_t span_copy(struct mspan to, struct span from);

struct mspan mspan_from(struct mspan m, size_t n);
struct mspan mspan_first(struct mspan m, size_t n);

#endif

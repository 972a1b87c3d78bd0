/* Spans: bytes with their length. */
#include "base/span.h"

#include <string.h>

static size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct span span_str(const char *text)
{
    return span_of(text, strlen(text));
}

bool span_equal(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int span_compare(struct span a, struct span b)
{
    size_t n = size_min(a.n, b.n);
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c != 0) {
        return c;
    }
    return (a.n > b.n) - (a.n < b.n);
}

bool span_starts_with(struct span s, struct span prefix)
{
    return s.n >= prefix.n && span_equal(span_first(s, prefix.n), prefix);
}

struct span span_from(struct span s, size_t n)
{
    n = size_min(n, s.n);
    return n ? span_of(s.p + n, s.n - n) : s;
}

struct span span_first(struct span s, size_t n)
{
    return span_of(s.p, size_min(n, s.n));
}

struct span span_take(struct span *s, size_t n)
{
    struct span head = span_first(*s, n);
    *s = span_from(*s, n);
    return head;
}

size_t span_find(struct span s, uint8_t b)
{
    const uint8_t *at = s.n ? memchr(s.p, b, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

size_t span_copy(struct mspan to, struct span from)
{
    size_t n = size_min(to.n, from.n);
    if (n) {
        memmove(to.p, from.p, n);
    }
    return n;
}

struct mspan mspan_from(struct mspan m, size_t n)
{
    n = size_min(n, m.n);
    return n ? mspan_of(m.p + n, m.n - n) : m;
}

struct mspan mspan_first(struct mspan m, size_t n)
{
    return mspan_of(m.p, size_min(n, m.n));
}

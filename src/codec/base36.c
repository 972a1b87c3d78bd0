/* Base36 in lower case: multiformats/multibase, "k". */
#include "codec/base36.h"

#include "codec/radix.h"

#include <assert.h>

static_assert((int)BASE36_BYTES_MAX == (int)RADIX_BYTES_MAX, "one bound for both");
static_assert((int)BASE36_TEXT_MAX == (int)RADIX_TEXT_MAX, "one bound for both");

static struct radix base36(void)
{
    return (struct radix){.digits = SPAN_LIT("0123456789abcdefghijklmnopqrstuvwxyz")};
}

void base36_encode(struct wr *w, struct span bytes)
{
    radix_encode(w, base36(), bytes);
}

enum err base36_decode(struct wr *w, struct span text)
{
    return radix_decode(w, base36(), text);
}

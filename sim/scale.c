/* What both large simulations share. */
#include "scale.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"

#include <stdlib.h>

void scale_peer(struct peer_id *ret_id, uint64_t salt, uint32_t i)
{
    uint8_t bytes[34] = {0x12, 0x20};
    struct wr w = wr_init(mspan_of(bytes + 2, 32));
    wr_be32(&w, i);
    wr_be64(&w, salt);
    check(peer_id_decode(ret_id, SPAN_OF(bytes)) == OK);
}

uint32_t scale_index(const struct peer_id *id)
{
    struct rd r = rd_init(span_from(peer_id_span(id), 2));
    uint32_t i = rd_be32(&r);
    return rd_ok(&r) ? i : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint64_t scale_rank(uint64_t *samples, size_t count, uint32_t thousandths)
{
    if (count == 0) {
        return 0;
    }
    qsort(samples, count, sizeof *samples, compare);
    size_t at = count * thousandths / 1000;
    return samples[at < count ? at : count - 1];
}

uint64_t scale_hash(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        hash = (hash ^ (value >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* ngtcp2's memory, charged to a connection's budget: each piece has its length in front. */
#include "base/arith.h"
#include "base/mem.h"
#include "p2p/quic_inside.h"

#include <string.h>

enum { HEAD_LEN = 16 /* keeps what follows aligned */ };

static size_t *head_of(void *p)
{
    return (size_t *)(void *)((uint8_t *)p - HEAD_LEN);
}

static void *take(size_t size, void *user)
{
    void *whole;
    size_t n = add_sat_size(size, HEAD_LEN);
    if (mem_alloc(user, &whole, n) != OK) {
        return NULL;
    }
    uint8_t *p = (uint8_t *)whole + HEAD_LEN;
    *head_of(p) = n;
    return p;
}

static void give(void *p, void *user)
{
    if (p) {
        mem_free(user, head_of(p), *head_of(p));
    }
}

static void *take_many(size_t count, size_t size, void *user)
{
    size_t n;
    return mul_ok_size(&n, count, size) ? take(n, user) : NULL; /* mem_alloc gives zeros */
}

static void *resize(void *p, size_t size, void *user)
{
    if (!p) {
        return take(size, user);
    }
    void *fresh = take(size, user);
    if (fresh) {
        memcpy(fresh, p, min_size(size, *head_of(p) - HEAD_LEN));
        give(p, user);
    }
    return fresh;
}

void quic_mem_init(ngtcp2_mem *mem, struct budget *budget)
{
    *mem = (ngtcp2_mem){
        .user_data = budget, .malloc = take, .free = give, .calloc = take_many, .realloc = resize};
}

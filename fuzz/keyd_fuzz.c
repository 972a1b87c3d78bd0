/* Requests to keyd. Input: capabilities, then requests, each with two bytes of length. Whatever comes, there is a
 * well-formed reply, and no key beyond the store's limit. The secrets follow from a fixed seed. */
#include "node/keyd/keyd.h"

#include "base/check.h"
#include "base/rd.h"
#include "crypto/backend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err accept_content(struct keyd_store *self, struct span content)
{
    (void)self;
    return content.n > 0 ? OK : ERR_INTERNAL;
}

static void ask(struct keyd *k, uint8_t capabilities, struct span request)
{
    static uint8_t reply[KEYD_REPLY_MAX];
    size_t n = keyd_answer(k, MSPAN_OF(reply), capabilities, request);
    check(n >= 7);
    check(n <= sizeof reply);
    check(reply[0] == KEYD_VERSION);
    check(reply[6] < ERR_COUNT);
    check(reply[6] == OK || n == 7);
    check(reply[6] != ERR_INTERNAL);
    check(k->keys_count <= KEYD_KEYS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct keyd_store store = {.save = accept_content};
    static struct keyd k;
    struct budget budget;
    struct rng_seeded rng;
    check(crypto_init() == OK);
    budget_init(&budget, NULL, "fuzz", KEYD_MEM);
    rng_seeded_init(&rng, 1);
    struct budget work;
    budget_init(&work, NULL, "work", 1 << 20);
    const struct keyd_cfg cfg = {
        .budget = &budget,
        .rng = &rng.rng,
        .store = &store,
        .work = &work,
        .phrase_cost = {.passes = 1, .memory_kib = 8}
    };
    check(keyd_init(&k, &cfg, SPAN_EMPTY) == OK);
    /* One key of each purpose, so that signing is reached. */
    static const uint8_t create[2][7] = {
        {1, KEYD_CREATE, 0, 0, 0, 0, KEYD_IDENTITY},
        {1, KEYD_CREATE, 0, 0, 0, 0, KEYD_BUNDLER }
    };
    ask(&k, KEYD_MAY_MANAGE, SPAN_OF(create[0]));
    ask(&k, KEYD_MAY_MANAGE, SPAN_OF(create[1]));
    struct rd r = rd_init(span_of(data, size));
    uint8_t capabilities = rd_u8(&r);
    while (rd_ok(&r) && r.rest.n > 0) {
        size_t n = rd_be16(&r);
        ask(&k, capabilities, rd_bytes(&r, n));
    }
    keyd_done(&k);
    check(budget.used == 0);
    check(work.used == 0);
    return 0;
}

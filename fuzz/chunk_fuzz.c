/* Chunks of packages: a request, or an answer in pieces with time in between. The first byte chooses which, and how it is cut. What parses is written and parsed alike; nothing but
 * the chunk that was wanted is ever taken. */
#include "base/check.h"
#include "plugin/chunk.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WANTED_LEN = 8, MEMORY = 1 << 20, SLOW_EVERY = 16, BUFFER_MAX = 256 };

static const uint8_t wanted[WANTED_LEN] = "passmesh";

static void look_at_request(struct span in)
{
    struct chunk_request r;
    struct chunk_request again;
    uint8_t room[CHUNK_REQUEST_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    if (chunk_request_parse(&r, in) != OK) {
        return;
    }
    chunk_request_write(&w, &r);
    check(wr_ok(&w));
    check(chunk_request_parse(&again, span_of(room + 1, w.n - 1)) == OK);
    check(memcmp(&again, &r, sizeof r) == 0);
}

static void look_at_answer(struct span in, size_t segment)
{
    struct budget budget;
    struct chunk_fetch f;
    struct chunk_want want = {.length = WANTED_LEN};
    instant now = {.us = 1};
    size_t pieces = 0;
    budget_init(&budget, NULL, "fuzz", MEMORY);
    sha256(&want.hash, SPAN_OF(wanted));
    chunk_fetch_init(&f, &want, &budget, now);
    while (in.n > 0 && f.outcome == CHUNK_PENDING) {
        if (chunk_fetch_recv(&f, span_take(&in, segment)) == CHUNK_GOT) {
            check(span_equal(f.bytes, SPAN_OF(wanted)));
        }
        if (++pieces % SLOW_EVERY == 0) {
            now = instant_add(now, US_PER_S);
            (void)chunk_fetch_tick(&f, now);
        }
        check(budget.used <= BUFFER_MAX);
    }
    check(chunk_fetch_end(&f) != CHUNK_PENDING);
    chunk_fetch_done(&f);
    check(budget.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct span in = span_of(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        look_at_request(in);
    } else {
        look_at_answer(in, (size_t)data[0] / 2 + 1);
    }
    return 0;
}

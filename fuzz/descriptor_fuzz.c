/* Descriptors of servers: the first byte chooses a descriptor, a question, an answer, or what comes of many in a store. What
 * is taken is written alike, and the store keeps its bounds. */
#include "base/check.h"
#include "service/descriptor_store.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KINDS = 4, MEMORY = 1 << 20, PLACES = 4, STEP_LEN = 6, NOW = 100000 };

static uint8_t room[DIRECTORY_ANSWER_LEN_MAX + 8];

static void look_at_descriptor(struct span in)
{
    struct descriptor d;
    struct descriptor again;
    struct wr w = wr_init(MSPAN_OF(room));
    if (in.n > DESCRIPTOR_SEALED_LEN_MAX || descriptor_decode(&d, in) != OK) {
        return;
    }
    descriptor_encode(&w, &d);
    check(wr_ok(&w));
    check(descriptor_decode(&again, span_of(room, w.n)) == OK);
    check(again.seq == d.seq && again.expires_s == d.expires_s);
    check(again.addrs_count == d.addrs_count && again.chains_count == d.chains_count);
    check(span_equal(again.peer, d.peer) && span_equal(again.operator_name, d.operator_name));
}

static void look_at_question(struct span in)
{
    uint64_t chain;
    uint64_t again;
    struct wr w = wr_init(MSPAN_OF(room));
    if (directory_question_parse(&chain, in) != OK) {
        return;
    }
    directory_question_write(&w, chain);
    check(directory_question_parse(&again, span_of(room + 1, w.n - 1)) == OK);
    check(again == chain);
}

static void look_at_answer(struct span in)
{
    struct directory_answer a;
    struct wr w = wr_init(MSPAN_OF(room));
    if (directory_answer_parse(&a, in) != OK) {
        return;
    }
    check(a.count <= DIRECTORY_ANSWER_MAX);
    directory_answer_write(&w, &a);
    check(wr_ok(&w));
}

/* Each step of six bytes: a peer, its sequence, a place, the time, how a dial of it went, how long it is valid. */
static void step(struct descriptor_store *s, const uint8_t *x)
{
    static const uint8_t addr[] = {4, 192, 0, 2, 1, 6, 0x0f, 0xa1};
    uint64_t now = NOW + x[3] * 60u;
    struct descriptor d = {.peer = span_of(x, 1),
                           .seq = x[1] + 1u,
                           .issued_s = now,
                           .expires_s = now + 1 + x[5] * 300u,
                           .addrs_count = 1,
                           .addrs = {SPAN_OF(addr)},
                           .chains_count = 1,
                           .chains = {{.id = 1}}};
    struct descriptor_places places = {.count = 1, .list = {x[2] % PLACES}};
    struct wr w = wr_init(MSPAN_OF(room));
    descriptor_encode(&w, &d);
    check(wr_ok(&w));
    struct descriptor_put put = {.descriptor = &d,
                                 .places = &places,
                                 .sealed = span_of(room, w.n),
                                 .payload = span_of(room, w.n)};
    if (x[4] % 4 < 2) {
        descriptor_store_dialled(s, d.peer, x[4] % 4 == 0, now);
    }
    const struct descriptor_entry *e = descriptor_store_find(s, d.peer);
    uint64_t before = e ? e->seq : 0;
    if (descriptor_store_judge(s, &d, &places, now) == DESCRIPTOR_TAKEN) {
        check(d.seq > before);
        enum descriptor_verdict v = descriptor_store_put(s, &put, now);
        check(v == DESCRIPTOR_TAKEN || v == DESCRIPTOR_FULL);
    }
}

static void look_at_store(struct span in)
{
    struct budget budget;
    struct descriptor_store s;
    budget_init(&budget, NULL, "fuzz", MEMORY);
    descriptor_store_init(&s, &(struct descriptor_store_cfg){.count_max = 8, .parent = &budget});
    while (in.n >= STEP_LEN) {
        step(&s, span_take(&in, STEP_LEN).p);
        check(s.entries.count <= 8);
        check(s.budget.used <= s.budget.limit);
    }
    descriptor_store_done(&s);
    check(budget.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct span in = span_of(data + 1, size - 1);
    switch (data[0] % KINDS) {
    case 0:  look_at_descriptor(in); break;
    case 1:  look_at_question(in); break;
    case 2:  look_at_answer(in); break;
    default: look_at_store(in); break;
    }
    return 0;
}

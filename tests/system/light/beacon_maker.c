/* usage: beacon_maker GENESIS_TIME SECONDS_PER_SLOT EPOCHS_PER_PERIOD FORGED_FROM
 * A consensus chain with keys of its own, in the form of the minimal preset but for its periods, Fulu from genesis: what its beacon
 * node would serve to light clients. From period FORGED_FROM on (0: never) others sign, as if who once held the keys before had
 * handed the chain to them. It reads questions from standard input, a line each, and answers each with a line of words:
 *
 *     chain                                          VALIDATORS_ROOT VERSION...
 *     bootstrap SLOT                                 ROOT SSZ
 *     update PERIOD                                  LENGTH_DIGEST_SSZ        as REST frames it, signed in its slot UPDATE_SLOT
 *     finality SLOT SIGNERS BLOCK                    SSZ       signed in SLOT, of the slot before, carrying this block
 *     optimistic SLOT SIGNERS BLOCK                  SSZ
 *
 * BLOCK is HASH STATE_ROOT NUMBER TIME BASE_FEE, hashes in hex, numbers in decimal. */
#include "base/check.h"
#include "beacon/lc_store.h"
#include "beacon/maker_test.h"
#include "codec/base16.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LEN_MAX = 256, OUT_LEN_MAX = 64 * 1024, EPOCH_SLOTS = 8, OTHERS = 1000000 };

/* What is asked about as newest has to be of a later slot of its period: the block of this one carries none of the execution chain,
 * and a second block for it would be a committee that signs twice. */
enum { UPDATE_SLOT = 25 };

static struct chain_spec chain;
static struct maker_committee
    committees[2]; /* of the period last asked about, and the one after it */
static uint64_t first_period = UINT64_MAX;
static uint64_t forged_from;

/* Makes the committees of a period and the next one. */
static void committees_make(uint64_t period)
{
    if (period != first_period) {
        first_period = period;
        for (uint64_t i = 0; i < 2; i++) {
            bool is_forged = forged_from > 0 && period + i >= forged_from;
            maker_committee_init(&committees[i], &chain, period + i + 1 + (is_forged ? OTHERS : 0));
        }
    }
}

static void print_hex(struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        (void)printf("%02x", bytes.p[i]);
    }
}

static void say_chain(void)
{
    print_hex(SPAN_OF(chain.genesis_validators_root.bytes));
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        (void)putchar(' ');
        print_hex(SPAN_OF(chain.forks[f].version));
    }
}

static void say_bootstrap(uint64_t slot)
{
    static uint8_t room[OUT_LEN_MAX];
    static struct lc_bootstrap b;
    struct wr w = wr_init(MSPAN_OF(room));
    struct hash32 root;
    committees_make(chain_period_of(&chain, slot));
    maker_bootstrap(&b, &chain, slot, &committees[0], &committees[1]);
    maker_encode_bootstrap(&w, FORK_FULU, &b);
    check(wr_ok(&w));
    lc_beacon_root(&root, &b.header.beacon);
    print_hex(SPAN_OF(root.bytes));
    (void)putchar(' ');
    print_hex(span_of(room, w.n));
}

static void make(struct lc_update *u, struct maker_plan *plan, uint64_t period)
{
    plan->chain = &chain;
    committees_make(period);
    plan->current = &committees[0];
    plan->next = &committees[1];
    uint64_t signing = chain_period_of(&chain, plan->signature_slot);
    plan->committee = signing == period ? plan->current : plan->next;
    maker_update(u, plan);
}

static void say_update(uint64_t period)
{
    static uint8_t room[OUT_LEN_MAX];
    static struct lc_update u;
    uint8_t digest[4];
    struct wr w = wr_init(MSPAN_OF(room));
    uint64_t first = period * chain.epochs_per_period * EPOCH_SLOTS;
    struct maker_plan plan = {.attested_slot = first + UPDATE_SLOT - 1,
                              .finalized_slot = first + EPOCH_SLOTS,
                              .signature_slot = first + UPDATE_SLOT,
                              .signers = chain.committee_size,
                              .brings_committee = true};
    make(&u, &plan, period);
    maker_encode_update(&w, &chain, FORK_FULU, &u, MAKER_UPDATE);
    check(wr_ok(&w));
    check(chain_digest_at(digest, &chain, chain_epoch_of(&chain, plan.attested_slot)) == OK);
    uint8_t head[12];
    struct wr h = wr_init(MSPAN_OF(head));
    wr_le64(&h, w.n + sizeof digest);
    wr_bytes(&h, SPAN_OF(digest));
    print_hex(SPAN_OF(head));
    print_hex(span_of(room, w.n));
}

struct newest {
    uint64_t slot;
    uint64_t signers;
    struct maker_block block;
};

static void say_newest(const struct newest *x, enum maker_form form)
{
    static uint8_t room[OUT_LEN_MAX];
    static struct lc_update u;
    struct wr w = wr_init(MSPAN_OF(room));
    uint64_t attested = x->slot - 1;
    uint64_t final = attested / EPOCH_SLOTS * EPOCH_SLOTS;
    /* Both forms are of one header, whose state has the finalized root. */
    struct maker_plan plan = {.block = &x->block,
                              .attested_slot = attested,
                              .finalized_slot = final - 2 * EPOCH_SLOTS,
                              .signature_slot = x->slot,
                              .signers = (size_t)x->signers};
    make(&u, &plan, chain_period_of(&chain, attested));
    maker_encode_update(&w, &chain, FORK_FULU, &u, form);
    check(wr_ok(&w));
    print_hex(span_of(room, w.n));
}

static bool read_hash(struct hash32 *ret, char **at)
{
    enum { HEX_LEN = 2 * sizeof ret->bytes };
    *at += **at == ' ';
    if (strlen(*at) < HEX_LEN ||
        base16_decode_fixed(MSPAN_OF(ret->bytes), span_of(*at, HEX_LEN)) != OK) {
        return false;
    }
    *at += HEX_LEN;
    return true;
}

static bool read_newest(struct newest *ret, const char *args)
{
    char *at;
    ret->slot = strtoull(args, &at, 10);
    ret->signers = strtoull(at, &at, 10);
    if (!read_hash(&ret->block.hash, &at) || !read_hash(&ret->block.state_root, &at)) {
        return false;
    }
    ret->block.number = strtoull(at, &at, 10);
    ret->block.time = strtoull(at, &at, 10);
    ret->block.base_fee = strtoull(at, &at, 10);
    return *at == '\0';
}

static bool answer(const char *line)
{
    struct newest x;
    if (strcmp(line, "chain") == 0) {
        say_chain();
    } else if (strncmp(line, "bootstrap ", 10) == 0) {
        say_bootstrap(strtoull(line + 10, NULL, 10));
    } else if (strncmp(line, "update ", 7) == 0) {
        say_update(strtoull(line + 7, NULL, 10));
    } else if (strncmp(line, "finality ", 9) == 0 && read_newest(&x, line + 9)) {
        say_newest(&x, MAKER_FINALITY);
    } else if (strncmp(line, "optimistic ", 11) == 0 && read_newest(&x, line + 11)) {
        say_newest(&x, MAKER_OPTIMISTIC);
    } else {
        return false;
    }
    (void)putchar('\n');
    return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
    char line[LINE_LEN_MAX];
    if (argc != 5) {
        (void)fputs(
            "usage: beacon_maker GENESIS_TIME SECONDS_PER_SLOT EPOCHS_PER_PERIOD FORGED_FROM\n",
            stderr);
        return 2;
    }
    chain = maker_chain(FORK_FULU);
    chain.genesis_time = strtoull(argv[1], NULL, 10);
    chain.seconds_per_slot = strtoull(argv[2], NULL, 10);
    chain.epochs_per_period = strtoull(argv[3], NULL, 10);
    forged_from = strtoull(argv[4], NULL, 10);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!answer(line)) {
            (void)fprintf(stderr, "no such question: %s\n", line);
            return 1;
        }
    }
    return 0;
}

#ifndef WALLET_FIGURE_H
#define WALLET_FIGURE_H

#include "base/err.h"
#include "evm/u256.h"
#include "service/proven.h"
#include "service/proven_chain.h"
#include "wallet/inclusion.h"

#include <stdbool.h>
#include <stdint.h>

/* How a figure was checked. The least comes first, so that what nobody set is worth the least. */
enum grade {
    GRADE_REPORTED, /* one server's word, or this wallet's own arithmetic on it */
    GRADE_AGREED,   /* k independent servers gave the same answer */
    GRADE_PROVEN,   /* a Merkle proof under the hash of a block that the anchor named */
};

const char *grade_name(enum grade g);

/* The least of two: what rests on both is worth no more than the worse. */
enum grade grade_worse(enum grade a, enum grade b);

/* Where the hash of a trusted block comes from. */
enum anchor {
    ANCHOR_NONE,          /* from nowhere: nothing can be proven on this chain */
    ANCHOR_HEADER_SOURCE, /* a node that the network's file names: its word, and no consensus behind it */
    ANCHOR_LIGHT_CLIENT, /* two thirds of the sync committee have signed it */
};

const char *anchor_name(enum anchor a);

/* A number and how far it can be trusted. Its member is for figure.c alone (the banned check looks for its name
 * elsewhere): figure_prove is the only function that makes a proven one, and it takes the number out of the proof itself. */
struct figure {
    struct {
        struct u256 value; /* of the smallest unit */
        enum grade grade;
        enum anchor anchor; /* of PROVEN */
        uint8_t k;
        uint8_t n;
        uint64_t block;    /* 0: belongs to none */
        uint64_t as_of_ms; /* Unix time */
        const char *why;   /* static text: a code of kind "why" (api/codes.json) */
    } only_figure_c;
};

/* What of a proven account is meant. */
enum figure_part { FIGURE_BALANCE, FIGURE_SLOT, FIGURE_BASE_FEE, FIGURE_NONCE };
struct figure_claim {
    enum figure_part part;
    const uint8_t *slot; /* SLOT: 32 bytes */
    unsigned bits; /* SLOT: of the value, the low ones; 0: all. Tokens keep marks in the others */
    enum anchor anchor;
    uint64_t as_of_ms;
};

/* figure_prove: ERR_NOT_FOUND: the slot was not asked for; ERR_STATE: without an anchor nothing is proven. */
MUST_CHECK enum err
figure_prove(struct figure *ret, const struct proven_account *p, const struct figure_claim *claim);

/* figure_prove_fee makes one of what an operation cost, out of the receipt. Of claim anchor and as_of_ms count. Errors as
 * inclusion_read, ERR_STATE as above. */
MUST_CHECK enum err figure_prove_fee(struct figure *ret,
                                     const struct proven_inclusion *p,
                                     const struct inclusion_of *what,
                                     const struct figure_claim *claim);

/* figure_prove_transfer makes one of the amount in the log that proven_logs_next gave last: ERR_NOT_FOUND: that is no transfer of a
 * token. Its why says that this payment is in the chain; figure_complete, that there is no other, for all logs of its range were
 * looked at. Of claim anchor and as_of_ms count; ERR_STATE as above. */
MUST_CHECK enum err figure_prove_transfer(struct figure *ret,
                                          const struct proven_logs *p,
                                          const struct figure_claim *claim);
void figure_complete(struct figure *f);

/* figure_restore gives back one that was proven before it was written into the wallet's own store: value, block, anchor and time as they
 * were. Of ANCHOR_NONE: what k of n servers said. */
enum figure_ground {
    FIGURE_BY_PROOF,    /* of the state, or of a receipt */
    FIGURE_BY_LOG,      /* of a transfer */
    FIGURE_BY_ALL_LOGS, /* and it is complete */
};
struct figure_kept {
    struct u256 value;
    enum anchor anchor;
    uint64_t block;
    uint64_t as_of_ms;
    enum figure_ground ground;
    uint8_t k; /* of ANCHOR_NONE; 0 is 1 */
    uint8_t n;
};
struct figure figure_restore(const struct figure_kept *kept);

/* figure_say makes a figure of what k of n servers said; agreed if at least two did and none said otherwise. */
struct figure_said {
    uint8_t k;
    uint8_t n;
    bool is_own_node; /* the person's */
    bool is_local;    /* a local test network */
    bool is_disputed; /* others said something else, and k is not the majority */
    bool is_majority; /* others said something else, and k is */
    bool is_middle;   /* the middle of n different answers */
    uint64_t block;
    uint64_t as_of_ms;
};
struct figure figure_say(struct u256 value, const struct figure_said *said);

/* figure_own: what this wallet made, or the person entered. */
struct figure figure_own(struct u256 value, uint64_t as_of_ms);

struct u256 figure_value(const struct figure *f);
enum grade figure_grade(const struct figure *f);
enum anchor figure_anchor(const struct figure *f);
const char *figure_why(const struct figure *f); /* never NULL */
uint8_t figure_k(const struct figure *f);
uint8_t figure_n(const struct figure *f);
uint64_t figure_block(const struct figure *f);
uint64_t figure_as_of_ms(const struct figure *f);
bool figure_is_disputed(const struct figure *f);
enum figure_ground figure_ground(const struct figure *f);

#endif

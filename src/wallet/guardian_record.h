#ifndef WALLET_GUARDIAN_RECORD_H
#define WALLET_GUARDIAN_RECORD_H

#include "codec/protobuf.h"
#include "crypto/hash.h"
#include "evm/account_recovery.h"
#include "wallet/text.h"

/* What an account's record holds of its guardians: the names that the owner gave them, and whether they are a way in. */
enum {
    /* Those that there are, and as many that a setting will put in their place. */
    GUARDIAN_NAME_COUNT_MAX = 2 * GUARDIAN_COUNT_MAX,
    GUARDIAN_WAY_COUNT_MAX = 4, /* networks */
};

struct guardian_name {
    struct smart_owner guardian;
    struct name name;
};

/* Guardians of one network, as they were read last. */
struct guardian_way {
    struct id network;
    uint64_t read_ms;   /* Unix time of that reading */
    uint64_t stored_ms; /* of the one that is in the store: not in the record */
    uint32_t count;     /* all of them */
    uint32_t threshold; /* so many decide */
    bool
        is_enough; /* as many as decide are no owners of the account, and no more than one call carries */
    struct hash32 list; /* SHA-256 of the guardians and how many decide: others are not proven */
    uint64_t proven_ms; /* when a quorum answered a practice request last; 0: never */
    uint32_t proven_by; /* so many answered it, owners not counted */
};

/* guardian_name_write and guardian_way_write append one field of that number. ERR_LIMIT: w is full. */
MUST_CHECK enum err
guardian_name_write(struct wr *w, uint32_t number, const struct guardian_name *n);
MUST_CHECK enum err
guardian_way_write(struct wr *w, uint32_t number, const struct guardian_way *way);

/* guardian_name_read and guardian_way_read read one: ERR_MALFORMED, ERR_LIMIT; *ret is untouched then. */
MUST_CHECK enum err guardian_name_read(struct guardian_name *ret, const struct protobuf_field *f);
MUST_CHECK enum err guardian_way_read(struct guardian_way *ret, const struct protobuf_field *f);

#endif

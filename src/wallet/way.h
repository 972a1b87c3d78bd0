#ifndef WALLET_WAY_H
#define WALLET_WAY_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ways into the vault, each with the time when it was proven last: docs/vault.md "The ways in, and the drill". The key process has no
 * clock that outlives it, so the dates are the wallet's; which ways there are, is what the key process says. */
enum way_kind { WAY_PASSKEY = 1, WAY_PHRASE = 2 };

/* As many as a capsule has recipients (wallet/capsule.h). */
enum { WAY_COUNT_MAX = 8 };

struct way {
    enum way_kind kind;
    struct hash32 name; /* SHA-256 of a passkey's credential id; zero of the phrase: there is one */
    uint64_t proven_ms; /* Unix time; 0: never */
};

struct way_list {
    struct way items[WAY_COUNT_MAX];
    size_t count;
    uint64_t generation;        /* of the vault */
    uint64_t backup_ms;         /* when a backup file was proven last; 0: never */
    uint64_t backup_generation; /* of the vault in it */
    bool lacks_accounts;        /* the vault came here without its accounts: a copy of a server's */
};

struct way way_of_passkey(struct span credential_id);
struct way way_of_phrase(void);

/* way_find: NULL if there is none of that kind and name. */
struct way *way_find(struct way_list *list, const struct way *way);

/* way_is_due: a way that was proven then, or never, is to be proven again: 180 days have passed. */
bool way_is_due(uint64_t proven_ms, uint64_t unix_ms);

/* way_backup_is_due: no backup file was proven, or not for 180 days, or the vault has changed since it was made. */
bool way_backup_is_due(const struct way_list *list, uint64_t unix_ms);

/* way_list_encode appends the record; way_list_decode refuses what it cannot hold: ERR_MALFORMED, ERR_LIMIT. */
MUST_CHECK enum err way_list_encode(struct buf *out, const struct way_list *list);
MUST_CHECK enum err way_list_decode(struct way_list *ret, struct span record);

#endif

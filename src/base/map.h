#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"

/* A hash map from byte keys (up to MAP_KEY_LEN_MAX, copied in) to pointers. The hash is SipHash-2-4
 * (Aumasson and Bernstein 2012) under a random seed, so a peer cannot choose keys that collide.
 * Iteration goes in order of insertion (removal moves the last entry into the hole), which is the
 * same for the same calls whatever the seed. */
enum { MAP_KEY_LEN_MAX = 64 };

struct map_entry {
    void *value;
    uint8_t key_len;
    uint8_t key[MAP_KEY_LEN_MAX];
};

struct map {
    struct map_entry *entries; /* dense, count of them */
    uint32_t *slots;           /* open addressing: entry index + 1, 0 = free */
    size_t count;
    size_t entry_cap;
    size_t slot_cap; /* power of two, 0 = none yet */
    size_t count_max;
    uint64_t seed[2];
    struct budget *budget;
};

struct map_cfg {
    size_t count_max;
    uint64_t seed[2];
};

void map_init(struct map *m, struct budget *budget, struct map_cfg cfg);
void map_done(struct map *m);

/* map_add puts key -> value: ERR_STATE if the key is there already, ERR_LIMIT at count_max, budget or
 * a key longer than MAP_KEY_LEN_MAX. value must not be NULL. */
MUST_CHECK enum err map_add(struct map *m, struct span key, void *value);

/* map_find returns NULL if there is none. */
void *map_find(const struct map *m, struct span key);

/* map_remove returns the value that was there, or NULL. */
void *map_remove(struct map *m, struct span key);

/* map_at gives entry i of count, for iteration. Valid until the next add or remove. */
const struct map_entry *map_at(const struct map *m, size_t i);

/* siphash24 is the keyed hash itself. */
uint64_t siphash24(const uint64_t seed[static 2], struct span in);

#endif

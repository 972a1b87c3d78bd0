/* Seeded hash map with dense entries. */
#include "base/map.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"

#include <string.h>

static uint64_t rotl(uint64_t x, unsigned k)
{
    return x << k | x >> (64 - k);
}

static void sip_round(uint64_t v[static 4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

static uint64_t load_le(const uint8_t *p, size_t n)
{
    uint64_t w = 0;
    for (size_t i = 0; i < n; i++) {
        w |= (uint64_t)p[i] << (8 * i);
    }
    return w;
}

uint64_t siphash24(const uint64_t seed[static 2], struct span in)
{
    uint64_t v[4] = {seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
                     seed[0] ^ UINT64_C(0x6c7967656e657261),
                     seed[1] ^ UINT64_C(0x7465646279746573)};
    size_t whole = in.n - in.n % 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t w = load_le(in.p + i, 8);
        v[3] ^= w;
        sip_round(v);
        sip_round(v);
        v[0] ^= w;
    }
    uint64_t last = (uint64_t)(in.n & 0xff) << 56;
    if (in.n > whole) {
        last |= load_le(in.p + whole, in.n - whole);
    }
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m, struct budget *budget, struct map_cfg cfg)
{
    check(cfg.count_max < UINT32_MAX / 4);
    *m = (struct map){
        .budget = budget, .count_max = cfg.count_max, .seed = {cfg.seed[0], cfg.seed[1]}
    };
}

void map_done(struct map *m)
{
    mem_free(m->budget, m->entries, m->entry_cap * sizeof *m->entries);
    mem_free(m->budget, m->slots, m->slot_cap * sizeof *m->slots);
    m->entries = NULL;
    m->slots = NULL;
    m->count = 0;
    m->entry_cap = 0;
    m->slot_cap = 0;
}

static struct span entry_key(const struct map_entry *e)
{
    return span_of(e->key, e->key_len);
}

/* find_slot returns the slot that holds key, or the free slot where it would go. */
static size_t find_slot(const struct map *m, struct span key)
{
    check(m->slot_cap > m->count);
    size_t mask = m->slot_cap - 1;
    size_t i = (size_t)siphash24(m->seed, key) & mask;
    while (m->slots[i] && !span_equal(entry_key(&m->entries[m->slots[i] - 1]), key)) {
        i = (i + 1) & mask;
    }
    return i;
}

static enum err grow_entries(struct map *m)
{
    size_t cap = min_size(m->count_max, max_size(4, m->entry_cap * 2));
    void *p = m->entries;
    struct mem_resize_args args = {.n_old = m->entry_cap * sizeof *m->entries,
                                   .n_new = cap * sizeof *m->entries};
    TRY(mem_resize(m->budget, &p, args));
    m->entries = p;
    m->entry_cap = cap;
    return OK;
}

static enum err grow_slots(struct map *m)
{
    size_t cap = max_size(8, m->slot_cap * 2);
    void *p;
    TRY(mem_alloc(m->budget, &p, cap * sizeof *m->slots));
    mem_free(m->budget, m->slots, m->slot_cap * sizeof *m->slots);
    m->slots = p;
    m->slot_cap = cap;
    for (size_t i = 0; i < m->count; i++) {
        m->slots[find_slot(m, entry_key(&m->entries[i]))] = (uint32_t)i + 1;
    }
    return OK;
}

enum err map_add(struct map *m, struct span key, void *value)
{
    check(value);
    if (key.n > MAP_KEY_LEN_MAX) {
        return ERR_LIMIT;
    }
    if (map_find(m, key)) {
        return ERR_STATE;
    }
    if (m->count >= m->count_max) {
        return ERR_LIMIT;
    }
    if (m->count == m->entry_cap) {
        TRY(grow_entries(m));
    }
    if ((m->count + 1) * 2 > m->slot_cap) {
        TRY(grow_slots(m));
    }
    struct map_entry *e = &m->entries[m->count];
    e->value = value;
    e->key_len = (uint8_t)key.n;
    span_copy(MSPAN_OF(e->key), key);
    m->slots[find_slot(m, key)] = (uint32_t)m->count + 1;
    m->count++;
    return OK;
}

void *map_find(const struct map *m, struct span key)
{
    if (m->count == 0 || key.n > MAP_KEY_LEN_MAX) {
        return NULL;
    }
    uint32_t index = m->slots[find_slot(m, key)];
    return index ? m->entries[index - 1].value : NULL;
}

/* Backward-shift deletion keeps every probe sequence unbroken without tombstones. */
static void free_slot(struct map *m, size_t hole)
{
    size_t mask = m->slot_cap - 1;
    size_t i = hole;
    for (;;) {
        i = (i + 1) & mask;
        if (!m->slots[i]) {
            break;
        }
        size_t home = (size_t)siphash24(m->seed, entry_key(&m->entries[m->slots[i] - 1])) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = 0;
}

void *map_remove(struct map *m, struct span key)
{
    if (!map_find(m, key)) {
        return NULL;
    }
    size_t slot = find_slot(m, key);
    size_t index = m->slots[slot] - 1;
    void *value = m->entries[index].value;
    free_slot(m, slot);
    size_t last = m->count - 1;
    if (index != last) {
        m->slots[find_slot(m, entry_key(&m->entries[last]))] = (uint32_t)index + 1;
        m->entries[index] = m->entries[last];
    }
    memset(&m->entries[last], 0, sizeof m->entries[last]);
    m->count--;
    return value;
}

const struct map_entry *map_at(const struct map *m, size_t i)
{
    check(i < m->count);
    return &m->entries[i];
}

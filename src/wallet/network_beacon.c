/* The consensus chain of a network: section [beacon] of its file. Either chain = NAME of one that is built in, or all of it. */
#include "codec/base16.h"
#include "codec/ini.h"
#include "evm/u256.h"
#include "wallet/network.h"

#include <string.h>

static bool span_is(struct span s, const char *text)
{
    return span_equal(s, span_str(text));
}

static enum err get_u64(uint64_t *ret, struct span text, uint64_t max)
{
    struct u256 wide;
    uint64_t value;
    if (u256_parse_decimal(&wide, text) != OK || u256_to_u64(&value, wide) != OK || value > max) {
        return ERR_MALFORMED;
    }
    *ret = value;
    return OK;
}

static const char *const fork_names[FORK_COUNT] = {
    [FORK_ALTAIR] = "altair", [FORK_BELLATRIX] = "bellatrix", [FORK_CAPELLA] = "capella",
    [FORK_DENEB] = "deneb",   [FORK_ELECTRA] = "electra",     [FORK_FULU] = "fulu",
};

/* "0x01000000 74240": version and epoch. */
static enum err get_fork(struct chain_spec *c, enum beacon_fork f, struct span v)
{
    size_t blank = 0;
    while (blank < v.n && v.p[blank] != ' ') {
        blank++;
    }
    if (blank == v.n ||
        base16_decode_fixed_0x(MSPAN_OF(c->forks[f].version), span_first(v, blank)) != OK) {
        return ERR_MALFORMED;
    }
    return get_u64(&c->forks[f].epoch, span_from(v, blank + 1), UINT32_MAX);
}

static void begin(struct network *n)
{
    if (n->has_beacon) {
        return;
    }
    n->has_beacon = true;
    n->beacon = (struct chain_spec){.name = "own"};
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        n->beacon.forks[f].epoch = CHAIN_EPOCH_NEVER;
    }
}

static enum err get_chain(struct network *n, struct span v)
{
    static const struct chain_spec *const built_in[] = {&chain_mainnet, &chain_sepolia};
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
        if (span_is(v, built_in[i]->name)) {
            n->beacon = *built_in[i];
            return OK;
        }
    }
    return ERR_MALFORMED;
}

static enum err get_key(struct network *n, const struct ini_entry *e)
{
    struct chain_spec *c = &n->beacon;
    uint64_t size;
    if (span_is(e->key, "chain")) {
        return get_chain(n, e->value);
    }
    if (span_is(e->key, "genesis_time")) {
        return get_u64(&c->genesis_time, e->value, UINT32_MAX);
    }
    if (span_is(e->key, "genesis_validators_root")) {
        return base16_decode_fixed_0x(MSPAN_OF(c->genesis_validators_root.bytes), e->value);
    }
    if (span_is(e->key, "seconds_per_slot")) {
        return get_u64(&c->seconds_per_slot, e->value, 3600);
    }
    if (span_is(e->key, "slots_per_epoch")) {
        return get_u64(&c->slots_per_epoch, e->value, 1024);
    }
    if (span_is(e->key, "epochs_per_period")) {
        return get_u64(&c->epochs_per_period, e->value, 1024);
    }
    if (span_is(e->key, "committee_size")) {
        TRY(get_u64(&size, e->value, CHAIN_COMMITTEE_MAX));
        c->committee_size = (size_t)size;
        return size % 8 == 0 ? OK : ERR_MALFORMED;
    }
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        if (span_is(e->key, fork_names[f])) {
            return get_fork(c, f, e->value);
        }
    }
    return ERR_NOT_FOUND;
}

enum err network_beacon_key(struct network *n, const struct ini_entry *e, struct diag *diag)
{
    begin(n);
    enum err err = get_key(n, e);
    if (err == OK) {
        return OK;
    }
    return diag_set(diag, ERR_MALFORMED,
                    err == ERR_NOT_FOUND ? "unknown key in [beacon]"
                                         : "a value of [beacon] is not what its key needs",
                    e->line);
}

enum err network_beacon_check(const struct network *n, struct diag *diag)
{
    const struct chain_spec *c = &n->beacon;
    bool has_fork = c->forks[FORK_ALTAIR].epoch != CHAIN_EPOCH_NEVER;
    for (enum beacon_fork f = FORK_BELLATRIX; f < FORK_COUNT; f++) {
        has_fork |= c->forks[f].epoch != CHAIN_EPOCH_NEVER;
    }
    bool is_whole = c->genesis_time && c->seconds_per_slot && c->slots_per_epoch &&
                    c->epochs_per_period && c->committee_size && has_fork;
    if (n->has_beacon && !is_whole) {
        return diag_set(
            diag, ERR_MALFORMED,
            "[beacon] needs chain, or genesis_time, genesis_validators_root, "
            "seconds_per_slot, slots_per_epoch, epochs_per_period, committee_size and a fork",
            1);
    }
    return OK;
}

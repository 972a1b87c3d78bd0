/* Network files: networks/NAME.ini. */
#include "wallet/network.h"

#include "codec/base16.h"
#include "codec/decimal.h"
#include "codec/ini.h"
#include "evm/deployments.h"
#include "evm/u256.h"

#include <string.h>

/* Keys that must be there once each; the bit number is the place in this list. */
static const char *const needed[] = {"id",     "name",        "chain_id", "kind",
                                     "symbol", "native_name", "block_ms", "final_after"};
enum { NEEDED_COUNT = sizeof needed / sizeof needed[0] };

struct reading {
    struct network *n;
    uint32_t seen;
    struct diag *diag;
    size_t line;
};

static enum err refuse(const struct reading *r, const char *rule)
{
    return diag_set(r->diag, ERR_MALFORMED, rule, r->line);
}

static bool span_is(struct span s, const char *text)
{
    return span_equal(s, span_str(text));
}

static enum err read_u64(const struct reading *r, uint64_t *ret, struct span v, uint64_t max)
{
    struct u256 wide;
    uint64_t value;
    if (u256_parse_decimal(&wide, v) != OK || u256_to_u64(&value, wide) != OK || value > max) {
        return refuse(r, "the value is a whole number within its range");
    }
    *ret = value;
    return OK;
}

static enum err read_address(const struct reading *r, struct address *ret, struct span v)
{
    enum address_checksum sum;
    if (address_parse(ret, &sum, v) != OK || sum == ADDRESS_CHECKSUM_WRONG) {
        return refuse(r, "the value is an address with a right checksum");
    }
    return OK;
}

static enum err
read_symbol(const struct reading *r, char ret[static SYMBOL_LEN_MAX + 1], struct span v)
{
    struct name checked;
    if (v.n > SYMBOL_LEN_MAX || name_parse(&checked, v) != OK) {
        return refuse(r, "a symbol is 1 to 32 bytes of text");
    }
    text_set(ret, SYMBOL_LEN_MAX + 1, v);
    return OK;
}

static enum err read_name(const struct reading *r, struct name *ret, struct span v)
{
    return name_parse(ret, v) == OK ? OK : refuse(r, "a name is 1 to 64 bytes of text");
}

static enum err read_kind(const struct reading *r, struct span v)
{
    for (enum network_kind k = NETWORK_LOCAL; k <= NETWORK_MAIN; k++) {
        if (span_is(v, network_kind_name(k))) {
            r->n->kind = k;
            return OK;
        }
    }
    return refuse(r, "kind is local, test or main");
}

static enum err read_bootstrap(const struct reading *r, struct span v)
{
    if (v.n == 0 || v.n > NETWORK_BOOTSTRAP_LEN_MAX) {
        return refuse(r, "bootstrap is a multiaddr of at most 255 characters");
    }
    if (r->n->bootstrap_count >= NETWORK_BOOTSTRAP_COUNT_MAX) {
        return diag_set(r->diag, ERR_LIMIT, "at most 16 bootstrap peers", r->line);
    }
    text_set(r->n->bootstrap[r->n->bootstrap_count], NETWORK_BOOTSTRAP_LEN_MAX + 1, v);
    r->n->bootstrap_count++;
    return OK;
}

static enum err read_optional(const struct reading *r, const struct ini_entry *e)
{
    if (span_is(e->key, "bootstrap")) {
        return read_bootstrap(r, e->value);
    }
    if (span_is(e->key, "p256")) {
        r->n->has_p256 = span_is(e->value, "yes");
        return r->n->has_p256 || span_is(e->value, "no") ? OK : refuse(r, "p256 is yes or no");
    }
    if (span_is(e->key, "faucet") && e->value.n <= URL_LEN_MAX) {
        text_set(r->n->faucet, sizeof r->n->faucet, e->value);
        return OK;
    }
    if (span_is(e->key, "anchor") && e->value.n <= URL_LEN_MAX) {
        text_set(r->n->anchor, sizeof r->n->anchor, e->value);
        return OK;
    }
    if (span_is(e->key, "checkpoint")) {
        r->n->has_checkpoint = network_checkpoint_parse(&r->n->checkpoint, e->value) == OK;
        return r->n->has_checkpoint
                   ? OK
                   : refuse(r, "checkpoint is a block root of 32 bytes in hex, and perhaps :EPOCH");
    }
    return refuse(r, "unknown key in [network]");
}

static enum err read_needed(const struct reading *r, size_t which, struct span v)
{
    struct network *n = r->n;
    uint64_t number = 0;
    switch (which) {
    case 0: return id_parse(&n->id, v) == OK ? OK : refuse(r, "id is a short word");
    case 1: return read_name(r, &n->name, v);
    case 2: return read_u64(r, &n->chain_id, v, UINT64_C(9007199254740991));
    case 3: return read_kind(r, v);
    case 4: return read_symbol(r, n->symbol, v);
    case 5: return read_name(r, &n->native_name, v);
    case 6:
        TRY(read_u64(r, &number, v, 600000));
        n->block_time_ms = (uint32_t)number;
        return OK;
    case 7:
        TRY(read_u64(r, &number, v, 100000));
        n->final_after = (uint32_t)number;
        return OK;
    default: return ERR_INTERNAL;
    }
}

static enum err read_network_key(struct reading *r, const struct ini_entry *e)
{
    for (size_t i = 0; i < NEEDED_COUNT; i++) {
        if (span_is(e->key, needed[i])) {
            if (r->seen & (1u << i)) {
                return refuse(r, "the key stands there twice");
            }
            r->seen |= 1u << i;
            return read_needed(r, i, e->value);
        }
    }
    return read_optional(r, e);
}

/* A section [token SYMBOL] holds address, name and decimals; its first key is the address. */
static enum err read_token_key(const struct reading *r, const struct ini_entry *e)
{
    struct network *n = r->n;
    if (span_is(e->key, "address")) {
        if (n->token_count >= NETWORK_TOKEN_COUNT_MAX) {
            return diag_set(r->diag, ERR_LIMIT, "at most 64 tokens", r->line);
        }
        struct token *t = &n->tokens[n->token_count];
        *t = (struct token){0};
        TRY(read_address(r, &t->address, e->value));
        n->token_count++;
        return OK;
    }
    if (n->token_count == 0) {
        return refuse(r, "a token begins with its address");
    }
    struct token *t = &n->tokens[n->token_count - 1];
    if (span_is(e->key, "symbol")) {
        return read_symbol(r, t->symbol, e->value);
    }
    if (span_is(e->key, "name")) {
        return read_name(r, &t->name, e->value);
    }
    uint64_t number = 0;
    if (span_is(e->key, "balance_slot")) {
        TRY(read_u64(r, &number, e->value, UINT8_MAX));
        t->balance_slot = (uint8_t)number;
        t->has_balance_slot = true;
        return OK;
    }
    if (span_is(e->key, "balance_bits")) {
        TRY(read_u64(r, &number, e->value, 256));
        t->balance_bits = (uint16_t)number;
        return OK;
    }
    if (span_is(e->key, "decimals")) {
        uint64_t d = 0;
        TRY(read_u64(r, &d, e->value, U256_DECIMALS_MAX));
        t->decimals = (uint8_t)d;
        return OK;
    }
    return refuse(r, "unknown key of a token");
}

static enum err check_whole(const struct reading *r)
{
    if (r->seen != (1u << NEEDED_COUNT) - 1) {
        return diag_set(
            r->diag, ERR_MALFORMED,
            "[network] needs id, name, chain_id, kind, symbol, native_name, block_ms, final_after",
            r->line);
    }
    if (r->n->chain_id == 0) {
        return refuse(r, "chain_id is above 0");
    }
    for (size_t i = 0; i < r->n->token_count; i++) {
        if (r->n->tokens[i].symbol[0] == '\0' || r->n->tokens[i].name.text[0] == '\0') {
            return refuse(r, "a token needs address, symbol, name, decimals");
        }
    }
    if (r->n->faucet[0] && r->n->kind != NETWORK_LOCAL) {
        return diag_set(r->diag, ERR_DENIED, "only a local network has a faucet", r->line);
    }
    return network_beacon_check(r->n, r->diag);
}

static void set_version_2(struct network *n)
{
    const uint8_t *code = deployment_code_hash(&deployments.implementation_2, n->chain_id);
    const uint8_t *guardians = deployment_code_hash(&deployments.guardians_2, n->chain_id);
    n->has_version_2 = code && guardians;
    if (n->has_version_2) {
        span_copy(MSPAN_OF(n->implementation_2_code_hash), span_of(code, 32));
        span_copy(MSPAN_OF(n->guardians_2_code_hash), span_of(guardians, 32));
    }
}

enum err network_checkpoint_parse(struct network_checkpoint *ret, struct span text)
{
    enum { ROOT_LEN = 66 };
    struct network_checkpoint c = {.epoch = 0};
    struct span rest = span_from(text, text.n < ROOT_LEN ? text.n : ROOT_LEN);
    TRY(base16_decode_fixed_0x(MSPAN_OF(c.root.bytes), span_first(text, text.n - rest.n)));
    if (rest.n > 0 &&
        (rest.p[0] != ':' || decimal_parse(&c.epoch, span_from(rest, 1), UINT64_MAX) != OK)) {
        return ERR_MALFORMED;
    }
    *ret = c;
    return OK;
}

enum err network_parse(struct network *ret, struct span ini, struct diag *diag)
{
    *ret = (struct network){
        .entry_point = deployments.entry_point,
        .factory = deployments.factory.address,
        .verifier = deployments.verifier.address,
        .implementation = deployments.implementation.address,
        .implementation_2 = deployments.implementation_2.address,
        .guardians_2 = deployments.guardians_2.address,
    };
    span_copy(MSPAN_OF(ret->factory_code_hash), SPAN_OF(deployments.factory.code_hash));
    span_copy(MSPAN_OF(ret->verifier_code_hash), SPAN_OF(deployments.verifier.code_hash));
    struct reading r = {.n = ret, .diag = diag};
    struct ini reader = ini_init(ini);
    struct ini_entry e;
    for (;;) {
        enum err err = ini_next(&reader, &e, diag);
        if (err == ERR_NOT_FOUND) {
            break;
        }
        TRY(err);
        r.line = e.line;
        if (span_is(e.section, "network")) {
            TRY(read_network_key(&r, &e));
        } else if (span_starts_with(e.section, SPAN_LIT("token"))) {
            TRY(read_token_key(&r, &e));
        } else if (span_is(e.section, "beacon")) {
            TRY(network_beacon_key(ret, &e, diag));
        } else {
            return refuse(&r, "sections are [network], [beacon] and [token ...]");
        }
    }
    set_version_2(ret);
    return check_whole(&r);
}

const char *network_kind_name(enum network_kind kind)
{
    switch (kind) {
    case NETWORK_LOCAL: return "local";
    case NETWORK_TEST:  return "test";
    case NETWORK_MAIN:  return "main";
    }
    return "main";
}

const struct token *network_token(const struct network *n, struct address token)
{
    for (size_t i = 0; i < n->token_count; i++) {
        if (address_equal(n->tokens[i].address, token)) {
            return &n->tokens[i];
        }
    }
    return NULL;
}

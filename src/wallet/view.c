/* Reading a chain's state about one account: questions of Ethereum's JSON-RPC and their answers. */
#include "wallet/view.h"

#include "base/check.h"
#include "codec/base16.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/account_proof.h"
#include "evm/account_upgrade.h"

/* The longest code that a chain can hold is 24,576 bytes (EIP-170); its hex is an answer's largest part. */
enum { CODE_LEN_MAX_ON_CHAIN = 24576, CALL_LEN_MAX = 512 };

/* RFC 6979 A.2.5, P-256 with SHA-256 and the message "sample": hash, r, s, x, y as the precompile takes them. */
static const char p256_vector[] =
    "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

/* SPEC eips/EIP-7951 §"Specification": the precompile stands at 0x100. */
static const struct address p256_precompile = {{[18] = 0x01}};

static void put_block(struct json_writer *j, uint64_t block)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_hex(text, u256_from_u64(block));
    json_put_str(j, text);
}

static void put_address(struct json_writer *j, struct address a)
{
    json_put_hex(j, SPAN_OF(a.bytes));
}

static void put_call(struct json_writer *j, struct address to, struct span data, uint64_t block)
{
    json_put_object(j);
    json_put_name(j, "to");
    put_address(j, to);
    json_put_name(j, "data");
    json_put_hex(j, data);
    json_end_object(j);
    put_block(j, block);
}

/* A view function that takes one address (and, for getNonce, a key of 0 behind it). */
static void put_call_of_address(struct json_writer *j,
                                struct address to,
                                struct span signature,
                                size_t words,
                                const struct view_subject *s)
{
    uint8_t data[ABI_SELECTOR_LEN + 2 * ABI_WORD_LEN] = {0};
    abi_selector(data, signature);
    span_copy(mspan_of(data + ABI_SELECTOR_LEN + 12, 20), SPAN_OF(s->account.bytes));
    put_call(j, to, span_of(data, ABI_SELECTOR_LEN + words * ABI_WORD_LEN), s->block);
}

static void put_p256_call(struct json_writer *j, uint64_t block)
{
    uint8_t data[160];
    enum err err =
        base16_decode_fixed(MSPAN_OF(data), span_of(p256_vector, sizeof p256_vector - 1));
    check(err == OK);
    put_call(j, p256_precompile, SPAN_OF(data), block);
}

static void put_owner_call(struct json_writer *j, unsigned q, const struct view_subject *s)
{
    uint8_t room[68];
    const struct hash32 *change = NULL;
    if (q >= OWNER_ASK_PROBE) {
        change = &s->probes[q - OWNER_ASK_PROBE];
    } else if (q >= OWNER_ASK_CHANGE) {
        change = &s->changes[q - OWNER_ASK_CHANGE].id;
    }
    put_call(j, s->account, owner_view_call(room, q, change), s->block);
}

static void put_code_question(struct json_writer *j, struct address a, uint64_t block)
{
    put_address(j, a);
    put_block(j, block);
}

static const char *
put_upgrade_question(struct json_writer *j, unsigned q, const struct view_subject *s)
{
    const struct network *n = s->network;
    uint8_t room[68];
    switch (q) {
    case UPGRADE_ASK_IMPLEMENTATION:
        put_address(j, s->account);
        json_put_hex(j, SPAN_OF(account_implementation_slot));
        put_block(j, s->block);
        return "eth_getStorageAt";
    case UPGRADE_ASK_CODE:
        put_code_question(j, n->implementation_2, s->block);
        return "eth_getCode";
    case UPGRADE_ASK_GUARDIANS_CODE:
        put_code_question(j, n->guardians_2, s->block);
        return "eth_getCode";
    default:
        put_call(j, s->account,
                 owner_view_call(room, OWNER_ASK_CHANGE, &s->upgrades[q - UPGRADE_ASK_READY]),
                 s->block);
        return "eth_call";
    }
}

static void put_setting_call(struct json_writer *j, unsigned q, const struct view_subject *s)
{
    uint8_t room[68];
    const struct hash32 *id =
        q >= SETTING_ASK_PROBE ? &s->settings[q - SETTING_ASK_PROBE] : &s->known[q].id;
    put_call(j, s->account, owner_view_call(room, OWNER_ASK_CHANGE, id), s->block);
}

static void put_limit_call(struct json_writer *j, unsigned q, const struct view_subject *s)
{
    uint8_t room[ACCOUNT_LIMITS_CALL_LEN_MAX];
    put_call(j, s->account, limit_view_call(room, s->limits, s->network, q), s->block);
}

static const char *
put_session_question(struct json_writer *j, unsigned q, const struct view_subject *s)
{
    uint8_t slot[32];
    session_view_slot(slot, s->sessions, q);
    put_address(j, s->account);
    json_put_hex(j, SPAN_OF(slot));
    put_block(j, s->block);
    return "eth_getStorageAt";
}

static const char *put_question(struct json_writer *j, unsigned q, const struct view_subject *s)
{
    const struct network *n = s->network;
    switch (q) {
    case VIEW_BLOCK:
        json_put_str(j, "latest");
        json_put_bool(j, false);
        return "eth_getBlockByNumber";
    case VIEW_PRIORITY_FEE: return "eth_maxPriorityFeePerGas";
    case VIEW_BALANCE:
        put_address(j, s->account);
        put_block(j, s->block);
        return "eth_getBalance";
    case VIEW_DEPOSIT:
        put_call_of_address(j, n->entry_point, SPAN_LIT("balanceOf(address)"), 1, s);
        return "eth_call";
    case VIEW_NONCE:
        if (!s->is_smart) {
            put_address(j, s->account);
            put_block(j, s->block);
            return "eth_getTransactionCount";
        }
        put_call_of_address(j, n->entry_point, SPAN_LIT("getNonce(address,uint192)"), 2, s);
        return "eth_call";
    case VIEW_CODE:          put_code_question(j, s->account, s->block); return "eth_getCode";
    case VIEW_FACTORY_CODE:  put_code_question(j, n->factory, s->block); return "eth_getCode";
    case VIEW_VERIFIER_CODE: put_code_question(j, n->verifier, s->block); return "eth_getCode";
    case VIEW_P256:          put_p256_call(j, s->block); return "eth_call";
    default:
        if (q >= VIEW_SESSION) {
            return put_session_question(j, q - VIEW_SESSION, s);
        }
        if (q >= VIEW_LIMIT) {
            put_limit_call(j, q - VIEW_LIMIT, s);
            return "eth_call";
        }
        if (q >= VIEW_SETTING) {
            put_setting_call(j, q - VIEW_SETTING, s);
            return "eth_call";
        }
        if (q >= VIEW_UPGRADE) {
            return put_upgrade_question(j, q - VIEW_UPGRADE, s);
        }
        if (q >= VIEW_OWNER) {
            put_owner_call(j, q - VIEW_OWNER, s);
            return "eth_call";
        }
        check(q - VIEW_TOKEN < n->token_count);
        put_call_of_address(j, n->tokens[q - VIEW_TOKEN].address, SPAN_LIT("balanceOf(address)"), 1,
                            s);
        return "eth_call";
    }
}

enum err
view_ask(struct buf *out, const char **ret_method, unsigned q, const struct view_subject *subject)
{
    struct wr w = wr_init_buf(out);
    struct json_writer j = json_writer_init(&w);
    json_put_array(&j);
    *ret_method = put_question(&j, q, subject);
    json_end_array(&j);
    return json_writer_end(&j);
}

enum err view_quantity(struct u256 *ret, struct json v)
{
    struct span text;
    TRY(json_get_plain(&text, v));
    /* SPEC execution-apis §"Hex Value Encoding": quantities have no leading zeros. */
    if (text.n > 3 && text.p[2] == '0') {
        return ERR_MALFORMED;
    }
    return u256_parse_hex(ret, text) == OK ? OK : ERR_MALFORMED;
}

enum err view_quantity_u64(uint64_t *ret, struct json v)
{
    struct u256 wide;
    TRY(view_quantity(&wide, v));
    return u256_to_u64(ret, wide) == OK ? OK : ERR_MALFORMED;
}

/* ---- answers ---- */

static enum err find_quantity(struct u256 *ret, struct json object, const char *name)
{
    struct json v;
    if (!json_find(&v, object, name)) {
        return ERR_MALFORMED;
    }
    return view_quantity(ret, v);
}

static enum err learn_block(struct view *v, struct json result, struct figure_said said)
{
    struct u256 number;
    struct u256 time;
    struct u256 base_fee = U256_ZERO;
    TRY(find_quantity(&number, result, "number"));
    TRY(find_quantity(&time, result, "timestamp"));
    struct json fee;
    if (json_find(&fee, result, "baseFeePerGas")) {
        TRY(view_quantity(&base_fee, fee));
    }
    uint64_t block;
    uint64_t seconds;
    if (u256_to_u64(&block, number) != OK || u256_to_u64(&seconds, time) != OK ||
        seconds > UINT64_MAX / 1000 || u256_bit_len(base_fee) > 96) {
        return ERR_MALFORMED;
    }
    v->block = block;
    v->block_ms = seconds * 1000;
    said.block = block;
    v->base_fee = figure_say(base_fee, &said);
    return OK;
}

/* The result of a call that returns one word. */
static enum err word_of(struct u256 *ret, struct json result)
{
    struct span text;
    TRY(json_get_plain(&text, result));
    uint8_t word[ABI_WORD_LEN];
    TRY(base16_decode_fixed_0x(MSPAN_OF(word), text));
    return u256_from_be(ret, SPAN_OF(word));
}

/* Code is told apart by its hash, piece by piece, so that no buffer of its size is needed. */
static enum err code_of(size_t *ret_len, struct hash32 *ret_hash, struct json result)
{
    struct span text;
    TRY(json_get_plain(&text, result));
    if (!span_starts_with(text, SPAN_LIT("0x")) || text.n % 2 != 0 ||
        text.n > 2 + 2 * CODE_LEN_MAX_ON_CHAIN) {
        return ERR_MALFORMED;
    }
    text = span_from(text, 2);
    *ret_len = text.n / 2;
    struct keccak256 k;
    keccak256_init(&k);
    while (text.n > 0) {
        uint8_t piece[256];
        struct wr w = wr_init(MSPAN_OF(piece));
        TRY(base16_decode(&w, span_take(&text, 2 * sizeof piece)));
        keccak256_add(&k, span_of(piece, w.n));
    }
    keccak256_end(&k, ret_hash);
    return OK;
}

/* One contract of several that must all be ours. */
static void note_contract(enum contracts_state *state, bool is_ours)
{
    if (!is_ours) {
        *state = CONTRACTS_MISSING;
    } else if (*state == CONTRACTS_UNKNOWN) {
        *state = CONTRACTS_READY;
    }
}

static enum err
learn_contract(enum contracts_state *state, struct json result, const uint8_t expected[static 32])
{
    size_t len = 0;
    struct hash32 hash = {0};
    TRY(code_of(&len, &hash, result));
    note_contract(state, len > 0 && span_equal(SPAN_OF(hash.bytes), span_of(expected, 32)));
    return OK;
}

static enum err learn_code(struct view *v, struct json result)
{
    size_t len = 0;
    struct hash32 hash = {0};
    TRY(code_of(&len, &hash, result));
    v->is_deployed = len > 0;
    return OK;
}

static enum err learn_p256(struct view *v, struct json result)
{
    struct span text;
    TRY(json_get_plain(&text, result));
    struct u256 word = U256_ZERO;
    /* SPEC eips/EIP-7951 §"Specification": 1 for a valid signature, and no output at all otherwise. */
    v->has_p256 = word_of(&word, result) == OK && u256_equal(word, u256_from_u64(1));
    return OK;
}

/* learn_figure takes an answer that is a number. */
static enum err learn_figure(struct view *v,
                             unsigned q,
                             struct json result,
                             const struct view_subject *subject,
                             const struct figure_said *said)
{
    struct u256 value;
    bool is_quantity =
        q == VIEW_BALANCE || q == VIEW_PRIORITY_FEE || (q == VIEW_NONCE && !subject->is_smart);
    if (is_quantity) {
        TRY(view_quantity(&value, result));
    } else {
        TRY(word_of(&value, result));
    }
    struct figure f = figure_say(value, said);
    switch (q) {
    case VIEW_BALANCE: v->balance = f; return OK;
    case VIEW_DEPOSIT: v->deposit = f; return OK;
    case VIEW_NONCE:   v->nonce = f; return OK;
    case VIEW_PRIORITY_FEE:
        v->priority_fee = f;
        return u256_bit_len(value) > 96 ? ERR_MALFORMED : OK;
    default:
        check(q >= VIEW_TOKEN && q - VIEW_TOKEN < subject->network->token_count);
        v->tokens[q - VIEW_TOKEN] = f;
        return OK;
    }
}

/* Unix time, in seconds. */
static enum err time_of(uint64_t *ret, struct u256 value)
{
    uint64_t seconds;
    if (u256_to_u64(&seconds, value) != OK || seconds > UINT64_MAX / 1000) {
        return ERR_MALFORMED;
    }
    *ret = seconds;
    return OK;
}

static enum err learn_upgrade(struct view *v,
                              unsigned q,
                              struct json result,
                              const struct network *n,
                              const struct figure_said *said)
{
    struct u256 value;
    if (q == UPGRADE_ASK_CODE) {
        return learn_contract(&v->version_2, result, n->implementation_2_code_hash);
    }
    if (q == UPGRADE_ASK_GUARDIANS_CODE) {
        return learn_contract(&v->version_2, result, n->guardians_2_code_hash);
    }
    TRY(word_of(&value, result));
    if (q == UPGRADE_ASK_IMPLEMENTATION) {
        v->implementation = figure_say(value, said);
        return OK;
    }
    return time_of(&v->upgrade_ready_at[q - UPGRADE_ASK_READY], value);
}

static enum err learn_setting(struct setting_view *v, unsigned q, struct json result)
{
    struct u256 value;
    TRY(word_of(&value, result));
    return time_of(q >= SETTING_ASK_PROBE ? &v->probe_ready_at[q - SETTING_ASK_PROBE]
                                          : &v->ready_at[q],
                   value);
}

enum err view_learn(struct view *v,
                    unsigned q,
                    struct json result,
                    const struct view_subject *subject,
                    const struct figure_said *said)
{
    struct figure_said at = *said;
    at.block = subject->block;
    at.as_of_ms = subject->as_of_ms;
    at.is_local = subject->network->kind == NETWORK_LOCAL;
    const struct network *n = subject->network;
    switch (q) {
    case VIEW_BLOCK:         return learn_block(v, result, at);
    case VIEW_CODE:          return learn_code(v, result);
    case VIEW_FACTORY_CODE:  return learn_contract(&v->contracts, result, n->factory_code_hash);
    case VIEW_VERIFIER_CODE: return learn_contract(&v->contracts, result, n->verifier_code_hash);
    case VIEW_P256:          return learn_p256(v, result);
    default:
        if (q >= VIEW_SESSION) {
            return session_view_learn(&v->sessions, q - VIEW_SESSION, result, &at);
        }
        if (q >= VIEW_LIMIT) {
            return limit_view_learn(&v->limits, q - VIEW_LIMIT, result, &at);
        }
        if (q >= VIEW_SETTING) {
            return learn_setting(&v->settings, q - VIEW_SETTING, result);
        }
        if (q >= VIEW_UPGRADE) {
            return learn_upgrade(v, q - VIEW_UPGRADE, result, n, &at);
        }
        return q >= VIEW_OWNER ? owner_view_learn(&v->owners, q - VIEW_OWNER, result)
                               : learn_figure(v, q, result, subject, &at);
    }
}

/* ---- proofs ---- */

/* Of EntryPoint 0.8: StakeManager's deposits, whose first word is the deposit, and NonceManager's sequence numbers by
 * account and key. */
enum { ENTRY_POINT_DEPOSITS_SLOT = 0, ENTRY_POINT_NONCES_SLOT = 1 };

/* mapping_slot gives where a mapping in slot base keeps the value of key.
 * SPEC solidity §"Layout of State Variables in Storage": keccak256(h(k) . p). */
static void
mapping_slot(uint8_t ret[static 32], const uint8_t key[static 32], const uint8_t base[static 32])
{
    uint8_t both[64];
    struct hash32 hash;
    span_copy(mspan_of(both, 32), span_of(key, 32));
    span_copy(mspan_of(both + 32, 32), span_of(base, 32));
    keccak256(&hash, SPAN_OF(both));
    span_copy(mspan_of(ret, 32), SPAN_OF(hash.bytes));
}

static void slot_of_address(uint8_t ret[static 32], struct address a, uint8_t base)
{
    uint8_t key[32] = {0};
    uint8_t place[32] = {0};
    span_copy(mspan_of(key + 12, 20), SPAN_OF(a.bytes));
    place[31] = base;
    mapping_slot(ret, key, place);
}

bool view_has_slot(const struct network *n, size_t i)
{
    return n->tokens[i].has_balance_slot;
}

void view_prove(struct view_proof_ask *ret, unsigned q, const struct view_subject *subject)
{
    const struct network *n = subject->network;
    const uint8_t key_zero[32] = {0};
    *ret = (struct view_proof_ask){0};
    switch (q) {
    case VIEW_PROVE_ACCOUNT:
        ret->address = subject->account;
        if (subject->is_smart) {
            ret->slots_count = 1;
            span_copy(MSPAN_OF(ret->slots[0]), SPAN_OF(account_implementation_slot));
        }
        return;
    case VIEW_PROVE_FACTORY:     ret->address = n->factory; return;
    case VIEW_PROVE_VERIFIER:    ret->address = n->verifier; return;
    case VIEW_PROVE_VERSION_2:   ret->address = n->implementation_2; return;
    case VIEW_PROVE_GUARDIANS_2: ret->address = n->guardians_2; return;
    case VIEW_PROVE_ENTRY_POINT:
        ret->address = n->entry_point;
        ret->slots_count = 2;
        slot_of_address(ret->slots[0], subject->account, ENTRY_POINT_DEPOSITS_SLOT);
        slot_of_address(ret->slots[1], subject->account, ENTRY_POINT_NONCES_SLOT);
        mapping_slot(ret->slots[1], key_zero, ret->slots[1]);
        return;
    case VIEW_PROVE_LIMITS:
        ret->address = subject->account;
        ret->slots_count = limit_view_slots(ret->slots, subject->limits, n);
        return;
    case VIEW_PROVE_KNOWN:
        ret->address = subject->account;
        ret->slots_count = limit_view_known_slots(ret->slots, subject->limits);
        return;
    case VIEW_PROVE_SESSIONS:
        ret->address = subject->account;
        ret->slots_count = session_view_slots(ret->slots, subject->sessions);
        return;
    default: {
        check(q - VIEW_PROVE_TOKEN < n->token_count);
        const struct token *token = &n->tokens[q - VIEW_PROVE_TOKEN];
        ret->address = token->address;
        ret->slots_count = 1;
        slot_of_address(ret->slots[0], subject->account, token->balance_slot);
        return;
    }
    }
}

static enum err learn_code_hash(enum contracts_state *state,
                                const struct proven_account *p,
                                const uint8_t expected[static 32])
{
    const struct account_state *a = proven_account_state(p);
    note_contract(state,
                  a->exists && span_equal(SPAN_OF(a->code_hash.bytes), span_of(expected, 32)));
    return OK;
}

static enum err learn_account(struct view *v,
                              const struct proven_account *p,
                              const struct view_subject *subject,
                              struct figure_claim claim)
{
    const struct account_state *state = proven_account_state(p);
    claim.part = FIGURE_BALANCE;
    TRY(figure_prove(&v->balance, p, &claim));
    claim.part = FIGURE_BASE_FEE;
    TRY(figure_prove(&v->base_fee, p, &claim));
    claim.part = FIGURE_NONCE;
    if (!subject->is_smart) {
        TRY(figure_prove(&v->nonce, p, &claim));
    } else {
        claim.part = FIGURE_SLOT; /* an account that is not there has none: 0 */
        TRY(figure_prove(&v->implementation, p, &claim));
    }
    v->is_deployed = state->exists && !span_equal(SPAN_OF(state->code_hash.bytes),
                                                  SPAN_OF(account_empty_code_hash.bytes));
    return OK;
}

enum err view_learn_proof(struct view *v,
                          unsigned q,
                          const struct proven_account *p,
                          const struct view_subject *subject)
{
    struct view_proof_ask ask;
    const struct network *n = subject->network;
    struct proven_block block = proven_account_block(p);
    view_prove(&ask, q, subject);
    if (!address_equal(ask.address, proven_account_address(p)) ||
        !span_equal(SPAN_OF(block.hash.bytes), SPAN_OF(v->block_hash.bytes))) {
        return ERR_STATE;
    }
    struct figure_claim claim = {.part = FIGURE_SLOT,
                                 .slot = ask.slots[0],
                                 .anchor = subject->anchor,
                                 .as_of_ms = subject->as_of_ms};
    switch (q) {
    case VIEW_PROVE_ACCOUNT: return learn_account(v, p, subject, claim);
    case VIEW_PROVE_ENTRY_POINT:
        TRY(figure_prove(&v->deposit, p, &claim));
        claim.slot = ask.slots[1];
        return figure_prove(&v->nonce, p, &claim);
    case VIEW_PROVE_FACTORY:  return learn_code_hash(&v->contracts, p, n->factory_code_hash);
    case VIEW_PROVE_VERIFIER: return learn_code_hash(&v->contracts, p, n->verifier_code_hash);
    case VIEW_PROVE_VERSION_2:
        return learn_code_hash(&v->version_2, p, n->implementation_2_code_hash);
    case VIEW_PROVE_GUARDIANS_2: return learn_code_hash(&v->version_2, p, n->guardians_2_code_hash);
    case VIEW_PROVE_LIMITS:      return limit_view_prove(&v->limits, p, n, claim);
    case VIEW_PROVE_KNOWN:       return limit_view_prove_known(&v->limits, p, claim);
    case VIEW_PROVE_SESSIONS:    return session_view_prove(&v->sessions, p, claim);
    default:
        claim.bits = n->tokens[q - VIEW_PROVE_TOKEN].balance_bits;
        return figure_prove(&v->tokens[q - VIEW_PROVE_TOKEN], p, &claim);
    }
}

/* The world of the wallet's tests. */
#include "wallet/world_test.h"

#include "base/check.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/header.h"
#include "evm/owner_change.h"
#include "evm/trie_test.h"
#include "evm/userop.h"
#include "service/proof.h"
#include "wallet/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct address world_receiver = {
    {0x5a, 0xae, 0xb6, 0x05, 0x3f, 0x3e, 0x94, 0xc9, 0xb9, 0xa0,
     0x9f, 0x33, 0x66, 0x94, 0x35, 0xe7, 0xef, 0x1b, 0xea, 0xed}
};
const struct address world_token = {
    {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
     0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}
};

/* ---- the chain ---- */

static size_t quantity(char *out, size_t cap, struct u256 v)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_hex(text, v);
    int n = snprintf(out, cap, "\"%s\"", text);
    return n > 0 ? (size_t)n : 0;
}

static size_t word(char *out, size_t cap, struct u256 v)
{
    uint8_t be[32];
    struct wr w = wr_init(mspan_of(out, cap));
    u256_to_be(be, v);
    wr_str(&w, "\"0x");
    for (size_t i = 0; i < sizeof be; i++) {
        wr_u8(&w, (uint8_t)"0123456789abcdef"[be[i] >> 4]);
        wr_u8(&w, (uint8_t)"0123456789abcdef"[be[i] & 15]);
    }
    wr_str(&w, "\"");
    return w.n;
}

static bool has(struct span s, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= s.n; i++) {
        if (memcmp(s.p + i, text, n) == 0) {
            return true;
        }
    }
    return false;
}

static size_t hex_text(char *out, size_t cap, struct span bytes)
{
    struct wr w = wr_init(mspan_of(out, cap));
    wr_u8(&w, '"');
    base16_encode_0x(&w, bytes);
    wr_u8(&w, '"');
    check(wr_ok(&w));
    return w.n;
}

static size_t answer_signers(const struct world_owners *o, char *out, size_t cap)
{
    AUTO(buf_done) struct buf list;
    buf_init(&list, test_budget(), 4096);
    struct abi_wr w = abi_wr_init(&list, 1);
    abi_wr_array_begin(&w, o->count, o->count);
    for (size_t i = 0; i < o->count; i++) {
        abi_wr_bytes(&w, span_of(o->list[i].bytes, o->list[i].len));
    }
    abi_wr_close(&w);
    check(abi_wr_end(&w) == OK);
    return hex_text(out, cap, buf_span(&list));
}

/* What the account's contract answers about its owners; 0: it is another question. */
static size_t answer_owners(const struct world *w, char *out, size_t cap, struct span params)
{
    const struct world_owners *o = w->chain.is_other ? &w->chain.other : &w->chain.owners;
    char id[80];
    id[hex_text(id, sizeof id - 1, SPAN_OF(o->waits.bytes)) - 1] = '\0';
    if (has(params, "0x95fcd041")) { /* getSigners(uint64,uint64) */
        return answer_signers(o, out, cap);
    }
    if (has(params, "0x42cde4e8")) { /* threshold() */
        return word(out, cap, u256_from_u64(o->threshold));
    }
    if (has(params, "0xbbf8f7c2")) { /* ownersSequence() */
        return word(out, cap, u256_from_u64(o->sequence));
    }
    if (has(params, "0x9ecd0b5f")) { /* ownersHead() */
        return hex_text(out, cap, SPAN_OF(o->head));
    }
    if (has(params, "0x6a42b8f8")) { /* delay() */
        return word(out, cap, u256_from_u64(2 * 86400));
    }
    if (has(params, "0xeaf30aaa")) { /* changeReadyAt(bytes32) */
        return word(out, cap, u256_from_u64(has(params, id + 3) ? o->ready_at : 0));
    }
    return 0;
}

/* What the account's contract answers about its limits; 0: it is another question. */
static size_t answer_limits(const struct world *w, char *out, size_t cap, struct span params)
{
    const struct world_limits *l = &w->chain.limits;
    char known[64] = {0};
    if (has(params, "0x546a2ca4")) { /* limitOf(address) */
        const struct account_limit_words *of = &l->of[has(params, "11111111111111111111") ? 1 : 0];
        const struct u256 words[4] = {of->amount, u256_from_u64(account_limit_period_s(of->window)),
                                      of->spent, u256_from_u64(account_limit_since(of->window))};
        uint8_t be[128];
        for (size_t i = 0; i < 4; i++) {
            u256_to_be(be + 32 * i, words[i]);
        }
        return hex_text(out, cap, SPAN_OF(be));
    }
    if (has(params, "0x5f0aa9b2")) { /* limitFees() */
        return word(out, cap, l->fees);
    }
    if (has(params, "0x6e09999e")) { /* isKnown(address) */
        (void)hex_text(known, sizeof known - 1, SPAN_OF(l->known.bytes));
        known[43] = '\0'; /* without the quote behind it */
        bool is_known = !address_is_zero(l->known) && has(params, known + 3);
        return word(out, cap, u256_from_u64(is_known));
    }
    return 0;
}

/* Selectors: balanceOf(address) 70a08231, getNonce(address,uint192) 35567e1a. */
static size_t answer_call(const struct world *w, char *out, size_t cap, struct span params)
{
    size_t n = w->chain.call ? w->chain.call(w, out, cap, params) : 0;
    if (n == 0 && w->chain.is_deployed) {
        n = answer_owners(w, out, cap, params);
    }
    n = n == 0 && w->chain.is_deployed ? answer_limits(w, out, cap, params) : n;
    if (n > 0) {
        return n;
    }
    if (has(params, "35567e1a")) {
        return word(out, cap, u256_from_u64(w->chain.nonce));
    }
    if (has(params, "0x0000000000000000000000000000000000000100")) {
        return w->chain.lacks_p256 ? (size_t)snprintf(out, cap, "\"0x\"")
                                   : word(out, cap, u256_from_u64(1));
    }
    return word(out, cap, has(params, "0x1111111111") ? w->chain.token : w->chain.deposit);
}

static size_t answer_code(const struct world *w, char *out, size_t cap, struct span params)
{
    char account[64] = "none";
    if (wallet_account_count(w->wallet)) {
        struct wr wr = wr_init(mspan_of(account, sizeof account - 1));
        base16_encode_0x(&wr, SPAN_OF(wallet_account_at(w->wallet, 0)->address.bytes));
        account[wr.n] = '\0';
    }
    char version_2[64] = "none";
    if (w->chain.lacks_version_2) {
        struct wr wr = wr_init(mspan_of(version_2, sizeof version_2 - 1));
        base16_encode_0x(&wr, SPAN_OF(w->networks[0].guardians_2.bytes));
        version_2[wr.n] = '\0';
    }
    char receiver[] = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    bool is_absent = has(params, receiver) || has(params, version_2) ||
                     (has(params, account) && !w->chain.is_deployed);
    return (size_t)snprintf(out, cap, "\"%s\"", is_absent ? "0x" : "0x6001");
}

/* What the account's storage says of its implementation. */
static struct u256 implementation_word(const struct world *w)
{
    struct u256 word_of = U256_ZERO;
    struct address a = w->chain.implementation;
    if (address_is_zero(a)) {
        a = w->networks[0].implementation;
    }
    check(u256_from_be(&word_of, SPAN_OF(a.bytes)) == OK);
    return w->chain.is_deployed ? word_of : U256_ZERO;
}

/* A word of the account's storage: of the session key, or its implementation. */
static size_t answer_storage(const struct world *w, char *out, size_t cap, struct span params)
{
    uint8_t slots[SESSION_PART_COUNT][32];
    account_session_slots(slots, w->chain.session.id);
    for (size_t i = 0; i < SESSION_PART_COUNT; i++) {
        char slot[80];
        struct wr wr = wr_init(mspan_of(slot, sizeof slot - 1));
        base16_encode_0x(&wr, SPAN_OF(slots[i]));
        slot[wr.n] = '\0';
        if (has(params, slot)) {
            return word(out, cap, w->chain.session.words[i]);
        }
    }
    return word(out, cap, implementation_word(w));
}

static size_t hash_text(const struct world *w, char *out, size_t cap)
{
    struct hash32 hash;
    struct wr wr = wr_init(mspan_of(out, cap - 1));
    keccak256(&hash, span_of(w->chain.sent, w->chain.sent_len));
    base16_encode_0x(&wr, SPAN_OF(hash.bytes));
    out[wr.n] = '\0';
    return wr.n;
}

static size_t answer_receipt(const struct world *w, char *out, size_t cap)
{
    char hash[80];
    if (!w->chain.includes) {
        return (size_t)snprintf(out, cap, "null");
    }
    (void)hash_text(w, hash, sizeof hash);
    return (size_t)snprintf(
        out, cap,
        "{\"transactionHash\":\"%s\",\"status\":\"0x%d\",\"gasUsed\":"
        "\"0x5208\",\"effectiveGasPrice\":\"0x3b9aca00\",\"blockNumber\":"
        "\"0x%llx\"}",
        hash, !w->chain.reverts,
        (unsigned long long)(w->chain.included_at ? w->chain.included_at : w->chain.block));
}

/* A raw transaction comes to the chain. */
static bool take_transaction(struct world *w, const struct wallet_event *e)
{
    static const struct wallet_source source = {.server = "12D3KooTest", .k = 1, .n = 1};
    struct json params;
    struct json first;
    struct span text = SPAN_EMPTY;
    char answer_text[256];
    struct wr raw = wr_init(MSPAN_OF(w->chain.sent));
    if (strcmp(e->method, "eth_sendRawTransaction") != 0) {
        return false;
    }
    if (w->chain.send_error) {
        int n = snprintf(answer_text, sizeof answer_text, "{\"code\":-32000,\"message\":\"%s\"}",
                         w->chain.send_error);
        wallet_answer(w->wallet, w->t, e->id, ERR_DENIED, span_of(answer_text, (size_t)n), &source);
        return true;
    }
    EXPECT_OK(json_parse(&params, e->params, NULL));
    EXPECT(json_at(&first, params, 0) && json_get_plain(&text, first) == OK);
    EXPECT_OK(base16_decode_0x(&raw, text));
    w->chain.sent_len = raw.n;
    w->chain.sent_count++;
    answer_text[0] = '"';
    size_t n = hash_text(w, answer_text + 1, sizeof answer_text - 2);
    answer_text[1 + n] = '"';
    wallet_answer(w->wallet, w->t, e->id, OK, span_of(answer_text, n + 2), &source);
    return true;
}

static size_t answer(const struct world *w, char *out, size_t cap, const struct wallet_event *e)
{
    if (w->chain.lies) {
        return (size_t)snprintf(out, cap, "\"0x00\"");
    }
    if (strcmp(e->method, "eth_getLogs") == 0) {
        return (size_t)snprintf(out, cap, "[%s]", w->chain.log ? w->chain.log : "");
    }
    if (strcmp(e->method, "eth_getBlockByNumber") == 0 && has(e->params, "true")) {
        return (size_t)snprintf(out, cap, "{\"transactions\":[%s]}",
                                w->chain.tx ? w->chain.tx : "");
    }
    if (strcmp(e->method, "eth_getBlockByNumber") == 0) {
        return (size_t)snprintf(
            out, cap,
            "{\"number\":\"0x%llx\",\"timestamp\":\"0x%llx\",\"baseFeePerGas\":\"0x%llx\"}",
            (unsigned long long)w->chain.block, (unsigned long long)(w->t.unix_ms / 1000),
            (unsigned long long)w->chain.base_fee);
    }
    if (strcmp(e->method, "eth_maxPriorityFeePerGas") == 0) {
        return quantity(out, cap, u256_from_u64(1000000000));
    }
    if (strcmp(e->method, "eth_getBalance") == 0) {
        return quantity(out, cap,
                        u256_is_zero(w->chain.claimed) ? w->chain.balance : w->chain.claimed);
    }
    if (strcmp(e->method, "eth_getCode") == 0) {
        return answer_code(w, out, cap, e->params);
    }
    if (strcmp(e->method, "eth_getStorageAt") == 0) {
        return answer_storage(w, out, cap, e->params);
    }
    if (strcmp(e->method, "eth_getTransactionCount") == 0) {
        return quantity(out, cap, u256_from_u64(w->chain.nonce));
    }
    if (strcmp(e->method, "eth_getTransactionByHash") == 0) {
        return (size_t)snprintf(out, cap, w->chain.forgets ? "null" : "{}");
    }
    if (strcmp(e->method, "eth_getTransactionReceipt") == 0) {
        return answer_receipt(w, out, cap);
    }
    if (strcmp(e->method, "eth_estimateGas") == 0) {
        return quantity(out, cap, u256_from_u64(21000));
    }
    return answer_call(w, out, cap, e->params);
}

static void answer_ask(struct world *w, const struct wallet_event *e)
{
    static char text[8192];
    uint8_t k = w->chain.agreeing ? w->chain.agreeing : 1;
    const struct wallet_source source = {.server = "12D3KooTest", .k = k, .n = k};
    w->chain.questions++;
    if (w->chain.is_down || take_transaction(w, e)) {
        return;
    }
    if (w->chain.trial_fails && strcmp(e->method, "eth_estimateGas") == 0) {
        wallet_answer(w->wallet, w->t, e->id, ERR_DENIED,
                      SPAN_LIT("{\"code\":3,\"message\":\"execution reverted: no\"}"), &source);
        return;
    }
    size_t n = answer(w, text, sizeof text, e);
    wallet_answer(w->wallet, w->t, e->id, OK, span_of(text, n), &source);
}

/* ---- what the chain proves ---- */

struct state {
    struct trie accounts;
    struct trie entry_point;
    struct trie token;
    struct trie self;
    uint8_t header[HEADER_LEN_MAX];
    size_t header_len;
    struct hash32 hash;
};

static void put_code(struct state *s, struct address a, const struct trie *storage)
{
    struct account_state account = {.exists = true, .storage_root = trie_root(storage)};
    keccak256(&account.code_hash, SPAN_LIT("\x60\x01"));
    trie_put_account(&s->accounts, a, &account);
}

static void put_limits(struct state *s, const struct world *w)
{
    const struct world_limits *l = &w->chain.limits;
    uint8_t slots[ACCOUNT_LIMIT_SLOTS][32];
    uint8_t slot[32];
    for (size_t i = 0; i < 2; i++) {
        account_limits_slots(slots, i == 0 ? (struct address){{0}} : world_token);
        trie_put_slot(&s->self, slots[0], l->of[i].amount);
        trie_put_slot(&s->self, slots[1], l->of[i].spent);
        trie_put_slot(&s->self, slots[2], l->of[i].window);
    }
    account_limits_fees_slot(slot);
    trie_put_slot(&s->self, slot, l->fees);
    account_limits_known_slot(slot, l->known);
    trie_put_slot(&s->self, slot, u256_from_u64(!address_is_zero(l->known)));
}

static void put_session(struct state *s, const struct world *w)
{
    uint8_t slots[SESSION_PART_COUNT][32];
    account_session_slots(slots, w->chain.session.id);
    for (size_t i = 0; i < SESSION_PART_COUNT; i++) {
        trie_put_slot(&s->self, slots[i], w->chain.session.words[i]);
    }
}

static void state_make(struct state *s, const struct world *w)
{
    static const struct trie none;
    const struct network *n = &w->networks[0];
    struct view_proof_ask ask;
    struct view_subject subject = {
        .network = n, .account = wallet_account_at(w->wallet, 0)->address, .is_smart = true};
    *s = (struct state){0};
    view_prove(&ask, VIEW_PROVE_ENTRY_POINT, &subject);
    trie_put_slot(&s->entry_point, ask.slots[0], w->chain.deposit);
    trie_put_slot(&s->entry_point, ask.slots[1], u256_from_u64(w->chain.nonce));
    view_prove(&ask, VIEW_PROVE_TOKEN, &subject);
    trie_put_slot(&s->token, ask.slots[0], w->chain.token);
    view_prove(&ask, VIEW_PROVE_ACCOUNT, &subject);
    if (w->chain.is_deployed) {
        trie_put_slot(&s->self, ask.slots[0], implementation_word(w));
        put_limits(s, w);
        put_session(s, w);
    }
    struct account_state self = {.exists = true,
                                 .balance = w->chain.balance,
                                 .storage_root = trie_root(&s->self),
                                 .code_hash = account_empty_code_hash};
    if (w->chain.is_deployed) {
        keccak256(&self.code_hash, SPAN_LIT("\x60\x01"));
    }
    trie_put_account(&s->accounts, subject.account, &self);
    put_code(s, n->entry_point, &s->entry_point);
    put_code(s, n->tokens[0].address, &s->token);
    put_code(s, n->factory, &none);
    put_code(s, n->verifier, &none);
    put_code(s, n->implementation_2, &none);
    if (!w->chain.lacks_version_2) {
        put_code(s, n->guardians_2, &none);
    }
    struct header h = {.form = HEADER_LONDON,
                       .state_root = trie_root(&s->accounts),
                       .number = w->chain.block,
                       .timestamp = w->t.unix_ms / 1000,
                       .base_fee = u256_from_u64(w->chain.base_fee)};
    struct buf rlp;
    buf_init(&rlp, test_budget(), HEADER_LEN_MAX);
    check(header_encode(&h, &rlp) == OK);
    s->header_len = span_copy(MSPAN_OF(s->header), buf_span(&rlp));
    keccak256(&s->hash, buf_span(&rlp));
    buf_done(&rlp);
}

static struct state the_state; /* too large for a stack */

void world_name_block(struct world *w)
{
    state_make(&the_state, w);
    struct proven_head block = {
        .block = {.hash = the_state.hash, .number = w->chain.block, .time_s = w->t.unix_ms / 1000}
    };
    wallet_set_anchor(w->wallet, w->t, &w->networks[0], ANCHOR_HEADER_SOURCE);
    wallet_trust_block(w->wallet, w->t, &w->networks[0], &block);
    w->chain.anchored = w->chain.block;
}

static enum err
prove(const struct world *w, struct proven_account *ret, const struct wallet_event *e)
{
    static struct trie_path path;
    static const struct proven_known nothing;
    struct service_request asked = {.type = SERVICE_ACCOUNT_PROOF, .chain_id = 31337};
    asked.block_hash = e->block_hash;
    asked.address = e->address;
    asked.slots = e->slots;
    AUTO(buf_done) struct buf body;
    buf_init(&body, test_budget(), 64 * 1024);
    struct service_proof_writer writer;
    service_proof_writer_init(&writer, &body, &asked);
    TRY(service_proof_put_header(&writer, span_of(the_state.header, the_state.header_len)));
    struct mpt_proof proof = trie_prove(&path, &the_state.accounts, SPAN_OF(e->address.bytes));
    TRY(service_proof_put_path(&writer, &proof));
    bool is_self = address_equal(e->address, wallet_account_at(w->wallet, 0)->address);
    const struct trie *storage = is_self            ? &the_state.self
                                 : e->slots.n == 64 ? &the_state.entry_point
                                                    : &the_state.token;
    for (struct span slots = e->slots; slots.n > 0;) {
        proof = trie_prove(&path, storage, span_take(&slots, 32));
        TRY(service_proof_put_path(&writer, &proof));
    }
    struct service_proof p;
    TRY(service_proof_decode(&p, buf_span(&body)));
    return proven_account_verify(ret, &e->block_hash, &asked, &nothing, &p);
}

/* Who proves an inclusion stands in chain.inclusion; without it servers do not answer such questions. */
static void answer_inclusion(struct world *w, const struct wallet_event *e)
{
    static struct proven_inclusion p;
    enum err err = w->chain.inclusion ? w->chain.inclusion(&p, e) : ERR_UNSUPPORTED;
    wallet_proven_inclusion(w->wallet, w->t, e->id, err, err == OK ? &p : NULL);
}

static void answer_logs(struct world *w, const struct wallet_event *e)
{
    struct proven_logs p = {0};
    size_t len = 0;
    enum err err = w->chain.logs ? w->chain.logs(&p, &len, e) : ERR_UNSUPPORTED;
    wallet_proven_logs(w->wallet, w->t, e->id, err, err == OK ? &p : NULL, len);
    proven_logs_done(&p);
}

static void answer_prove(struct world *w, const struct wallet_event *e)
{
    static struct proven_account p;
    if (e->proof == WALLET_PROOF_INCLUSION) {
        answer_inclusion(w, e);
        return;
    }
    if (e->proof == WALLET_PROOF_LOGS) {
        answer_logs(w, e);
        return;
    }
    w->chain.proofs++;
    if (w->chain.is_down) {
        return;
    }
    enum err err = w->chain.proves_wrongly ? ERR_AUTH : prove(w, &p, e);
    wallet_proven(w->wallet, w->t, e->id, err, err == OK ? &p : NULL);
}

static void take_events(struct world *w)
{
    struct wallet_event e;
    while (wallet_poll(w->wallet, &e)) {
        switch (e.kind) {
        case WALLET_ASK:
            w->chain.is_other = w->chain.has_other && e.network == &w->networks[1];
            answer_ask(w, &e);
            break;
        case WALLET_PROVE: answer_prove(w, &e); break;
        case WALLET_SUBMIT:
            w->wants_submit = true;
            w->submit = e.operation;
            w->turn = e.turn;
            w->submits++;
            break;
        case WALLET_TRACK:
            w->wants_track = true;
            w->track = e.operation;
            w->turn = e.turn;
            break;
        case WALLET_TASK_DONE:         w->task_done = e.id; break;
        case WALLET_OPERATION_CHANGED: w->changes++; break;
        case WALLET_ACCOUNTS_CHANGED:
        case WALLET_BALANCES_CHANGED:
        case WALLET_STATUS_CHANGED:
        case WALLET_SETTINGS_CHANGED:  break;
        }
        if (w->tell && e.kind >= WALLET_TASK_DONE) {
            w->tell(w->user, &e);
        }
    }
}

void world_turn(struct world *w, uint64_t ms)
{
    w->t.mono = instant_add(w->t.mono, ms * US_PER_MS);
    w->t.unix_ms += ms;
    if (w->chain.is_anchored && w->chain.anchored != w->chain.block) {
        world_name_block(w);
    }
    wallet_tick(w->wallet, w->t);
    take_events(w);
    wallet_tick(w->wallet, w->t);
    take_events(w);
}

/* ---- life ---- */

static bool make_wallet(struct world *w)
{
    struct coded why = {0};
    struct wallet_cfg cfg = {.budget = test_budget(),
                             .rng = &w->rng.rng,
                             .store = &w->store.store,
                             .origin = WORLD_ORIGIN,
                             .rp_id = "passmesh.localhost",
                             .networks = w->networks,
                             .network_count = 2};
    if (!EXPECT_OK(wallet_new(&w->wallet, &cfg, w->t, &why))) {
        return false;
    }
    wallet_set_reach(w->wallet, w->t, &w->networks[0], 1, true);
    return true;
}

bool world_init(struct world *w)
{
    *w = (struct world){
        .chain = {.block = 100,
                  .base_fee = 1000000000,
                  .balance = u256_from_u64(UINT64_C(10000000000000000000))},
        .t = {.mono = {.us = 1000000}, .unix_ms = UINT64_C(1764100000000)}
    };
    world_store_init(&w->store);
    rng_seeded_init(&w->rng, test_seed());
    rng_fill(&w->rng.rng, MSPAN_OF(w->secret.bytes));
    w->secret.bytes[0] = 1; /* below the order */
    rng_fill(&w->rng.rng, MSPAN_OF(w->credential));
    struct diag diag = {0};
    static const char ini[] =
        "[network]\nid = local\nname = Local\nchain_id = 31337\nkind = local\nsymbol = ETH\n"
        "native_name = Ether\nblock_ms = 1000\nfinal_after = 2\n"
        "[token T]\naddress = 0x1111111111111111111111111111111111111111\nsymbol = TOK\n"
        "name = Token\ndecimals = 6\nbalance_slot = 0\n";
    static const char other[] =
        "[network]\nid = other\nname = Other\nchain_id = 31338\nkind = local\nsymbol = OTH\n"
        "native_name = Other\nblock_ms = 1000\nfinal_after = 2\n";
    if (!EXPECT_OK(p256_public_of(&w->key, &w->secret)) ||
        !EXPECT_OK(network_parse(&w->networks[0], span_str(ini), &diag)) ||
        !EXPECT_OK(network_parse(&w->networks[1], span_str(other), &diag))) {
        return false;
    }
    /* The code that this chain has at every contract. */
    struct hash32 code;
    keccak256(&code, SPAN_LIT("\x60\x01"));
    span_copy(MSPAN_OF(w->networks[0].factory_code_hash), SPAN_OF(code.bytes));
    span_copy(MSPAN_OF(w->networks[0].verifier_code_hash), SPAN_OF(code.bytes));
    span_copy(MSPAN_OF(w->networks[0].implementation_2_code_hash), SPAN_OF(code.bytes));
    span_copy(MSPAN_OF(w->networks[0].guardians_2_code_hash), SPAN_OF(code.bytes));
    return make_wallet(w);
}

bool world_restart(struct world *w)
{
    wallet_free(w->wallet);
    w->wallet = NULL;
    w->wants_submit = false;
    w->wants_track = false;
    w->task_done = 0; /* the new one counts its tasks anew */
    w->store.fails_from = 0;
    return make_wallet(w);
}

void world_done(struct world *w)
{
    wallet_free(w->wallet);
    for (size_t i = 0; i < WORLD_RECORD_COUNT_MAX; i++) {
        free(w->store.records[i].value);
    }
}

/* ---- an account that is there ---- */

void world_deploy(struct world *w)
{
    struct world_owners *o = &w->chain.owners;
    const struct account *a = wallet_account_at(w->wallet, 0);
    w->chain.is_deployed = true;
    o->count = a->owner_count;
    o->threshold = a->threshold;
    for (size_t i = 0; i < a->owner_count; i++) {
        o->list[i] = smart_owner_passkey(w->networks[0].verifier, a->owners[i].public_key,
                                         span_str(a->owners[i].origin));
    }
    owner_change_first(o->head, a->address);
    world_turn(w, 10);
    world_turn(w, 2000); /* the first reading finds it there, the second asks for its owners */
}

struct smart_call world_call(struct world *w, struct id operation)
{
    static uint8_t data[4096];
    struct operation *op = NULL;
    struct userop userop;
    struct smart_call call = {0};
    size_t count = 0;
    if (EXPECT_OK(operation_new(&op, test_budget())) &&
        EXPECT_OK(wallet_operation(w->wallet, operation, op)) &&
        EXPECT_OK(userop_decode(&userop, buf_span(&op->userop))) &&
        EXPECT_OK(smart_account_is_within(userop.call_data)
                      ? smart_account_within_calls(&call, &count, 1, userop.call_data)
                      : smart_account_calls(&call, &count, 1, userop.call_data))) {
        call.data = span_of(data, span_copy(MSPAN_OF(data), call.data));
    }
    operation_free(op);
    return call;
}

bool world_asks(struct span params, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    char text[2 + 2 * ABI_SELECTOR_LEN];
    struct wr w = wr_init(MSPAN_OF(text));
    abi_selector(selector, span_str(signature));
    base16_encode_0x(&w, SPAN_OF(selector));
    for (size_t i = 0; i + w.n <= params.n; i++) {
        if (memcmp(params.p + i, text, w.n) == 0) {
            return true;
        }
    }
    return false;
}

void world_include(struct world *w, struct id operation)
{
    struct tracked included = {
        .state = TRACKED_INCLUDED, .block = ++w->chain.block, .success = true};
    struct wallet_source source = {.server = "12D3KooTest", .k = 1, .n = 1};
    w->chain.nonce++;
    wallet_submitted(w->wallet, w->t, operation, OK, NULL, &source);
    wallet_tracked(w->wallet, w->t, operation, &included);
    w->chain.block += 3;
    world_turn(w, 2000);
    wallet_tracked(w->wallet, w->t, operation, &included);
    world_turn(w, 2000);
}

enum err world_unlock(struct world *w, struct coded *why)
{
    struct ceremony c;
    TRY(wallet_unlock_begin(w->wallet, w->t, &c, why));
    struct passkey_answer answer = world_answer(w, SPAN_OF(c.challenge), NULL);
    return wallet_unlock_finish(w->wallet, w->t, c.id, &answer, why);
}

/* ---- sending ---- */

enum err world_wait(struct world *w, uint64_t task, struct id *ret, struct coded *why)
{
    struct task_result r = {.err = ERR_TIMEOUT};
    for (int i = 0; i < 20 && w->task_done != task; i++) {
        world_turn(w, 10);
    }
    if (!wallet_task_take(w->wallet, task, &r)) {
        return ERR_TIMEOUT;
    }
    *why = r.why;
    *ret = r.operation;
    return r.err;
}

enum err world_prepare(struct world *w, uint64_t wei, struct id *ret, struct coded *why)
{
    struct transfer x = {.account = wallet_settings(w->wallet)->account,
                         .network = w->networks[0].id,
                         .to = world_receiver,
                         .amount = u256_from_u64(wei)};
    uint64_t task = 0;
    TRY(wallet_prepare(w->wallet, w->t, &x, &task, why));
    return world_wait(w, task, ret, why);
}

enum err world_approve(struct world *w, struct id operation, struct coded *why)
{
    struct operation *op = NULL;
    TRY(operation_new(&op, test_budget()));
    enum err err = wallet_operation(w->wallet, operation, op);
    struct span ticks[OPERATION_RISK_COUNT_MAX];
    size_t count = 0;
    for (size_t i = 0; err == OK && i < op->risk_count; i++) {
        ticks[count++] = span_str(op->risks[i].what.code);
    }
    if (err == OK) {
        struct approve_args args = {.operation = operation,
                                    .revision = op->revision,
                                    .ticks = ticks,
                                    .tick_count = count,
                                    .answer =
                                        world_answer(w, SPAN_OF(op->userop_hash.bytes), NULL)};
        err = wallet_approve(w->wallet, w->t, &args, why);
    }
    operation_free(op);
    return err;
}

enum operation_state world_state(struct world *w, struct id operation)
{
    struct operation *op = NULL;
    enum operation_state state = OPERATION_STATE_COUNT;
    if (operation_new(&op, test_budget()) == OK &&
        wallet_operation(w->wallet, operation, op) == OK) {
        state = op->state;
    }
    operation_free(op);
    return state;
}

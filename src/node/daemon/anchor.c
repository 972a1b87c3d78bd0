/* The header source. */
#include "node/daemon/anchor.h"

#include "crypto/keccak.h"
#include "evm/header.h"
#include "evm/header_json.h"
#include "evm/jsonrpc.h"

enum {
    CHAIN_QUESTION = 1,
    BLOCK_QUESTION = 2,
    ANSWER_LEN_MAX = 1024 * 1024, /* a block with all hashes of its transactions */
    TIMEOUT_MS = 5000,
    PAUSE_MS_MIN = 1000,
    PAUSE_MS_MAX = 6000,
    HINT_PAUSE_MS = 150,
};

enum anchor anchor_kind(const struct network *n, struct anchor_else other)
{
    if (other.has_own_node) {
        return ANCHOR_NONE;
    }
    if (other.has_light) {
        return ANCHOR_LIGHT_CLIENT;
    }
    return n->anchor[0] ? ANCHOR_HEADER_SOURCE : ANCHOR_NONE;
}

/* The header is encoded anew, so that what is believed of the block is what its hash says. */
MUST_CHECK static enum err
block_read(struct proven_head *ret, struct budget *budget, struct json block)
{
    struct header h;
    struct hash32 told;
    AUTO(buf_done) struct buf out;
    buf_init(&out, budget, HEADER_LEN_MAX);
    TRY(jsonrpc_find_fixed(MSPAN_OF(told.bytes), block, "hash"));
    TRY(header_json_parse(&h, block));
    TRY(header_encode(&h, &out));
    keccak256(&h.hash, buf_span(&out));
    if (!span_equal(SPAN_OF(told.bytes), SPAN_OF(h.hash.bytes))) {
        return ERR_AUTH;
    }
    *ret = (struct proven_head){
        .block = {.hash = h.hash,
                  .number = h.number,
                  .time_s = h.timestamp,
                  .base_fee = h.base_fee},
        .state_root = h.state_root
    };
    return OK;
}

enum err
anchor_read(struct proven_head *ret, struct budget *budget, struct span answer, uint64_t chain_id)
{
    struct json batch;
    struct json one;
    bool is_single;
    struct proven_head block = {0};
    struct u256 chain = U256_ZERO;
    bool has_block = false;
    if (jsonrpc_batch_parse(&batch, &is_single, answer, NULL) != OK || is_single) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(batch);
    while (json_next(&it, NULL, &one)) {
        struct jsonrpc_response r;
        TRY(jsonrpc_response_read(&r, one, NULL));
        if (r.is_error) {
            return ERR_MALFORMED;
        }
        if (r.id == CHAIN_QUESTION) {
            TRY(jsonrpc_get_quantity(&chain, r.result));
        } else if (r.id == BLOCK_QUESTION) {
            enum err err = block_read(&block, budget, r.result);
            if (err != OK) {
                return err == ERR_AUTH ? ERR_AUTH : ERR_MALFORMED;
            }
            has_block = true;
        }
    }
    if (!has_block || !u256_equal(chain, u256_from_u64(chain_id))) {
        return has_block ? ERR_AUTH : ERR_MALFORMED;
    }
    *ret = block;
    return OK;
}

static void ask_later(struct anchor_source *a, struct wallet_time t, const struct network *n)
{
    uint64_t ms = n->block_time_ms < PAUSE_MS_MIN ? PAUSE_MS_MIN : n->block_time_ms;
    a->ask_at = instant_add(t.mono, (ms > PAUSE_MS_MAX ? PAUSE_MS_MAX : ms) * US_PER_MS);
}

static void note_silent(struct anchor_source *a, const char *words)
{
    if (!a->is_silent) {
        a->is_silent = true;
        log_line(a->log, LOG_WARN, "anchor",
                 "the header source of this network does not answer as it should: %s", words);
    }
}

static void on_answer(void *user, uint64_t turn, const struct fetch_result *r)
{
    struct anchor_source *a = user;
    struct proven_head block;
    const struct network *n = wallet_network(a->wallet, a->network);
    struct wallet_time t = a->time(a->user);
    if (turn != a->turn || !n) {
        return; /* of a network that was selected before */
    }
    a->is_asking = false;
    ask_later(a, t, n);
    enum err err = r->err;
    if (err == OK) {
        err = r->status == 200 ? anchor_read(&block, a->budget, r->body, n->chain_id) : ERR_IO;
    }
    if (err == OK) {
        a->is_silent = false;
        wallet_trust_block(a->wallet, t, n, &block);
    } else {
        note_silent(a, r->err == OK ? err_name(err) : r->words);
    }
    a->pump(a->user);
}

static void ask(struct anchor_source *a, struct wallet_time t, const struct network *n)
{
    struct fetch_args args = {
        .url = n->anchor,
        .body = SPAN_LIT("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[]},"
                         "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"eth_getBlockByNumber\","
                         "\"params\":[\"latest\",false]}]"),
        .answer_len_max = ANSWER_LEN_MAX,
        .timeout_ms = TIMEOUT_MS,
        .done = on_answer,
        .user = a,
        .tag = a->turn};
    enum err err = fetch_post(a->fetch, &args);
    if (err == OK) {
        a->is_asking = true;
        a->ask_at = INSTANT_NEVER;
        return;
    }
    note_silent(a, err == ERR_MALFORMED ? "its address is not http:// or https://" : err_name(err));
    ask_later(a, t, n);
}

void anchor_tick(struct anchor_source *a, struct wallet_time t, struct anchor_else other)
{
    const struct network *n = wallet_network(a->wallet, wallet_settings(a->wallet)->network);
    if (!n) {
        return;
    }
    enum anchor kind = anchor_kind(n, other);
    if (!id_equal(a->network, n->id)) {
        a->network = n->id;
        a->turn++;
        a->is_asking = false;
        a->is_silent = false;
        a->ask_at = t.mono;
    }
    wallet_set_anchor(a->wallet, t, n, kind);
    if (kind != ANCHOR_HEADER_SOURCE) {
        a->ask_at = INSTANT_NEVER;
    } else if (!a->is_asking && a->ask_at.us == INSTANT_NEVER.us) {
        a->ask_at = t.mono; /* the person's own node was forgotten */
    }
    if (kind == ANCHOR_HEADER_SOURCE && !a->is_asking && instant_reached(a->ask_at, t.mono)) {
        ask(a, t, n);
    }
}

instant anchor_deadline(const struct anchor_source *a)
{
    return a->ask_at;
}

void anchor_hint(struct anchor_source *a, struct wallet_time t)
{
    if (!a->is_asking && a->ask_at.us != INSTANT_NEVER.us) {
        a->ask_at = instant_min(a->ask_at, instant_add(t.mono, HINT_PAUSE_MS * US_PER_MS));
    }
}

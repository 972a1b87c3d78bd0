/* What a block proves of its chain: headers, code, inclusion, complete logs. The node is asked one question after the other (a
 * batch each), and a stream keeps its place for all of them:
 *
 *     CODE                             code
 *     HEADERS                headers (as often as it takes)
 *     INCLUSION   place  ->  headers                           ->  the lists of the last block
 *     LOGS                   headers  ->  the lists of each block whose bloom may hold a match
 *     CALL_WITNESS  reads  ->  the accounts (server_witness.c)
 *
 * All that the node says is held against hashes before it is sent, so that a node's fault does not become this server's lie. */
#include "service/server_parts.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/protobuf.h"
#include "crypto/keccak.h"
#include "evm/header.h"
#include "evm/jsonrpc.h"
#include "evm/mpt.h"
#include "evm/receipt_json.h"
#include "evm/tx_json.h"
#include "service/chain.h"

enum {
    BLOCK_ID = 1, /* of the batch that asks for lists */
    RECEIPTS_ID = 2,
    UNITS_BLOCKS = 16, /* so many headers cost a unit */
    UNITS_LISTS = 20,  /* of one block */
};

bool server_is_job(enum service_type type)
{
    return type == SERVICE_HEADERS || type == SERVICE_CODE || type == SERVICE_INCLUSION ||
           type == SERVICE_LOGS || type == SERVICE_CALL_WITNESS;
}

uint32_t server_job_units(const struct service_request *r)
{
    return (uint32_t)(r->blocks / UNITS_BLOCKS);
}

/* ---- asking ---- */

static void ask_header(struct json_writer *j, uint64_t id, uint64_t number)
{
    jsonrpc_request_begin(j, id, "eth_getBlockByNumber");
    jsonrpc_put_u64(j, number);
    json_put_bool(j, false);
    jsonrpc_request_end(j);
}

static void ask_lists(struct json_writer *j, const struct hash32 *block)
{
    jsonrpc_request_begin(j, BLOCK_ID, "eth_getBlockByHash");
    jsonrpc_put_data(j, SPAN_OF(block->bytes));
    json_put_bool(j, true);
    jsonrpc_request_end(j);
    jsonrpc_request_begin(j, RECEIPTS_ID, "eth_getBlockReceipts");
    jsonrpc_put_data(j, SPAN_OF(block->bytes));
    jsonrpc_request_end(j);
}

static void ask_place(struct json_writer *j, const struct hash32 *tx)
{
    jsonrpc_request_begin(j, 1, "eth_getTransactionReceipt");
    jsonrpc_put_data(j, SPAN_OF(tx->bytes));
    jsonrpc_request_end(j);
}

/* ask_write puts the question of the step that the stream is in. */
MUST_CHECK static enum err ask_write(struct service_stream *st, const struct service_request *r)
{
    struct service_job *job = &st->job;
    buf_clear(&st->ask);
    struct wr w = wr_init_buf(&st->ask);
    struct json_writer j = json_writer_init(&w);
    json_put_array(&j);
    job->asked = 1;
    switch (job->step) {
    case SERVICE_JOB_CODE:  server_ask_code(&j, 1, &r->block_hash, r->address); break;
    case SERVICE_JOB_PLACE: ask_place(&j, &r->tx_hash); break;
    case SERVICE_JOB_HEADERS:
        job->asked = job->left < SERVER_BATCH_MAX ? (size_t)job->left : SERVER_BATCH_MAX;
        for (size_t i = 0; i < job->asked; i++) {
            ask_header(&j, 1 + i, job->next - i);
        }
        break;
    case SERVICE_JOB_LISTS:
        job->asked = 2;
        ask_lists(&j, &job->block);
        break;
    case SERVICE_JOB_READS:   job->asked = server_witness_ask_reads(&j, r); break;
    case SERVICE_JOB_WITNESS: job->asked = server_witness_ask(&j, r, job); break;
    }
    json_end_array(&j);
    return json_writer_end(&j);
}

enum err server_job_begin(struct service_stream *st, const struct service_request *r)
{
    st->job.want = r->block_hash;
    st->job.next = r->number;
    st->job.left = r->blocks;
    st->job.step = r->type == SERVICE_CODE           ? SERVICE_JOB_CODE
                   : r->type == SERVICE_INCLUSION    ? SERVICE_JOB_PLACE
                   : r->type == SERVICE_CALL_WITNESS ? SERVICE_JOB_READS
                                                     : SERVICE_JOB_HEADERS;
    return ask_write(st, r);
}

/* ---- what the node says ---- */

MUST_CHECK static enum err
put_field(struct service_job *job, enum service_chain_field field, struct span bytes)
{
    struct wr w = wr_init_buf(&job->body);
    protobuf_write_bytes(&w, (uint32_t)field, bytes);
    return wr_end(&w);
}

MUST_CHECK static enum err take_code(struct service_server *s,
                                     struct service_job *job,
                                     const struct service_request *r,
                                     struct json code)
{
    struct hash32 hash;
    buf_clear(&s->message);
    struct wr w = wr_init_buf(&s->message);
    TRY(jsonrpc_get_data(&w, code));
    keccak256(&hash, buf_span(&s->message));
    if (!span_equal(SPAN_OF(hash.bytes), SPAN_OF(r->code_hash.bytes))) {
        return ERR_NOT_FOUND; /* another code stands there */
    }
    return put_field(job, SERVICE_CHAIN_CODE, buf_span(&s->message));
}

/* take_place learns in which block the transaction is. */
MUST_CHECK static enum err
take_place(struct service_job *job, const struct service_request *r, struct json receipt)
{
    uint64_t number;
    TRY(jsonrpc_find_u64(&number, receipt, "blockNumber"));
    if (number > r->number || r->number - number >= SERVICE_BLOCKS_MAX) {
        return ERR_NOT_FOUND; /* not in the chain of that block, or too far from it */
    }
    job->left = r->number - number + 1;
    return OK;
}

MUST_CHECK static enum err
take_headers(struct service_server *s, struct service_job *job, const struct json *blocks)
{
    for (size_t i = 0; i < job->asked; i++) {
        struct header h;
        enum err e = server_header_encode(&h, &s->message, blocks[i], &job->want);
        if (e == ERR_AUTH && job->body.n == 0) {
            return ERR_NOT_FOUND; /* the node's chain has another block there */
        }
        TRY(e);
        if (h.number != job->next) {
            return ERR_MALFORMED;
        }
        TRY(put_field(job, SERVICE_CHAIN_HEADER, buf_span(&s->message)));
        job->block = h.hash;
        job->want = h.parent_hash;
        job->next--; /* of block 0 it wraps, and left is 0 */
        job->left--;
    }
    return OK;
}

/* ---- lists ---- */

/* The transactions and receipts of one block as their tries hold them. */
struct lists {
    struct budget *budget;
    struct buf tx_bytes;
    struct buf receipt_bytes;
    struct span *items; /* the transactions, then as many receipts */
    size_t count;
};

static size_t items_len(const struct lists *l)
{
    return 2 * l->count * sizeof *l->items;
}

static void lists_done(struct lists *l)
{
    buf_done(&l->tx_bytes);
    buf_done(&l->receipt_bytes);
    if (l->items) {
        mem_free(l->budget, l->items, items_len(l));
    }
}

/* list_encode fills items; out moves while it grows, so that their places are known at its end. */
MUST_CHECK static enum err list_encode(struct span *items,
                                       struct buf *out,
                                       struct json array,
                                       enum err (*encode)(struct buf *out, struct json item))
{
    struct json_iter it = json_iterate(array);
    struct json one;
    size_t count = 0;
    while (json_next(&it, NULL, &one)) {
        size_t start = out->n;
        TRY(encode(out, one));
        items[count++].n = out->n - start;
    }
    const uint8_t *p = out->p;
    for (size_t i = 0; i < count; i++) {
        items[i].p = p;
        p += items[i].n;
    }
    return OK;
}

MUST_CHECK static enum err
root_check(const struct hash32 *want, const struct span *items, size_t items_count)
{
    struct hash32 root;
    TRY(mpt_root_of_list(&root, items, items_count));
    return span_equal(SPAN_OF(root.bytes), SPAN_OF(want->bytes)) ? OK : ERR_AUTH;
}

MUST_CHECK static enum err lists_read(struct lists *l,
                                      struct service_server *s,
                                      const struct service_job *job,
                                      const struct json *results)
{
    struct header h;
    struct json txs;
    void *room;
    TRY(server_header_encode(&h, &s->message, results[BLOCK_ID - 1], &job->block));
    struct json receipts = results[RECEIPTS_ID - 1];
    if (!json_find(&txs, results[BLOCK_ID - 1], "transactions") || txs.type != JSON_ARRAY ||
        receipts.type != JSON_ARRAY || json_count(txs) != json_count(receipts) ||
        json_count(txs) > MPT_LIST_MAX) {
        return ERR_MALFORMED;
    }
    size_t count = json_count(txs);
    if (count == 0) {
        return root_check(&h.transactions_root, NULL, 0);
    }
    TRY(mem_alloc(l->budget, &room, 2 * count * sizeof *l->items));
    l->items = room;
    l->count = count;
    TRY(list_encode(l->items, &l->tx_bytes, txs, tx_json_encode));
    TRY(list_encode(l->items + count, &l->receipt_bytes, receipts, receipt_json_encode));
    TRY(root_check(&h.transactions_root, l->items, count));
    return root_check(&h.receipts_root, l->items + count, count);
}

/* put_lists appends all of the block. */
MUST_CHECK static enum err put_lists(struct service_job *job, const struct lists *l)
{
    size_t len = 0;
    for (size_t i = 0; i < 2 * l->count; i++) {
        len += protobuf_bytes_len(SERVICE_LISTS_TX, l->items[i].n);
    }
    struct wr w = wr_init_buf(&job->body);
    protobuf_write_header(&w, SERVICE_CHAIN_LISTS, len);
    for (size_t i = 0; i < 2 * l->count; i++) {
        protobuf_write_bytes(&w, i < l->count ? SERVICE_LISTS_TX : SERVICE_LISTS_RECEIPT,
                             l->items[i]);
    }
    return wr_end(&w);
}

MUST_CHECK static enum err put_path(struct service_server *s,
                                    struct service_job *job,
                                    enum service_chain_field field,
                                    const struct mpt_items *list,
                                    size_t index)
{
    struct span room[MPT_INDEX_PROOF_MAX];
    struct mpt_proof path;
    buf_clear(&s->message);
    TRY(mpt_prove_index(&path, room, &s->message, list, index));
    for (size_t i = 0; i < path.nodes_count; i++) {
        TRY(put_field(job, field, path.nodes[i]));
    }
    return OK;
}

/* put_inclusion finds the transaction in its block and appends what proves it. */
MUST_CHECK static enum err put_inclusion(struct service_server *s,
                                         struct service_job *job,
                                         const struct lists *l,
                                         const struct hash32 *tx)
{
    struct mpt_items txs = {.items = l->items, .count = l->count};
    struct mpt_items receipts = {.items = l->items + l->count, .count = l->count};
    size_t index = 0;
    for (; index < l->count; index++) {
        struct hash32 hash;
        keccak256(&hash, l->items[index]);
        if (span_equal(SPAN_OF(hash.bytes), SPAN_OF(tx->bytes))) {
            break;
        }
    }
    if (index == l->count) {
        return ERR_NOT_FOUND; /* it was moved since the node said where it is */
    }
    struct wr w = wr_init_buf(&job->body);
    protobuf_write_varint(&w, SERVICE_CHAIN_INDEX, index);
    TRY(wr_end(&w));
    TRY(put_path(s, job, SERVICE_CHAIN_TX_NODE, &txs, index));
    TRY(put_path(s, job, SERVICE_CHAIN_RECEIPT_NODE, &receipts, index));
    return index == 0 ? OK : put_path(s, job, SERVICE_CHAIN_BEFORE_NODE, &receipts, index - 1);
}

MUST_CHECK static enum err take_lists(struct service_server *s,
                                      struct service_job *job,
                                      const struct service_request *r,
                                      const struct json *results)
{
    AUTO(lists_done) struct lists l = {.budget = s->cfg.budget};
    buf_init(&l.tx_bytes, s->cfg.budget, SERVICE_RESPONSE_LEN_MAX);
    buf_init(&l.receipt_bytes, s->cfg.budget, SERVICE_RESPONSE_LEN_MAX);
    TRY(lists_read(&l, s, job, results));
    return r->type == SERVICE_LOGS ? put_lists(job, &l) : put_inclusion(s, job, &l, &r->tx_hash);
}

/* ---- from one step to the next ---- */

/* next_block finds the next block whose bloom may hold a match; false: there is none. */
static bool next_block(struct service_job *job, const struct service_request *r)
{
    struct log_filter filter;
    struct span rlp;
    service_chain_filter(&filter, r);
    while (job->looked < r->blocks) {
        struct header h;
        struct span rest = span_from(buf_span(&job->body), job->looked_len);
        bool is_there = service_chain_next(&rlp, &rest, SERVICE_CHAIN_HEADER);
        check(is_there); /* they are all there before the first list */
        job->looked_len = job->body.n - rest.n;
        job->looked++;
        enum err e = header_decode(&h, rlp);
        check(e == OK); /* it was before it was put there */
        if (log_filter_may_match(&filter, &h.bloom)) {
            job->block = h.hash;
            return true;
        }
    }
    return false;
}

/* step_next: is there something left to ask? */
static bool step_next(struct service_job *job, const struct service_request *r)
{
    switch (job->step) {
    case SERVICE_JOB_CODE:  return false;
    case SERVICE_JOB_PLACE: job->step = SERVICE_JOB_HEADERS; return true;
    case SERVICE_JOB_HEADERS:
        if (job->left > 0) {
            return true;
        }
        job->step = SERVICE_JOB_LISTS;
        return r->type == SERVICE_INCLUSION || (r->type == SERVICE_LOGS && next_block(job, r));
    case SERVICE_JOB_LISTS:   return r->type == SERVICE_LOGS && next_block(job, r);
    case SERVICE_JOB_READS:   job->step = SERVICE_JOB_WITNESS; return true;
    case SERVICE_JOB_WITNESS: return false;
    }
    return false;
}

MUST_CHECK static enum err take(struct service_server *s,
                                struct service_job *job,
                                const struct service_request *r,
                                struct span text)
{
    struct json results[SERVER_BATCH_MAX];
    if (job->step == SERVICE_JOB_READS) {
        return server_witness_reads(job, r, text); /* one of two results is enough */
    }
    TRY(server_batch_read(results, job->asked, text));
    switch (job->step) {
    case SERVICE_JOB_CODE:    return take_code(s, job, r, results[0]);
    case SERVICE_JOB_PLACE:   return take_place(job, r, results[0]);
    case SERVICE_JOB_HEADERS: return take_headers(s, job, results);
    case SERVICE_JOB_LISTS:   return take_lists(s, job, r, results);
    case SERVICE_JOB_WITNESS: return server_witness_take(s, job, r, results, text.n);
    case SERVICE_JOB_READS:   break;
    }
    return ERR_INTERNAL;
}

bool server_lists_charge(struct service_server *s,
                         struct service_stream *st,
                         size_t lists_count,
                         instant now)
{
    uint32_t units = (uint32_t)lists_count * UNITS_LISTS; /* at most SERVICE_BLOCKS_MAX of them */
    return units == 0 || server_charge(s, st, units, now);
}

static void fail_with(struct service_server *s, struct service_stream *st, enum err e)
{
    struct server_failure f = {
        .code = SERVICE_UPSTREAM,
        .text = SPAN_LIT("this server's node gave something that its own hashes do not hold")};
    if (e == ERR_NOT_FOUND) {
        f = (struct server_failure){.code = SERVICE_NOT_FOUND,
                                    .text = SPAN_LIT("this server's node has not that")};
    } else if (e == ERR_LIMIT) {
        f = (struct server_failure){
            .code = SERVICE_TOO_LARGE,
            .text = SPAN_LIT("that is more than one answer, or this server's memory, holds")};
    } else if (e == ERR_UNSUPPORTED) {
        f = (struct server_failure){
            .code = SERVICE_UNSUPPORTED,
            .text = SPAN_LIT("the block has transactions of a kind that is not known here")};
    }
    server_share_failed(s, st, f);
}

void server_job_answer(struct service_server *s,
                       struct service_stream *st,
                       struct span text,
                       instant now)
{
    struct service_request r;
    enum err e = service_request_decode(&r, buf_span(&st->kept), NULL);
    check(e == OK); /* it was decoded before it was kept */
    e = take(s, &st->job, &r, text);
    buf_clear(&s->message);
    buf_trim(&s->message);
    buf_clear(&s->body);
    buf_trim(&s->body);
    if (e == OK && st->job.body.n > r.response_max) {
        e = ERR_LIMIT;
    }
    if (e != OK) {
        fail_with(s, st, e);
        return;
    }
    if (!step_next(&st->job, &r)) {
        server_share_answer(s, st, now);
        return;
    }
    bool is_dear = r.type == SERVICE_LOGS && st->job.step == SERVICE_JOB_LISTS;
    struct hash32 key = st->answer_key;
    if (is_dear && !server_lists_charge(s, st, 1, now)) {
        server_share_promote(s, &key); /* who waited with it has a quota of its own */
        return;
    }
    e = ask_write(st, &r);
    if (e != OK) {
        fail_with(s, st, e);
        return;
    }
    st->token = server_token(s);
    st->ask_due = true;
}

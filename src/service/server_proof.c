/* Account proofs: what the node says in JSON becomes the binary envelope. Each path is followed before it is sent, so
 * that a node's fault does not become this server's lie. */
#include "service/server_parts.h"

#include "base/check.h"
#include "evm/account_proof.h"
#include "evm/header.h"
#include "evm/header_json.h"
#include "evm/jsonrpc.h"
#include "service/proof.h"

/* The two questions of the batch. */
enum { BLOCK_ID = 1, PROOF_ID = 2 };

void server_ask_block(struct json_writer *j, uint64_t id, const struct hash32 *hash)
{
    jsonrpc_request_begin(j, id, "eth_getBlockByHash");
    jsonrpc_put_data(j, SPAN_OF(hash->bytes));
    json_put_bool(j, false);
    jsonrpc_request_end(j);
}

void server_put_block_id(struct json_writer *j, const struct hash32 *hash)
{
    json_put_object(j);
    json_put_name(j, "blockHash");
    jsonrpc_put_data(j, SPAN_OF(hash->bytes));
    json_end_object(j);
}

void server_ask_proof(struct json_writer *j,
                      uint64_t id,
                      const struct hash32 *hash,
                      struct address address,
                      struct span slots)
{
    jsonrpc_request_begin(j, id, "eth_getProof");
    jsonrpc_put_address(j, address);
    json_put_array(j);
    while (slots.n > 0) {
        jsonrpc_put_data(j, span_take(&slots, 32));
    }
    json_end_array(j);
    server_put_block_id(j, hash);
    jsonrpc_request_end(j);
}

void server_ask_code(struct json_writer *j,
                     uint64_t id,
                     const struct hash32 *hash,
                     struct address address)
{
    jsonrpc_request_begin(j, id, "eth_getCode");
    jsonrpc_put_address(j, address);
    server_put_block_id(j, hash);
    jsonrpc_request_end(j);
}

enum err server_proof_ask(struct service_stream *st, const struct service_request *r)
{
    buf_clear(&st->ask);
    struct wr w = wr_init_buf(&st->ask);
    struct json_writer j = json_writer_init(&w);
    json_put_array(&j);
    server_ask_block(&j, BLOCK_ID, &r->block_hash);
    server_ask_proof(&j, PROOF_ID, &r->block_hash, r->address, r->slots);
    json_end_array(&j);
    return json_writer_end(&j);
}

enum err server_batch_read(struct json *ret, size_t count, struct span text)
{
    struct json batch;
    bool is_single;
    if (jsonrpc_batch_parse(&batch, &is_single, text, NULL) != OK || is_single) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        ret[i] = (struct json){.type = JSON_NULL};
    }
    struct json_iter it = json_iterate(batch);
    struct json v;
    while (json_next(&it, NULL, &v)) {
        struct jsonrpc_response r;
        TRY(jsonrpc_response_read(&r, v, NULL));
        if (r.is_error) {
            return ERR_NOT_FOUND;
        }
        if (r.id >= 1 && r.id <= count) {
            ret[r.id - 1] = r.result;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (ret[i].type == JSON_NULL) {
            return ERR_NOT_FOUND;
        }
    }
    return OK;
}

/* path_read takes the nodes of an array; their bytes are in scratch, which has room for them and does not move. */
MUST_CHECK static enum err path_read(struct mpt_proof *ret,
                                     struct span room[static MPT_PROOF_NODES_MAX],
                                     struct buf *scratch,
                                     struct json owner,
                                     const char *name)
{
    struct json array;
    if (!json_find(&array, owner, name) || array.type != JSON_ARRAY ||
        json_count(array) > MPT_PROOF_NODES_MAX) {
        return ERR_MALFORMED;
    }
    buf_clear(scratch);
    struct json_iter it = json_iterate(array);
    struct json node;
    size_t n = 0;
    while (json_next(&it, NULL, &node)) {
        size_t start = scratch->n;
        struct wr w = wr_init_buf(scratch);
        TRY(jsonrpc_get_data(&w, node));
        room[n++] = span_from(buf_span(scratch), start);
    }
    *ret = (struct mpt_proof){.nodes = room, .nodes_count = n};
    return OK;
}

enum err server_header_encode(struct header *ret,
                              struct buf *out,
                              struct json block,
                              const struct hash32 *hash)
{
    struct header h;
    enum err e = header_json_parse(&h, block);
    buf_clear(out);
    TRY(e == ERR_NOT_FOUND ? ERR_MALFORMED : e);
    TRY(header_encode(&h, out));
    return header_verify(ret, hash, buf_span(out));
}

MUST_CHECK static enum err account_put(struct service_proof_writer *w,
                                       struct account_state *ret,
                                       const struct hash32 *root,
                                       struct buf *scratch,
                                       struct json proof)
{
    struct span room[MPT_PROOF_NODES_MAX];
    struct mpt_proof path;
    TRY(path_read(&path, room, scratch, proof, "accountProof"));
    TRY(account_verify(ret, root, w->request->address, &path));
    return service_proof_put_path(w, &path);
}

MUST_CHECK static enum err slot_put(struct service_proof_writer *w,
                                    const struct hash32 *root,
                                    const uint8_t slot[static 32],
                                    struct buf *scratch,
                                    struct json storage)
{
    struct span room[MPT_PROOF_NODES_MAX];
    struct mpt_proof path;
    struct u256 value;
    TRY(path_read(&path, room, scratch, storage, "proof"));
    TRY(account_verify_slot(&value, root, slot, &path));
    return service_proof_put_path(w, &path);
}

enum err server_account_put(struct service_proof_writer *w,
                            struct account_state *ret,
                            const struct hash32 *root,
                            struct buf *scratch,
                            struct json proof,
                            struct span slots)
{
    struct json storage;
    if (!json_find(&storage, proof, "storageProof") || storage.type != JSON_ARRAY ||
        json_count(storage) != slots.n / 32) {
        return ERR_MALFORMED;
    }
    TRY(account_put(w, ret, root, scratch, proof));
    struct json_iter it = json_iterate(storage);
    struct json one;
    while (json_next(&it, NULL, &one)) {
        TRY(slot_put(w, &ret->storage_root, span_take(&slots, 32).p, scratch, one));
    }
    return OK;
}

MUST_CHECK static enum err
body_write(struct service_server *s, const struct service_request *r, const struct json *results)
{
    struct service_proof_writer w;
    struct account_state account;
    struct header h;
    buf_clear(&s->body);
    service_proof_writer_init(&w, &s->body, r);
    TRY(server_header_encode(&h, &s->message, results[BLOCK_ID - 1], &r->block_hash));
    TRY(service_proof_put_header(&w, buf_span(&s->message)));
    return server_account_put(&w, &account, &h.state_root, &s->message, results[PROOF_ID - 1],
                              r->slots);
}

void server_proof_answer(struct service_server *s,
                         struct service_stream *st,
                         struct span text,
                         instant now)
{
    struct service_request r;
    struct json results[PROOF_ID];
    enum err e = service_request_decode(&r, buf_span(&st->kept), NULL);
    check(e == OK); /* it was decoded before it was kept */
    buf_clear(&s->message);
    if (buf_reserve(&s->message, text.n / 2 + HEADER_LEN_MAX) != OK) {
        server_share_failed(
            s, st,
            (struct server_failure){.code = SERVICE_BUSY, .text = SPAN_LIT("no memory now")});
        return;
    }
    e = server_batch_read(results, PROOF_ID, text);
    if (e == OK) {
        e = body_write(s, &r, results);
        e = e == ERR_NOT_FOUND ? ERR_MALFORMED : e;
    }
    if (e == OK) {
        server_share_answer(s, st, now);
    } else if (e == ERR_NOT_FOUND) {
        server_share_failed(
            s, st,
            (struct server_failure){
                .code = SERVICE_NOT_FOUND,
                .text = SPAN_LIT("this server's node has not that block or its state")});
    } else {
        bool is_long = e == ERR_LIMIT;
        server_share_failed(s, st,
                            (struct server_failure){
                                .code = is_long ? SERVICE_TOO_LARGE : SERVICE_UPSTREAM,
                                .text = is_long
                                            ? SPAN_LIT("the proof is too long")
                                            : SPAN_LIT("this server's node gave a broken proof")});
    }
    buf_clear(&s->body);
    buf_trim(&s->body);
    buf_clear(&s->message);
    buf_trim(&s->message);
}

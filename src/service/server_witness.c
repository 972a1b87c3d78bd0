/* What a call reads, as the node that runs it says, and then each of those accounts with its proof. What the node leaves out, whoever
 * runs the call on the witness notices; what it puts in costs the client bytes within the answer's bound. */
#include "service/server_parts.h"

#include "base/check.h"
#include "base/rd.h"
#include "codec/protobuf.h"
#include "evm/account_proof.h"
#include "evm/header.h"
#include "evm/jsonrpc.h"
#include "service/witness.h"

#include <string.h>

enum { SLOT_LEN = 32, BLOCK_ID = 1, FIRST_PROOF_ID = 2, PER_ACCOUNT = 2 };

/* ---- what it reads ---- */

static void put_call(struct json_writer *j, const struct service_request *r)
{
    json_put_object(j);
    json_put_name(j, "from");
    jsonrpc_put_address(j, r->from);
    json_put_name(j, "to");
    jsonrpc_put_address(j, r->address);
    json_put_name(j, "value");
    jsonrpc_put_quantity(j, r->value);
    if (r->data.n > 0) {
        json_put_name(j, "data");
        jsonrpc_put_data(j, r->data);
    }
    if (r->gas > 0) {
        json_put_name(j, "gas");
        jsonrpc_put_u64(j, r->gas);
    }
    json_end_object(j);
    server_put_block_id(j, &r->block_hash);
}

/* Nodes charge the sender for gas even here. Some take a third parameter that makes it rich, others refuse the question for it: so
 * it is asked both ways. */
size_t server_witness_ask_reads(struct json_writer *j, const struct service_request *r)
{
    char name[ADDRESS_TEXT_LEN];
    jsonrpc_request_begin(j, 1, "eth_createAccessList");
    put_call(j, r);
    address_print(name, r->from);
    json_put_object(j);
    json_put_name(j, name);
    json_put_object(j);
    json_put_name(j, "balance");
    json_put_str(j, "0xffffffffffffffffffffffffffffffff");
    json_end_object(j);
    json_end_object(j);
    jsonrpc_request_end(j);
    jsonrpc_request_begin(j, 2, "eth_createAccessList");
    put_call(j, r);
    jsonrpc_request_end(j);
    return 2;
}

/* An account and the array of its slots; of sender and callee perhaps none. */
struct read {
    struct address address;
    struct json keys;
};
struct reads {
    struct read list[SERVICE_WITNESS_ACCOUNTS_MAX];
    size_t count;
};

/* Each account stands there once, in the order of addresses. */
MUST_CHECK static enum err add(struct reads *all, struct address address, struct json keys)
{
    size_t at = 0;
    int order = -1;
    while (at < all->count &&
           (order = memcmp(all->list[at].address.bytes, address.bytes, sizeof address)) < 0) {
        at++;
    }
    if (order != 0) {
        if (all->count == SERVICE_WITNESS_ACCOUNTS_MAX) {
            return ERR_LIMIT;
        }
        memmove(all->list + at + 1, all->list + at, (all->count - at) * sizeof all->list[0]);
        all->list[at] = (struct read){.address = address, .keys = {.type = JSON_NULL}};
        all->count++;
    }
    if (keys.type == JSON_ARRAY) {
        all->list[at].keys = keys;
    }
    return OK;
}

/* Slots of an account, rising, each once; a node may name one twice. */
struct slots {
    uint8_t list[SERVICE_SLOTS_MAX][SLOT_LEN];
    size_t count;
};

MUST_CHECK static enum err slot_add(struct slots *all, const uint8_t slot[static SLOT_LEN])
{
    size_t at = 0;
    int order = -1;
    while (at < all->count && (order = memcmp(all->list[at], slot, SLOT_LEN)) < 0) {
        at++;
    }
    if (order == 0) {
        return OK;
    }
    if (all->count == SERVICE_SLOTS_MAX) {
        return ERR_LIMIT;
    }
    memmove(all->list + at + 1, all->list + at, (all->count - at) * SLOT_LEN);
    memcpy(all->list[at], slot, SLOT_LEN);
    all->count++;
    return OK;
}

MUST_CHECK static enum err slots_write(struct wr *w, struct json keys)
{
    struct slots all = {.count = 0};
    struct json_iter it = json_iterate(keys);
    struct json key;
    while (keys.type == JSON_ARRAY && json_next(&it, NULL, &key)) {
        uint8_t slot[SLOT_LEN];
        TRY(jsonrpc_get_fixed(MSPAN_OF(slot), key));
        TRY(slot_add(&all, slot));
    }
    wr_u8(w, (uint8_t)all.count);
    wr_bytes(w, span_of(all.list[0], all.count * SLOT_LEN));
    return OK;
}

MUST_CHECK static enum err list_read(struct reads *all, struct json result)
{
    struct json list;
    struct json one;
    if (!json_find(&list, result, "accessList") || list.type != JSON_ARRAY) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        struct address address;
        struct json keys;
        TRY(jsonrpc_find_address(&address, one, "address"));
        if (!json_find(&keys, one, "storageKeys") || keys.type != JSON_ARRAY) {
            return ERR_MALFORMED;
        }
        TRY(add(all, address, keys));
    }
    return OK;
}

/* The first result of a batch that is one. ERR_NOT_FOUND: all are errors. */
MUST_CHECK static enum err result_read(struct json *ret, struct span text)
{
    struct json batch;
    struct json v;
    bool is_single;
    if (jsonrpc_batch_parse(&batch, &is_single, text, NULL) != OK || is_single) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(batch);
    while (json_next(&it, NULL, &v)) {
        struct jsonrpc_response r;
        TRY(jsonrpc_response_read(&r, v, NULL));
        if (!r.is_error && r.result.type == JSON_OBJECT) {
            *ret = r.result;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err
server_witness_reads(struct service_job *job, const struct service_request *r, struct span text)
{
    static const struct json none = {.type = JSON_NULL};
    struct reads all = {.count = 0};
    struct json result = none;
    TRY(result_read(&result, text));
    TRY(add(&all, r->from, none));
    TRY(add(&all, r->address, none));
    TRY(list_read(&all, result));
    buf_clear(&job->reads);
    struct wr w = wr_init_buf(&job->reads);
    for (size_t i = 0; i < all.count; i++) {
        wr_bytes(&w, SPAN_OF(all.list[i].address.bytes));
        TRY(slots_write(&w, all.list[i].keys));
    }
    return wr_end(&w);
}

/* reads_next cuts the next account off what server_witness_reads wrote. */
static bool reads_next(struct address *ret, struct span *ret_slots, struct span *rest)
{
    if (rest->n == 0) {
        return false;
    }
    struct rd in = rd_init(*rest);
    rd_copy(&in, MSPAN_OF(ret->bytes));
    *ret_slots = rd_bytes(&in, (size_t)rd_u8(&in) * SLOT_LEN);
    check(rd_ok(&in)); /* this server wrote it */
    *rest = in.rest;
    return true;
}

/* ---- what stands there ---- */

size_t server_witness_ask(struct json_writer *j,
                          const struct service_request *r,
                          const struct service_job *job)
{
    struct address address;
    struct span slots;
    uint64_t id = FIRST_PROOF_ID;
    server_ask_block(j, BLOCK_ID, &r->block_hash);
    for (struct span rest = buf_span(&job->reads); reads_next(&address, &slots, &rest);) {
        server_ask_proof(j, id, &r->block_hash, address, slots);
        server_ask_code(j, id + 1, &r->block_hash, address);
        id += PER_ACCOUNT;
    }
    return (size_t)id - 1;
}

/* put_account writes one account's message; results are its proof and its code. s->body takes the proof, s->message whatever is read
 * from JSON. */
MUST_CHECK static enum err put_account(struct service_server *s,
                                       struct service_job *job,
                                       const struct service_request *r,
                                       const struct hash32 *root,
                                       const struct json *results)
{
    struct service_proof_writer w;
    struct account_state account;
    buf_clear(&s->body);
    service_proof_writer_init(&w, &s->body, r);
    TRY(server_account_put(&w, &account, root, &s->message, results[0], r->slots));
    buf_clear(&s->message);
    struct wr code = wr_init_buf(&s->message);
    TRY(jsonrpc_get_data(&code, results[1]));
    TRY(account_verify_code(&account.code_hash, buf_span(&s->message)));
    bool has_code = s->message.n > 0 && !service_proof_is_known(r, &account.code_hash);
    size_t len = protobuf_bytes_len(SERVICE_WITNESS_ADDRESS, sizeof r->address.bytes) +
                 (r->slots.n > 0 ? protobuf_bytes_len(SERVICE_WITNESS_SLOTS, r->slots.n) : 0) +
                 protobuf_bytes_len(SERVICE_WITNESS_PROOF, s->body.n) +
                 (has_code ? protobuf_bytes_len(SERVICE_WITNESS_CODE, s->message.n) : 0);
    struct wr out = wr_init_buf(&job->body);
    protobuf_write_header(&out, SERVICE_WITNESS_ACCOUNT, len);
    protobuf_write_bytes(&out, SERVICE_WITNESS_ADDRESS, SPAN_OF(r->address.bytes));
    if (r->slots.n > 0) {
        protobuf_write_bytes(&out, SERVICE_WITNESS_SLOTS, r->slots);
    }
    protobuf_write_bytes(&out, SERVICE_WITNESS_PROOF, buf_span(&s->body));
    if (has_code) {
        protobuf_write_bytes(&out, SERVICE_WITNESS_CODE, buf_span(&s->message));
    }
    return wr_end(&out);
}

enum err server_witness_take(struct service_server *s,
                             struct service_job *job,
                             const struct service_request *r,
                             const struct json *results,
                             size_t text_len)
{
    struct service_request one = *r; /* of each account, as if it had been asked for */
    struct header h;
    buf_clear(&s->message);
    TRY(buf_reserve(&s->message,
                    text_len / 2 + HEADER_LEN_MAX)); /* paths lie in it and must not move */
    TRY(server_header_encode(&h, &s->message, results[BLOCK_ID - 1], &r->block_hash));
    if (!service_proof_is_known(r, &r->block_hash)) {
        struct wr w = wr_init_buf(&job->body);
        protobuf_write_bytes(&w, SERVICE_WITNESS_HEADER, buf_span(&s->message));
        TRY(wr_end(&w));
    }
    const struct json *its = results + FIRST_PROOF_ID - 1;
    for (struct span rest = buf_span(&job->reads); reads_next(&one.address, &one.slots, &rest);) {
        TRY(put_account(s, job, &one, &h.state_root, its));
        its += PER_ACCOUNT;
    }
    return OK;
}

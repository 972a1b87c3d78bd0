/* Messages of /web3-wallet/1.0. Field numbers stand in docs/protocol.md; each decoder reads one message. */
#include "service/message.h"

#include "base/wr.h"
#include "codec/protobuf.h"
#include "codec/utf8.h"

#include <string.h>

/* A status answer and a receipt have far fewer fields than this; more is a peer at play. */
enum { FIELDS_MAX = 256 };

static const struct service_limits limits[SERVICE_TYPES_MAX] = {
    [SERVICE_STATUS] = {.request_len_max = 256,
                        .response_len_max = 4096,
                        .deadline_ms_max = 5000,
                        .units = 1},
    [SERVICE_RPC] = {.request_len_max = SERVICE_REQUEST_LEN_MAX,
                        .response_len_max = SERVICE_RESPONSE_LEN_MAX,
                        .deadline_ms_max = 30000,
                        .units = 0},
    [SERVICE_SEND_USER_OPERATION] = {.request_len_max = 16384,
                        .response_len_max = 4096,
                        .deadline_ms_max = 30000,
                        .units = 10},
    [SERVICE_USER_OPERATION_STATUS] = {.request_len_max = 256,
                        .response_len_max = 4096,
                        .deadline_ms_max = 5000,
                        .units = 1},
    [SERVICE_SUBSCRIBE] = {.request_len_max = 256,
                        .response_len_max = 4096,
                        .deadline_ms_max = 0,
                        .units = 5},
    [SERVICE_ACCOUNT_PROOF] = {.request_len_max = 4096,
                        .response_len_max = 320 * 1024,
                        .deadline_ms_max = 10000,
                        .units = 2},
    [SERVICE_LC_BOOTSTRAP] = {.request_len_max = 256,
                        .response_len_max = 32 * 1024,
                        .deadline_ms_max = 10000,
                        .units = 5},
    [SERVICE_LC_UPDATES] = {.request_len_max = 256,
                        .response_len_max = 512 * 1024,
                        .deadline_ms_max = 10000,
                        .units = 5},
    [SERVICE_LC_FINALITY] = {.request_len_max = 256,
                        .response_len_max = 4096,
                        .deadline_ms_max = 5000,
                        .units = 1},
    [SERVICE_LC_OPTIMISTIC] = {.request_len_max = 256,
                        .response_len_max = 4096,
                        .deadline_ms_max = 5000,
                        .units = 1},
    [SERVICE_HEADERS] = {.request_len_max = 256,
                        .response_len_max = 288 * 1024,
                        .deadline_ms_max = 10000,
                        .units = 2},
    [SERVICE_CODE] = {.request_len_max = 256,
                        .response_len_max = SERVICE_CODE_LEN_MAX + 4096,
                        .deadline_ms_max = 10000,
                        .units = 3},
    [SERVICE_INCLUSION] = {.request_len_max = 256,
                        .response_len_max = 1 << 20,
                        .deadline_ms_max = 10000,
                        .units = 10},
    [SERVICE_LOGS] = {.request_len_max = 4096,
                        .response_len_max = SERVICE_PART_LEN_MAX + 4096,
                        .body_len_max = SERVICE_BODY_LEN_MAX,
                        .deadline_ms_max = 30000,
                        .units = 5},
    [SERVICE_COSIGN_CREATE] = {.request_len_max = 16384,
                        .response_len_max = 4096,
                        .deadline_ms_max = 30000,
                        .units = 200},
    [SERVICE_COSIGN_REMOVE] = {.request_len_max = 16384,
                        .response_len_max = 4096,
                        .deadline_ms_max = 30000,
                        .units = 20},
    [SERVICE_COSIGN_SIGN] = {.request_len_max = 16384,
                        .response_len_max = 4096,
                        .deadline_ms_max = 30000,
                        .units = 20},
    [SERVICE_CAPSULE_NONCE] = {.request_len_max = 256,
                        .response_len_max = 4096,
                        .deadline_ms_max = 5000,
                        .units = 1},
    [SERVICE_CAPSULE_PUT] = {.request_len_max = 16384,
                        .response_len_max = 4096,
                        .deadline_ms_max = 10000,
                        .units = 50},
    [SERVICE_CAPSULE_GET] = {.request_len_max = 8192,
                        .response_len_max = 16384,
                        .deadline_ms_max = 10000,
                        .units = 50},
    [SERVICE_CALL_WITNESS] = {.request_len_max = 16384,
                        .response_len_max = SERVICE_PART_LEN_MAX + 4096,
                        .body_len_max = 4 << 20,
                        .deadline_ms_max = 15000,
                        .units = 20},
    [SERVICE_SEND_TRANSACTION] = {.request_len_max = SERVICE_TX_LEN_MAX + 256,
                        .response_len_max = 4096,
                        .deadline_ms_max = 15000,
                        .units = 1},
};

const struct service_limits *service_limits(enum service_type type)
{
    unsigned i = (unsigned)type;
    return i < SERVICE_TYPES_MAX && limits[i].request_len_max > 0 ? &limits[i] : NULL;
}

/* A number or text that is its default is not written, as protobuf has it. */
static void put_number(struct wr *w, uint32_t field, uint64_t v)
{
    if (v != 0) {
        protobuf_write_varint(w, field, v);
    }
}

static void put_bytes(struct wr *w, uint32_t field, struct span s)
{
    if (s.n > 0) {
        protobuf_write_bytes(w, field, s);
    }
}

/* put_text writes what of text is UTF-8 and short enough: it may come from a contract or a node. */
static void put_text(struct wr *w, uint32_t field, struct span text)
{
    struct span s = span_first(text, SERVICE_TEXT_LEN_MAX);
    for (size_t cut = 0; cut < 3 && s.n < text.n && !utf8_is_valid(s); cut++) {
        s.n--; /* a character that the limit cut apart */
    }
    put_bytes(w, field, utf8_is_valid(s) ? s : SPAN_LIT("(not text)"));
}

/* put_u256 writes the bytes of v without leading zeros. */
static void put_u256(struct wr *w, uint32_t field, struct u256 v)
{
    uint8_t be[32];
    u256_to_be(be, v);
    size_t n = (u256_bit_len(v) + 7) / 8;
    put_bytes(w, field, span_of(be + 32 - n, n));
}

MUST_CHECK static enum err get_u256(struct u256 *ret, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    return u256_from_be(ret, s) == OK ? OK : ERR_MALFORMED;
}

/* get_below reads a number that must be below bound. */
MUST_CHECK static enum err get_below(uint64_t *ret, const struct protobuf_field *f, uint64_t bound)
{
    uint64_t v;
    TRY(protobuf_get_u64(&v, f));
    if (v >= bound) {
        return ERR_MALFORMED;
    }
    *ret = v;
    return OK;
}

MUST_CHECK static enum err get_u32(uint32_t *ret, const struct protobuf_field *f)
{
    uint64_t v;
    TRY(get_below(&v, f, UINT64_C(1) << 32));
    *ret = (uint32_t)v;
    return OK;
}

/* get_text reads UTF-8 of at most max bytes. */
MUST_CHECK static enum err get_text(struct span *ret, const struct protobuf_field *f, size_t max)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (s.n > max || !utf8_is_valid(s)) {
        return ERR_MALFORMED;
    }
    *ret = s;
    return OK;
}

/* get_items reads at most max items of len bytes, one behind the other. */
MUST_CHECK static enum err
get_items(struct span *ret, const struct protobuf_field *f, size_t len, size_t max)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (s.n % len != 0 || s.n / len > max) {
        return ERR_MALFORMED;
    }
    *ret = s;
    return OK;
}

static struct protobuf_reader read_message(struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    r.fields_left = FIELDS_MAX;
    return r;
}

/* chain_fields_put writes what a question about a trusted block needs; what a type has not is empty, and not written. */
static void chain_fields_put(struct wr *w, const struct service_request *r)
{
    put_bytes(w, 12, SPAN_OF(r->block_hash.bytes));
    if (r->type == SERVICE_CODE) {
        put_bytes(w, 13, SPAN_OF(r->address.bytes));
        put_bytes(w, 19, SPAN_OF(r->code_hash.bytes));
        return;
    }
    put_number(w, 20, r->number);
    if (r->type == SERVICE_INCLUSION) {
        put_bytes(w, 22, SPAN_OF(r->tx_hash.bytes));
        return;
    }
    put_number(w, 21, r->blocks);
    if (r->type == SERVICE_LOGS) {
        put_bytes(w, 23, r->addresses);
        for (uint32_t i = 0; i < SERVICE_TOPICS_MAX; i++) {
            put_bytes(w, 24 + i, r->topics[i]);
        }
    }
}

static void call_fields_put(struct wr *w, const struct service_request *r)
{
    put_bytes(w, 12, SPAN_OF(r->block_hash.bytes));
    put_bytes(w, 13, SPAN_OF(r->address.bytes));
    put_bytes(w, 15, r->known);
    put_bytes(w, 30, r->data);
    put_bytes(w, 31, address_is_zero(r->from) ? SPAN_EMPTY : SPAN_OF(r->from.bytes));
    put_u256(w, 32, r->value);
    put_number(w, 33, r->gas);
}

enum err service_request_encode(const struct service_request *r, struct buf *out)
{
    const struct service_limits *l = service_limits(r->type);
    if (!l) {
        return ERR_UNSUPPORTED;
    }
    size_t start = out->n;
    struct wr w = wr_init_buf(out);
    put_number(&w, 1, (uint64_t)r->type);
    put_number(&w, 2, r->chain_id);
    protobuf_write_fixed64(&w, 3, r->id);
    put_number(&w, 4, r->deadline_ms);
    put_number(&w, 5, r->response_max);
    switch (r->type) {
    case SERVICE_STATUS: break;
    case SERVICE_RPC:
        put_bytes(&w, 6, r->method);
        put_bytes(&w, 7, r->params);
        break;
    case SERVICE_SEND_USER_OPERATION:
        put_bytes(&w, 8, SPAN_OF(r->entry_point.bytes));
        put_bytes(&w, 9, r->userop);
        break;
    case SERVICE_USER_OPERATION_STATUS: put_bytes(&w, 10, SPAN_OF(r->userop_hash.bytes)); break;
    case SERVICE_SUBSCRIBE:             put_number(&w, 11, (uint64_t)r->topic); break;
    case SERVICE_ACCOUNT_PROOF:
        put_bytes(&w, 12, SPAN_OF(r->block_hash.bytes));
        put_bytes(&w, 13, SPAN_OF(r->address.bytes));
        put_bytes(&w, 14, r->slots);
        put_bytes(&w, 15, r->known);
        break;
    case SERVICE_LC_BOOTSTRAP: put_bytes(&w, 16, SPAN_OF(r->root.bytes)); break;
    case SERVICE_LC_UPDATES:
        put_number(&w, 17, r->period);
        put_number(&w, 18, r->count);
        break;
    case SERVICE_LC_FINALITY:
    case SERVICE_LC_OPTIMISTIC:    break;
    case SERVICE_HEADERS:
    case SERVICE_CODE:
    case SERVICE_INCLUSION:
    case SERVICE_LOGS:             chain_fields_put(&w, r); break;
    case SERVICE_COSIGN_CREATE:
    case SERVICE_COSIGN_SIGN:
    case SERVICE_COSIGN_REMOVE:    put_bytes(&w, 28, r->cosign); break;
    case SERVICE_CAPSULE_NONCE:    break;
    case SERVICE_CAPSULE_PUT:
    case SERVICE_CAPSULE_GET:      put_bytes(&w, 29, r->capsule); break;
    case SERVICE_CALL_WITNESS:     call_fields_put(&w, r); break;
    case SERVICE_SEND_TRANSACTION: put_bytes(&w, 34, r->transaction); break;
    }
    TRY(wr_end(&w));
    return out->n - start <= l->request_len_max ? OK : ERR_LIMIT;
}

/* chain_field reads the fields of what a trusted block proves, and of calls. */
MUST_CHECK static enum err chain_field(struct service_request *r, const struct protobuf_field *f)
{
    switch (f->number) {
    case 19: return protobuf_get_fixed(MSPAN_OF(r->code_hash.bytes), f);
    case 20: return protobuf_get_u64(&r->number, f);
    case 21:
        TRY(get_below(&r->blocks, f, SERVICE_BLOCKS_MAX + 1));
        return r->blocks > 0 ? OK : ERR_MALFORMED;
    case 22: return protobuf_get_fixed(MSPAN_OF(r->tx_hash.bytes), f);
    case 23: return get_items(&r->addresses, f, sizeof(struct address), SERVICE_FILTER_MAX);
    case 24:
    case 25:
    case 26:
    case 27: return get_items(&r->topics[f->number - 24], f, 32, SERVICE_FILTER_MAX);
    case 30: return protobuf_get_bytes(&r->data, f);
    case 31: return protobuf_get_fixed(MSPAN_OF(r->from.bytes), f);
    case 32: return get_u256(&r->value, f);
    case 33: return protobuf_get_u64(&r->gas, f);
    case 34: return protobuf_get_bytes(&r->transaction, f);
    default: return OK;
    }
}

/* request_field reads one field; which of them a type needs is looked at afterwards. */
MUST_CHECK static enum err
request_field(struct service_request *r, uint64_t *seen, const struct protobuf_field *f)
{
    /* As in proto3, an empty field is one that is not there (our own encoder writes none), and of a field that comes
     * twice the last one counts, an empty one too. */
    bool is_there = f->wire != PROTOBUF_BYTES || f->bytes.n > 0;
    uint64_t bit = f->number < 64 ? UINT64_C(1) << f->number : 0;
    *seen = is_there ? *seen | bit : *seen & ~bit;
    uint64_t v = 0;
    switch (f->number) {
    case 1:
        TRY(get_below(&v, f, UINT64_C(1) << 31));
        r->type = (enum service_type)v;
        return OK;
    case 2:  return protobuf_get_u64(&r->chain_id, f);
    case 3:  r->id = f->value; return f->wire == PROTOBUF_FIXED64 ? OK : ERR_MALFORMED;
    case 4:  return get_u32(&r->deadline_ms, f);
    case 5:  return get_u32(&r->response_max, f);
    case 6:  return get_text(&r->method, f, SERVICE_METHOD_LEN_MAX);
    case 7:  return get_text(&r->params, f, SERVICE_REQUEST_LEN_MAX);
    case 8:  return protobuf_get_fixed(MSPAN_OF(r->entry_point.bytes), f);
    case 9:  return protobuf_get_bytes(&r->userop, f);
    case 10: return protobuf_get_fixed(MSPAN_OF(r->userop_hash.bytes), f);
    case 11:
        TRY(get_below(&v, f, UINT64_C(1) << 31));
        r->topic = (enum service_topic)v;
        return OK;
    case 12: return protobuf_get_fixed(MSPAN_OF(r->block_hash.bytes), f);
    case 13: return protobuf_get_fixed(MSPAN_OF(r->address.bytes), f);
    case 14: return get_items(&r->slots, f, 32, SERVICE_SLOTS_MAX);
    case 15: return get_items(&r->known, f, 32, SERVICE_KNOWN_MAX);
    case 16: return protobuf_get_fixed(MSPAN_OF(r->root.bytes), f);
    case 17: return protobuf_get_u64(&r->period, f);
    case 18:
        TRY(get_below(&r->count, f, SERVICE_LIGHT_MAX + 1));
        return r->count > 0 ? OK : ERR_MALFORMED;
    case 28: return protobuf_get_bytes(&r->cosign, f);
    case 29: return protobuf_get_bytes(&r->capsule, f);
    default: return chain_field(r, f);
    }
}

enum err service_request_decode(struct service_request *ret, struct span message, struct diag *why)
{
    static const uint64_t needed[SERVICE_TYPES_MAX] = {
        [SERVICE_RPC] = 1U << 6 | 1U << 7,
        [SERVICE_SEND_USER_OPERATION] = 1U << 8 | 1U << 9,
        [SERVICE_USER_OPERATION_STATUS] = 1U << 10,
        [SERVICE_SUBSCRIBE] = 1U << 11,
        [SERVICE_ACCOUNT_PROOF] = 1U << 12 | 1U << 13,
        [SERVICE_LC_BOOTSTRAP] = 1U << 16,
        [SERVICE_LC_UPDATES] = 1U << 18,
        [SERVICE_HEADERS] = 1U << 12 | 1U << 21,
        [SERVICE_CODE] = 1U << 12 | 1U << 13 | 1U << 19,
        [SERVICE_INCLUSION] = 1U << 12 | 1U << 22,
        [SERVICE_LOGS] = 1U << 12 | 1U << 21,
        [SERVICE_COSIGN_CREATE] = 1U << 28,
        [SERVICE_COSIGN_SIGN] = 1U << 28,
        [SERVICE_COSIGN_REMOVE] = 1U << 28,
        [SERVICE_CAPSULE_PUT] = 1U << 29,
        [SERVICE_CAPSULE_GET] = 1U << 29,
        [SERVICE_CALL_WITNESS] = 1U << 12 | 1U << 13,
        [SERVICE_SEND_TRANSACTION] = UINT64_C(1) << 34,
    };
    struct service_request r = {.type = (enum service_type)0}; /* none yet */
    uint64_t seen = 0;
    struct protobuf_reader reader = read_message(message);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        if (request_field(&r, &seen, &f) != OK) {
            return diag_set(why, ERR_MALFORMED,
                            "a field of the request has another type or is out of range", 0);
        }
    }
    if (protobuf_end(&reader) != OK) {
        return diag_set(why, ERR_MALFORMED, "the request is no protobuf message", 0);
    }
    const struct service_limits *l = service_limits(r.type);
    if (!l) {
        return diag_set(why, ERR_UNSUPPORTED, "this type of request is not known here", 0);
    }
    if (message.n > l->request_len_max) {
        return diag_set(why, ERR_LIMIT, "the request is longer than its type allows", 0);
    }
    if ((seen & needed[r.type]) != needed[r.type] || (seen & 1U << 3) == 0) {
        return diag_set(why, ERR_MALFORMED, "the request lacks a field that its type needs", 0);
    }
    if (r.type == SERVICE_SUBSCRIBE && r.topic != SERVICE_TOPIC_HEADS) {
        return diag_set(why, ERR_UNSUPPORTED, "this topic is not known here", 0);
    }
    if (r.blocks > 0 && r.blocks - 1 > r.number) {
        return diag_set(why, ERR_MALFORMED, "the chain has not so many blocks", 0);
    }
    if (r.deadline_ms == 0 || r.deadline_ms > l->deadline_ms_max) {
        r.deadline_ms = l->deadline_ms_max;
    }
    size_t len_max = l->body_len_max > 0 ? l->body_len_max : l->response_len_max;
    if (r.response_max == 0 || r.response_max > len_max) {
        r.response_max = (uint32_t)len_max;
    }
    *ret = r;
    return OK;
}

void service_request_hash(struct hash32 *ret, struct span message)
{
    const struct span parts[2] = {SPAN_LIT(SERVICE_PROTOCOL_ID " request\0"), message};
    sha256_of(ret, parts, 2);
}

static const struct {
    const char *name;
    enum service_blame blame;
} codes[SERVICE_CODES_MAX] = {
    [SERVICE_OK] = {"ok",          SERVICE_BLAME_NOBODY  },
    [SERVICE_BAD_REQUEST] = {"bad-request", SERVICE_BLAME_CLIENT  },
    [SERVICE_UNSUPPORTED] = {"unsupported", SERVICE_BLAME_CLIENT  },
    [SERVICE_DENIED] = {"denied",      SERVICE_BLAME_CLIENT  },
    [SERVICE_NOT_FOUND] = {"not-found",   SERVICE_BLAME_NOBODY  },
    [SERVICE_TOO_LARGE] = {"too-large",   SERVICE_BLAME_CLIENT  },
    [SERVICE_BUSY] = {"busy",        SERVICE_BLAME_LOAD    },
    [SERVICE_QUOTA] = {"quota",       SERVICE_BLAME_CLIENT  },
    [SERVICE_TIMEOUT] = {"timeout",     SERVICE_BLAME_SERVER  },
    [SERVICE_UPSTREAM] = {"upstream",    SERVICE_BLAME_UPSTREAM},
    [SERVICE_STALE] = {"stale",       SERVICE_BLAME_UPSTREAM},
    [SERVICE_INTERNAL] = {"internal",    SERVICE_BLAME_SERVER  },
};

enum service_blame service_code_blame(enum service_code code)
{
    unsigned i = (unsigned)code;
    return i < SERVICE_CODES_MAX ? codes[i].blame : SERVICE_BLAME_SERVER;
}

const char *service_code_name(enum service_code code)
{
    unsigned i = (unsigned)code;
    return i < SERVICE_CODES_MAX ? codes[i].name : "unknown";
}

const char *service_level_name(enum service_level level)
{
    switch (level) {
    case SERVICE_LEVEL_NONE:       return "none";
    case SERVICE_LEVEL_OWN_ONLY:   return "own-only";
    case SERVICE_LEVEL_KNOWN_CODE: return "known-code";
    case SERVICE_LEVEL_FULL:       return "full";
    }
    return "unknown";
}

enum err service_response_encode(const struct service_response *r, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    put_bytes(&w, 1, SPAN_OF(r->request_hash.bytes));
    put_number(&w, 2, (uint64_t)r->code);
    put_number(&w, 3, r->retry_after_ms);
    put_number(&w, 4, r->units_left);
    put_text(&w, 5, r->text);
    put_bytes(&w, 6, r->body);
    if (r->is_part) {
        put_number(&w, 7, r->rest);
        put_bytes(&w, 8, SPAN_OF(r->running.bytes));
    }
    return wr_end(&w);
}

void service_part_hash(struct hash32 *running, struct span part)
{
    const struct span both[] = {SPAN_OF(running->bytes), part};
    struct hash32 next;
    sha256_of(&next, both, 2);
    *running = next;
}

enum err
service_response_decode(struct service_response *ret, struct span message, struct diag *why)
{
    struct service_response r = {0};
    bool has_hash = false;
    struct protobuf_reader reader = read_message(message);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        enum err e = OK;
        uint64_t v = 0;
        switch (f.number) {
        case 1:
            has_hash = true;
            e = protobuf_get_fixed(MSPAN_OF(r.request_hash.bytes), &f);
            break;
        case 2:
            e = get_below(&v, &f, UINT64_C(1) << 31);
            /* a code of a later version: treat as a failure of the server */
            r.code = v < SERVICE_CODES_MAX ? (enum service_code)v : SERVICE_INTERNAL;
            break;
        case 3: e = get_u32(&r.retry_after_ms, &f); break;
        case 4: e = get_u32(&r.units_left, &f); break;
        case 5: e = get_text(&r.text, &f, SERVICE_TEXT_LEN_MAX); break;
        case 6: e = protobuf_get_bytes(&r.body, &f); break;
        case 7: e = get_below(&r.rest, &f, SERVICE_BODY_LEN_MAX); break;
        case 8:
            r.is_part = true;
            e = protobuf_get_fixed(MSPAN_OF(r.running.bytes), &f);
            break;
        default: break;
        }
        if (e != OK) {
            return diag_set(why, ERR_MALFORMED,
                            "a field of the answer has another type or is out of range", 0);
        }
    }
    if (protobuf_end(&reader) != OK || !has_hash || (r.rest > 0 && !r.is_part)) {
        return diag_set(why, ERR_MALFORMED, "the answer is no response message", 0);
    }
    if (r.retry_after_ms > SERVICE_RETRY_MS_MAX) {
        r.retry_after_ms = SERVICE_RETRY_MS_MAX;
    }
    *ret = r;
    return OK;
}

static void head_write(struct wr *w, const struct service_head *h)
{
    put_number(w, 1, h->number);
    put_bytes(w, 2, SPAN_OF(h->hash.bytes));
    put_bytes(w, 3, SPAN_OF(h->parent_hash.bytes));
    put_number(w, 4, h->time_s);
    put_u256(w, 5, h->base_fee_per_gas);
}

enum err service_head_encode(const struct service_head *h, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    head_write(&w, h);
    return wr_end(&w);
}

enum err service_head_decode(struct service_head *ret, struct span body)
{
    struct service_head h = {0};
    unsigned hashes = 0;
    struct protobuf_reader reader = read_message(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        switch (f.number) {
        case 1: TRY(protobuf_get_u64(&h.number, &f)); break;
        case 2:
            hashes |= 1;
            TRY(protobuf_get_fixed(MSPAN_OF(h.hash.bytes), &f));
            break;
        case 3:
            hashes |= 2;
            TRY(protobuf_get_fixed(MSPAN_OF(h.parent_hash.bytes), &f));
            break;
        case 4:  TRY(protobuf_get_u64(&h.time_s, &f)); break;
        case 5:  TRY(get_u256(&h.base_fee_per_gas, &f)); break;
        default: break;
        }
    }
    TRY(protobuf_end(&reader));
    if (hashes != 3) {
        return ERR_MALFORMED;
    }
    *ret = h;
    return OK;
}

enum err service_status_encode(const struct service_status *s, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    put_number(&w, 1, s->chain_id);
    if (s->has_head) {
        uint8_t bytes[160]; /* two hashes, two numbers, 32 bytes of fee, and their tags */
        struct wr head = wr_init(MSPAN_OF(bytes));
        head_write(&head, &s->head);
        TRY(wr_end(&head));
        put_bytes(&w, 2, span_of(bytes, head.n));
    }
    put_number(&w, 3, (uint64_t)s->level);
    for (size_t i = 0; i < s->entry_points_count; i++) {
        put_bytes(&w, 4, SPAN_OF(s->entry_points[i].bytes));
    }
    if (s->level != SERVICE_LEVEL_NONE) {
        put_bytes(&w, 5, SPAN_OF(s->bundler.bytes));
    }
    put_number(&w, 6, s->units_max);
    put_number(&w, 7, s->units_per_s);
    put_number(&w, 8, s->load_percent);
    put_text(&w, 9, s->agent);
    put_number(&w, 10, (uint64_t)s->cosigning);
    put_number(&w, 11, s->keeps_capsules);
    return wr_end(&w);
}

MUST_CHECK static enum err status_field(struct service_status *s, const struct protobuf_field *f)
{
    uint64_t v = 0;
    struct span bytes;
    switch (f->number) {
    case 1: return protobuf_get_u64(&s->chain_id, f);
    case 2:
        s->has_head = true;
        TRY(protobuf_get_bytes(&bytes, f));
        return service_head_decode(&s->head, bytes);
    case 3:
        TRY(get_below(&v, f, UINT64_C(1) << 31));
        /* a level of a later version is none that we can rely on */
        s->level = v <= SERVICE_LEVEL_FULL ? (enum service_level)v : SERVICE_LEVEL_NONE;
        return OK;
    case 4:
        if (s->entry_points_count == SERVICE_ENTRY_POINTS_MAX) {
            return ERR_MALFORMED;
        }
        return protobuf_get_fixed(MSPAN_OF(s->entry_points[s->entry_points_count++].bytes), f);
    case 5: return protobuf_get_fixed(MSPAN_OF(s->bundler.bytes), f);
    case 6: return get_u32(&s->units_max, f);
    case 7: return get_u32(&s->units_per_s, f);
    case 8:
        TRY(get_below(&v, f, 101));
        s->load_percent = (uint32_t)v;
        return OK;
    case 9: return get_text(&s->agent, f, SERVICE_TEXT_LEN_MAX);
    case 10:
        TRY(get_below(&v, f, UINT64_C(1) << 31));
        s->cosigning =
            v <= SERVICE_COSIGNING_SEALED ? (enum service_cosigning)v : SERVICE_COSIGNING_NONE;
        return OK;
    case 11:
        TRY(get_below(&v, f, UINT64_C(1) << 31));
        s->keeps_capsules = v > 0;
        return OK;
    default: return OK;
    }
}

enum err service_status_decode(struct service_status *ret, struct span body)
{
    struct service_status s = {0};
    struct protobuf_reader reader = read_message(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        TRY(status_field(&s, &f));
    }
    TRY(protobuf_end(&reader));
    *ret = s;
    return OK;
}

enum err service_rpc_result_encode(const struct service_rpc_result *r, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    put_bytes(&w, r->is_error ? 2 : 1, r->json);
    return wr_end(&w);
}

enum err service_rpc_result_decode(struct service_rpc_result *ret, struct span body)
{
    struct service_rpc_result r = {0};
    unsigned count = 0;
    struct protobuf_reader reader = read_message(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        if (f.number == 1 || f.number == 2) {
            count++;
            r.is_error = f.number == 2;
            TRY(protobuf_get_bytes(&r.json, &f));
        }
    }
    TRY(protobuf_end(&reader));
    if (count != 1) {
        return ERR_MALFORMED;
    }
    *ret = r;
    return OK;
}

enum err service_userop_status_encode(const struct service_userop_status *s, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    put_bytes(&w, 1, SPAN_OF(s->hash.bytes));
    put_number(&w, 2, (uint64_t)s->state);
    if (s->has_tx) {
        put_bytes(&w, 3, SPAN_OF(s->tx_hash.bytes));
    }
    put_number(&w, 4, s->block_number);
    put_number(&w, 5, s->success);
    put_u256(&w, 6, s->actual_gas_cost);
    put_u256(&w, 7, s->actual_gas_used);
    put_text(&w, 8, s->reason);
    return wr_end(&w);
}

MUST_CHECK static enum err userop_status_field(struct service_userop_status *s,
                                               const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1: return protobuf_get_fixed(MSPAN_OF(s->hash.bytes), f);
    case 2:
        TRY(get_below(&v, f, SERVICE_USEROP_REPLACED + 1));
        s->state = (enum service_userop_state)v;
        return OK;
    case 3: s->has_tx = true; return protobuf_get_fixed(MSPAN_OF(s->tx_hash.bytes), f);
    case 4: return protobuf_get_u64(&s->block_number, f);
    case 5:
        TRY(get_below(&v, f, 2));
        s->success = v == 1;
        return OK;
    case 6:  return get_u256(&s->actual_gas_cost, f);
    case 7:  return get_u256(&s->actual_gas_used, f);
    case 8:  return get_text(&s->reason, f, SERVICE_TEXT_LEN_MAX);
    default: return OK;
    }
}

enum err service_userop_status_decode(struct service_userop_status *ret, struct span body)
{
    struct service_userop_status s = {0};
    bool has_hash = false;
    struct protobuf_reader reader = read_message(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        has_hash |= f.number == 1;
        TRY(userop_status_field(&s, &f));
    }
    TRY(protobuf_end(&reader));
    if (!has_hash || (unsigned)s.state == 0) {
        return ERR_MALFORMED;
    }
    *ret = s;
    return OK;
}

enum err service_sent_encode(const struct service_sent *s, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    put_bytes(&w, 1, SPAN_OF(s->hash.bytes));
    put_number(&w, 2, (uint64_t)s->state);
    put_text(&w, 3, s->reason);
    return wr_end(&w);
}

enum err service_sent_decode(struct service_sent *ret, struct span body)
{
    struct service_sent s = {.reason = SPAN_EMPTY};
    bool has_hash = false;
    uint64_t state = 0;
    struct protobuf_reader reader = read_message(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        if (f.number == 1) {
            TRY(protobuf_get_fixed(MSPAN_OF(s.hash.bytes), &f));
            has_hash = true;
        } else if (f.number == 2) {
            TRY(get_below(&state, &f, SERVICE_SENT_REFUSED + 1));
        } else if (f.number == 3) {
            TRY(get_text(&s.reason, &f, SERVICE_TEXT_LEN_MAX));
        }
    }
    TRY(protobuf_end(&reader));
    if (!has_hash || state == 0) {
        return ERR_MALFORMED;
    }
    s.state = (enum service_sent_state)state;
    *ret = s;
    return OK;
}

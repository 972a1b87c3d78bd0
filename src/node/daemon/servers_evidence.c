/* What shows that a server lied, or that servers disagree: records in the store, and the same for a person.
 *
 * They convince their owner alone. Answers are not signed: a channel's key proves to this wallet who spoke, and to nobody else. So there is
 * nothing here that another wallet could hold against a server. */
#include "codec/protobuf.h"
#include "node/daemon/servers_inside.h"

#include <string.h>

enum {
    EVIDENCE_LEN_MAX = 60 * 1024, /* bytes of one record; a longer answer is cut */
    EVIDENCE_TEXT_LEN_MAX = 4096, /* of each answer in a disagreement */
    SHOWN_LEN_MAX = 120,          /* of each answer, to a person: as hex a text of the API */
};

/* Fields of a record of evidence. */
enum {
    FIELD_AT_MS = 1,
    FIELD_NETWORK = 2,
    FIELD_KIND = 3, /* 1: a lie, 2: a disagreement */
    FIELD_BLOCK = 4,
    FIELD_ADDRESS = 5,
    FIELD_QUESTION = 6, /* the slots of a proof, the parameters of a method */
    FIELD_METHOD = 7,
    FIELD_PEER = 8, /* and its answer behind it */
    FIELD_ANSWER = 9,
    FIELD_NUMBER = 10, /* of the block, and how many of them, with logs and inclusions */
    FIELD_BLOCKS = 11,
    FIELD_ANSWER_LEN = 12, /* of the answer before, if it was cut */
};
enum { KIND_LIE = 1, KIND_DISAGREEMENT = 2 };

/* evidence_trim makes room for one more. */
static void evidence_trim(struct servers *s)
{
    AUTO(buf_done) struct buf key;
    AUTO(buf_done) struct buf value;
    buf_init(&key, s->cfg.budget, STORE_KEY_LEN_MAX);
    buf_init(&value, s->cfg.budget, STORE_VALUE_LEN_MAX);
    struct store *store = s->cfg.store;
    if (s->evidence_count >= SERVERS_EVIDENCE_COUNT_MAX &&
        store->next(store, STORE_EVIDENCE, SPAN_EMPTY, &key, &value) == OK &&
        store->remove(store, STORE_EVIDENCE, buf_span(&key)) == OK) {
        s->evidence_count--;
    }
}

static void evidence_save(struct servers *s, struct wallet_time t, struct span record)
{
    uint8_t key[16];
    struct wr w = wr_init(MSPAN_OF(key));
    wr_be64(&w, t.unix_ms);
    wr_be64(&w, rng_u64(s->cfg.rng));
    evidence_trim(s);
    if (s->cfg.store->put(s->cfg.store, STORE_EVIDENCE, SPAN_OF(key), record) != OK) {
        log_line(s->cfg.log, LOG_WARN, "net", "evidence could not be written down");
        return;
    }
    s->evidence_count++;
}

static void
write_question(struct wr *w, struct wallet_time t, const struct question *q, uint64_t kind)
{
    protobuf_write_varint(w, FIELD_AT_MS, t.unix_ms);
    protobuf_write_bytes(w, FIELD_NETWORK, id_span(&q->network->id));
    protobuf_write_varint(w, FIELD_KIND, kind);
    if (q->kind == QUESTION_LIGHT) {
        protobuf_write_bytes(w, FIELD_METHOD, SPAN_LIT("light_client"));
    } else if (q->kind == QUESTION_PROOF) {
        protobuf_write_bytes(w, FIELD_BLOCK, SPAN_OF(q->block_hash.bytes));
        protobuf_write_bytes(w, FIELD_ADDRESS, SPAN_OF(q->address.bytes));
    } else if (q->kind == QUESTION_INCLUSION) {
        protobuf_write_bytes(w, FIELD_METHOD, SPAN_LIT("inclusion"));
        protobuf_write_bytes(w, FIELD_BLOCK, SPAN_OF(q->block_hash.bytes));
        protobuf_write_bytes(w, FIELD_QUESTION, SPAN_OF(q->tx_hash.bytes));
        protobuf_write_varint(w, FIELD_NUMBER, q->block);
        return;
    } else if (q->kind == QUESTION_LOGS) {
        protobuf_write_bytes(w, FIELD_METHOD, SPAN_LIT("logs"));
        protobuf_write_bytes(w, FIELD_BLOCK, SPAN_OF(q->block_hash.bytes));
        protobuf_write_bytes(w, FIELD_ADDRESS, SPAN_OF(q->address.bytes));
        protobuf_write_varint(w, FIELD_NUMBER, q->block);
        protobuf_write_varint(w, FIELD_BLOCKS, q->blocks);
    } else {
        protobuf_write_bytes(w, FIELD_METHOD, span_str(q->method));
    }
    protobuf_write_bytes(w, FIELD_QUESTION,
                         span_first(buf_span(&q->params), EVIDENCE_TEXT_LEN_MAX));
}

static void
write_answer(struct wr *w, const struct peer_id *peer, struct span answer, size_t len_max)
{
    protobuf_write_bytes(w, FIELD_PEER, peer_id_span(peer));
    protobuf_write_bytes(w, FIELD_ANSWER, span_first(answer, len_max));
    if (answer.n > len_max) {
        protobuf_write_varint(w, FIELD_ANSWER_LEN, answer.n);
    }
}

void evidence_keep_lie(struct servers *s,
                       struct wallet_time t,
                       const struct question *q,
                       const struct peer_id *liar,
                       struct span answer)
{
    if (!s->cfg.store) {
        return;
    }
    AUTO(buf_done) struct buf record;
    buf_init(&record, s->cfg.budget, STORE_VALUE_LEN_MAX);
    struct wr w = wr_init_buf(&record);
    write_question(&w, t, q, KIND_LIE);
    write_answer(&w, liar, answer, EVIDENCE_LEN_MAX - EVIDENCE_TEXT_LEN_MAX);
    if (wr_end(&w) == OK) {
        evidence_save(s, t, buf_span(&record));
    }
}

void evidence_keep_disagreement(struct servers *s, struct wallet_time t, const struct question *q)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, s->cfg.budget, STORE_VALUE_LEN_MAX);
    struct wr w = wr_init_buf(&record);
    write_question(&w, t, q, KIND_DISAGREEMENT);
    for (size_t i = 0; i < q->said_count; i++) {
        write_answer(&w, &q->said[i].peer, buf_span(&q->said[i].text), EVIDENCE_TEXT_LEN_MAX);
    }
    if (wr_end(&w) == OK) {
        evidence_save(s, t, buf_span(&record));
    }
}

/* ---- for a person ---- */

/* One record as it was read: what stands once. Spans point into the record. */
struct evidence {
    uint64_t at_ms;
    struct span network;
    uint64_t kind;
    struct span block;
    struct span address;
    struct span question;
    struct span method;
    uint64_t number;
    uint64_t blocks;
};

MUST_CHECK static enum err read_field(struct evidence *v, const struct protobuf_field *f)
{
    switch (f->number) {
    case FIELD_AT_MS:    return protobuf_get_u64(&v->at_ms, f);
    case FIELD_NETWORK:  return protobuf_get_bytes(&v->network, f);
    case FIELD_KIND:     return protobuf_get_u64(&v->kind, f);
    case FIELD_BLOCK:    return protobuf_get_bytes(&v->block, f);
    case FIELD_ADDRESS:  return protobuf_get_bytes(&v->address, f);
    case FIELD_QUESTION: return protobuf_get_bytes(&v->question, f);
    case FIELD_METHOD:   return protobuf_get_bytes(&v->method, f);
    case FIELD_NUMBER:   return protobuf_get_u64(&v->number, f);
    case FIELD_BLOCKS:   return protobuf_get_u64(&v->blocks, f);
    default:             return OK; /* answers are read in a walk of their own */
    }
}

MUST_CHECK static enum err evidence_read(struct evidence *ret, struct span record)
{
    struct evidence v = {0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(&v, &f));
    }
    TRY(protobuf_end(&r));
    *ret = v;
    return OK;
}

static const char *question_name(const struct evidence *v)
{
    static const char *const names[] = {"light_client", "inclusion", "logs"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_equal(v->method, span_str(names[i]))) {
            return names[i];
        }
    }
    return v->method.n > 0 ? "rpc" : "account_proof";
}

/* A stranger's words: cut, and without what a terminal or a page could take for something else. */
static void put_words(struct json_writer *j, struct span text)
{
    uint8_t room[SHOWN_LEN_MAX];
    size_t n = span_copy(MSPAN_OF(room), span_first(text, sizeof room));
    for (size_t i = 0; i < n; i++) {
        room[i] = room[i] < ' ' || room[i] > '~' ? (uint8_t)'?' : room[i];
    }
    json_put_string(j, span_of(room, n));
}

/* A method's parameters and results are text, the rest is bytes. */
static void put_bytes(struct json_writer *j, const char *name, struct span bytes, bool is_text)
{
    if (bytes.n == 0) {
        return;
    }
    bytes = span_first(bytes, SHOWN_LEN_MAX);
    json_put_name(j, name);
    if (is_text) {
        put_words(j, bytes);
    } else {
        json_put_hex(j, bytes);
    }
}

/* One server's answer in a record. */
struct one_answer {
    struct peer_id peer;
    struct span answer; /* what is kept of it */
    uint64_t len;       /* as it came */
};

static void put_one_said(struct json_writer *j, const struct one_answer *one, bool is_text)
{
    char text[PEER_ID_TEXT_MAX];
    json_put_object(j);
    json_put_name(j, "server");
    peer_id_print(text, &one->peer);
    json_put_str(j, text);
    json_put_name(j, "len");
    json_put_u64(j, one->len);
    put_bytes(j, "answer", one->answer, is_text);
    json_end_object(j);
}

/* A peer begins an answer; its bytes and, if they were cut, their number follow. */
static void put_said(struct json_writer *j, struct span record, bool is_text)
{
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    struct one_answer one = {0};
    struct span bytes;
    bool has_one = false;
    json_put_name(j, "said");
    json_put_array(j);
    while (protobuf_next(&r, &f)) {
        if (f.number == FIELD_PEER && protobuf_get_bytes(&bytes, &f) == OK) {
            if (has_one) {
                put_one_said(j, &one, is_text);
            }
            one = (struct one_answer){0};
            has_one = peer_id_decode(&one.peer, bytes) == OK;
        } else if (f.number == FIELD_ANSWER && protobuf_get_bytes(&one.answer, &f) == OK) {
            one.len = one.answer.n;
        } else if (f.number == FIELD_ANSWER_LEN) {
            (void)!protobuf_get_u64(&one.len, &f);
        }
    }
    if (has_one) {
        put_one_said(j, &one, is_text);
    }
    json_end_array(j);
}

static void put_record(struct json_writer *j, const struct evidence *v, struct span record)
{
    bool is_rpc = strcmp(question_name(v), "rpc") == 0;
    json_put_object(j);
    json_put_name(j, "at_ms");
    json_put_u64(j, v->at_ms);
    json_put_name(j, "network_id");
    json_put_string(j, v->network);
    json_put_name(j, "kind");
    json_put_str(j, v->kind == KIND_LIE ? "lie" : "disagreement");
    json_put_name(j, "question");
    json_put_str(j, question_name(v));
    if (is_rpc) {
        put_bytes(j, "method", v->method, true);
    }
    put_bytes(j, "block_hash", v->block, false);
    put_bytes(j, "address", v->address, false);
    put_bytes(j, "about", v->question, is_rpc);
    if (v->number > 0) {
        json_put_name(j, "block");
        json_put_u64(j, v->number);
    }
    if (v->blocks > 0) {
        json_put_name(j, "blocks");
        json_put_u64(j, v->blocks);
    }
    put_said(j, record, is_rpc);
    json_end_object(j);
}

void servers_write_evidence(const struct servers *s, struct json_writer *j, size_t limit)
{
    AUTO(buf_done) struct buf before;
    AUTO(buf_done) struct buf key;
    AUTO(buf_done) struct buf record;
    buf_init(&before, s->cfg.budget, STORE_KEY_LEN_MAX);
    buf_init(&key, s->cfg.budget, STORE_KEY_LEN_MAX);
    buf_init(&record, s->cfg.budget, STORE_VALUE_LEN_MAX);
    struct store *store = s->cfg.store;
    json_put_array(j);
    for (size_t i = 0; store && i < limit; i++) {
        struct evidence v;
        buf_clear(&key);
        buf_clear(&record);
        if (store->prev(store, STORE_EVIDENCE, buf_span(&before), &key, &record) != OK) {
            break;
        }
        if (evidence_read(&v, buf_span(&record)) == OK) {
            put_record(j, &v, buf_span(&record));
        }
        buf_clear(&before);
        if (buf_append(&before, buf_span(&key)) != OK) {
            break;
        }
    }
    json_end_array(j);
}

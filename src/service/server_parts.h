#ifndef SERVICE_SERVER_PARTS_H
#define SERVICE_SERVER_PARTS_H

#include "codec/json.h"
#include "evm/account_proof.h"
#include "evm/header.h"
#include "service/proof.h"
#include "service/server.h"

/* What the files of the server share; nobody else includes it. */

enum {
    SERVER_BACKLOG_MAX = 16384, /* bytes that a subscriber may leave unread */
    CROWDED_MS = 1000,
    SERVER_BATCH_MAX = 32, /* questions in one batch to the node */
    SERVER_READS_LEN_MAX = SERVICE_WITNESS_ACCOUNTS_MAX * (20 + 1 + SERVICE_SLOTS_MAX * 32),
};

struct server_failure {
    enum service_code code;
    uint32_t retry_ms; /* with BUSY and QUOTA */
    struct span text;
};

/* server_fail answers with a code and text, and that is the stream's last word. */
void server_fail(struct service_server *s, struct service_stream *st, struct server_failure f);

/* server_answer answers OK with s->body. */
void server_answer(struct service_server *s, struct service_stream *st, bool is_last);

/* server_answer_job answers OK with the body of st's job, in as many parts as it takes. */
void server_answer_job(struct service_server *s, struct service_stream *st);

/* server_charge takes units of the peer's and its group's quota; false if it has not enough: then it is told. */
bool server_charge(struct service_server *s,
                   struct service_stream *st,
                   uint32_t units,
                   instant now);

/* server_batch_read finds the results of the questions 1 to count in a batch, ret[0] that of 1. ERR_NOT_FOUND: one is null or an error;
 * ERR_MALFORMED. */
MUST_CHECK enum err server_batch_read(struct json *ret, size_t count, struct span text);

/* server_header_encode puts the header of a block that a node gave into out, alone. ERR_AUTH: it is not the block that hash
 * names; ERR_MALFORMED, ERR_LIMIT. */
MUST_CHECK enum err server_header_encode(struct header *ret,
                                         struct buf *out,
                                         struct json block,
                                         const struct hash32 *hash);

/* server_account_put writes the paths of an account and its slots (32 bytes each) as eth_getProof gave them, once they hold under
 * root, and gives the account. scratch has room for the longest path and does not move. */
MUST_CHECK enum err server_account_put(struct service_proof_writer *w,
                                       struct account_state *ret,
                                       const struct hash32 *root,
                                       struct buf *scratch,
                                       struct json proof,
                                       struct span slots);
/* server_put_block_id names a block by its hash, as a question's last parameter. */
void server_put_block_id(struct json_writer *j, const struct hash32 *hash);

/* server_ask_block, server_ask_proof and server_ask_code put questions into a batch, about the block that hash names. */
void server_ask_block(struct json_writer *j, uint64_t id, const struct hash32 *hash);
void server_ask_proof(struct json_writer *j,
                      uint64_t id,
                      const struct hash32 *hash,
                      struct address address,
                      struct span slots);
void server_ask_code(struct json_writer *j,
                     uint64_t id,
                     const struct hash32 *hash,
                     struct address address);

/* ---- server_witness.c: the two questions of CALL_WITNESS, and what the node says to them ---- */
/* They give how many results the question has. */
size_t server_witness_ask_reads(struct json_writer *j, const struct service_request *r);
size_t server_witness_ask(struct json_writer *j,
                          const struct service_request *r,
                          const struct service_job *job);
/* server_witness_reads: ERR_NOT_FOUND: the node cannot run it; ERR_LIMIT: it reads more than a witness has. */
MUST_CHECK enum err
server_witness_reads(struct service_job *job, const struct service_request *r, struct span text);
MUST_CHECK enum err server_witness_take(struct service_server *s,
                                        struct service_job *job,
                                        const struct service_request *r,
                                        const struct json *results,
                                        size_t text_len);

/* server_is_light: is this asked of the beacon node? */
bool server_is_light(enum service_type type);

/* server_token gives a number that no other question or wait has. */
uint64_t server_token(struct service_server *s);

/* server_request decides about a whole request. */
void server_request(struct service_server *s,
                    struct service_stream *st,
                    struct span message,
                    instant now);

/* server_proof_ask writes the questions to the node; server_proof_answer makes the answer of what it says. */
MUST_CHECK enum err server_proof_ask(struct service_stream *st, const struct service_request *r);
void server_proof_answer(struct service_server *s,
                         struct service_stream *st,
                         struct span text,
                         instant now);

/* ---- server_share.c: answers that depend on their request alone are asked of the node once ---- */
/* server_is_shared: a block proves the answer (account proofs and jobs); st->answer_key is set of such a stream. */
bool server_is_shared(enum service_type type);
/* server_share_cached answers if the answer is known: r is the stream's request; what a list costs is charged. True also if the peer
 * cannot pay, and was told. */
bool server_share_cached(struct service_server *s,
                         struct service_stream *st,
                         const struct service_request *r,
                         instant now);
/* server_share_follow lets the stream wait with another that has asked the node for the same. */
bool server_share_follow(struct service_server *s, struct service_stream *st);
/* server_share_begin writes the first question to the node for such an answer. */
MUST_CHECK enum err server_share_begin(struct service_stream *st, const struct service_request *r);
/* server_share_promote: the stream that asked is gone; one of those that waited with it asks. */
void server_share_promote(struct service_server *s, const struct hash32 *key);
/* server_share_failed tells it, and those that waited with it, why there is none. */
void server_share_failed(struct service_server *s,
                         struct service_stream *st,
                         struct server_failure f);
/* server_share_answer gives the answer to the stream that asked and those that waited with it, and keeps it: s->body, or that of the
 * stream's job. */
void server_share_answer(struct service_server *s, struct service_stream *st, instant now);

/* server_lists_charge takes what the blocks cost whose lists are sent; false: the peer was told. */
bool server_lists_charge(struct service_server *s,
                         struct service_stream *st,
                         size_t lists_count,
                         instant now);

/* server_is_job: does a block prove the answer to this? server_job_begin writes the first question to the node, and
 * server_job_answer takes what it says: asks on, or answers. server_job_units is what it costs beyond its type. */
bool server_is_job(enum service_type type);
uint32_t server_job_units(const struct service_request *r);
MUST_CHECK enum err server_job_begin(struct service_stream *st, const struct service_request *r);
void server_job_answer(struct service_server *s,
                       struct service_stream *st,
                       struct span text,
                       instant now);

/* server_sent_answer and server_rpc_answer pass on what the node said. */
void server_sent_answer(struct service_server *s, struct service_stream *st, struct span text);
void server_rpc_answer(struct service_server *s, struct service_stream *st, struct span text);

/* server_ask has the node asked what stands in st->ask. */
void server_ask(struct service_server *s, struct service_stream *st);

/* server_userop_status answers with what the bundler knows of an operation. */
void server_userop_status(struct service_server *s,
                          struct service_stream *st,
                          const struct hash32 *hash);

#endif

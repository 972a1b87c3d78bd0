#ifndef NODE_API_INSIDE_H
#define NODE_API_INSIDE_H

#include "api_tables.h"
#include "base/list.h"
#include "node/api/api.h"
#include "node/api/api_rpc.h"
#include "node/api/api_write.h"

/* The API's inside, shared by the files api*.c only. */

enum {
    API_CODE_COUNT_MAX = 8,
    API_SESSION_COUNT_MAX = 8,
    API_PENDING_COUNT_MAX = 16,
    API_ANSWER_COUNT_MAX = 64, /* remembered by idempotency key */
    API_ANSWER_LEN_MAX = 24 * 1024,
    API_SUBSCRIBER_COUNT_MAX = 16,
    API_LOG_TEXT_LEN_MAX = 256,
    API_ID_LEN_MAX = API_RPC_ID_LEN_MAX,
    API_KEY_LEN = 22,
};

struct api_code_entry {
    uint8_t bytes[32];
    instant until;
    bool is_used; /* or free */
};

struct api_session {
    uint8_t token[32];
    char host[256];
    char origin[288];
    bool is_open;
};

/* An answer that waits for a task of the wallet, or for the node port (is_of_node): faucet, own node. */
struct api_pending {
    uint64_t task; /* 0: free */
    bool is_of_node;
    bool is_second; /* has the key of one that waits already, and gets the answer of that one */
    enum api_method_id method;
    struct api_caller caller;
    char id[API_ID_LEN_MAX + 1]; /* the JSON-RPC id, as it came */
    char key[API_KEY_LEN + 1];
    uint8_t request_hash[32];
    struct id network;
    struct id account;    /* whose owners were looked at */
    struct address token; /* or the account that was looked at */
};

/* What was answered to an idempotency key. */
struct api_answer {
    char key[API_KEY_LEN + 1]; /* "" = free */
    uint8_t request_hash[32];
    struct buf result;
    uint64_t order;
};

struct api_subscriber {
    uint64_t caller; /* 0: free */
    bool topics[API_TOPIC_COUNT];
    uint64_t seq[API_TOPIC_COUNT];
    bool wants_snapshot[API_TOPIC_COUNT];
    bool is_owed_network; /* an update, as soon as network_from has come */
    instant network_from;
};

struct api_log_line {
    uint64_t seq; /* 0: free */
    uint64_t at_ms;
    enum log_level level;
    char part[24];
    char text[API_LOG_TEXT_LEN_MAX];
};

struct api_out {
    struct list in_queue;
    uint64_t caller;
    uint16_t http;
    bool is_reply;
    struct buf text;
};

/* A backup file on its way out or in; bytes that are sealed. */
struct api_backup {
    struct buf file;
    size_t size;  /* of the whole file; 0: there is none */
    bool is_made; /* here, to be read; else it is being brought */
};

struct api {
    struct api_cfg cfg;
    struct door door;
    struct budget budget;
    struct id start_id;
    struct api_code_entry codes[API_CODE_COUNT_MAX];
    struct api_session sessions[API_SESSION_COUNT_MAX];
    unsigned code_failures;
    instant codes_from; /* wrong codes are slowed down */
    struct api_pending pending[API_PENDING_COUNT_MAX];
    struct api_answer answers[API_ANSWER_COUNT_MAX];
    uint64_t answer_order;
    struct api_subscriber subscribers[API_SUBSCRIBER_COUNT_MAX];
    bool is_stale[API_TOPIC_COUNT];                     /* subscribers are to be told */
    struct id changed[WALLET_OPEN_OPERATION_COUNT_MAX]; /* operations, for the topic activity */
    size_t changed_count;
    struct id shown_account; /* what the snapshots so far were about */
    struct id shown_network;
    bool was_locked;
    instant heartbeat_at;
    instant network_at;
    uint64_t next_of_node;
    struct api_backup backup;
    struct list out;
    struct buf polled;
    struct buf scratch;
    struct api_log_line *lines; /* ring of API_LOG_LINE_COUNT */
    uint64_t line_seq;
    uint64_t line_seq_told;
    bool is_logging; /* so that a line about sending lines makes no further one */
};

/* One request on its way through a handler. */
struct api_call {
    struct api *api;
    struct wallet_time t;
    struct api_caller caller;
    enum api_method_id method;
    struct json id; /* of the request */
    struct json params;
    struct span key; /* idempotency, "" for reads */
    uint8_t request_hash[32];
    struct api_writing w; /* a handler writes the result value here */
    struct coded why;     /* or says why not */
};

/* What a handler did. */
enum api_done {
    API_DONE,    /* the result is written */
    API_REFUSED, /* why is set */
    API_LATER,   /* a pending entry was made */
};

/* The handlers by method: api_methods_*.c. */
extern enum api_done (*const api_handlers[API_METHOD_COUNT])(struct api_call *c);

/* ---- api.c ---- */
/* api_pend makes the entry that waits for a task of the wallet; NULL if there is no place: why is set. */
struct api_pending *api_pend(struct api_call *c, uint64_t task);
/* api_pend_of_node does for a question to the node port: its number, p->task, is of the node's questions, not of the wallet's tasks. */
struct api_pending *api_pend_of_node(struct api_call *c);
/* The entry that waits for an answer of the node port; NULL if there is none. */
struct api_pending *api_pending_of_node(struct api *a, uint64_t id);
/* api_finish sends result (empty: the error why) to whoever waits for this entry, and frees it. */
void api_finish(struct api *a, struct api_pending *p, struct span result, const struct coded *why);
void api_send(struct api *a, const struct api_out *head, struct span text);

/* api_refuse says why not, with a code that needs no values. */
enum api_done api_refuse(struct api_call *c, const char *code);

/* ---- api_params.c: reading params that were checked against their schema ---- */
bool api_param(const struct api_call *c, struct json *ret, const char *name);
struct span api_param_plain(const struct api_call *c,
                            const char *name); /* "" if absent or with escapes */
struct id api_param_id(const struct api_call *c, const char *name);
bool api_param_is(const struct api_call *c, const char *name, const char *word);
/* api_param_text undoes escapes into room. */
struct span api_param_text(const struct api_call *c, const char *name, struct mspan room);
/* bytes of base64url; ERR_MALFORMED */
MUST_CHECK enum err
api_member_bytes(struct json object, const char *name, struct buf *out, struct span *ret);
MUST_CHECK enum err api_param_asset(const struct api_call *c,
                                    const char *name,
                                    const struct network *n,
                                    struct address *ret_token);

/* ---- api_topics.c ---- */
enum api_done api_subscribe(struct api_call *c);
void api_topics_tick(struct api *a, struct wallet_time t);
instant api_topics_deadline(const struct api *a);
void api_write_status(const struct api_writing *w, struct api *a);
void api_write_log_line(struct json_writer *j, const struct api_log_line *l);
void api_write_network_status(const struct api_writing *w, struct api *a);

/* ---- api_methods_*.c ---- */
/* Finish what a task came to: writes the result value or sets why. */
enum api_done api_finish_operation(struct api_call *c, const struct task_result *r);
enum api_done
api_finish_quote(struct api_call *c, const struct api_pending *p, const struct task_result *r);
/* api_read_guardian reads what guardian_text gave, or the address of an ordinary key; false: it is neither. */
struct help;
bool api_read_guardian(struct help *ret, struct span text);

/* api_write_recovery gives the type recovery of what was read last; refused if nothing was. */
enum api_done api_write_recovery(struct api_call *c, struct address address, struct id network);
enum api_done api_finish_recovery(struct api_call *c, const struct api_pending *p);
enum api_done api_finish_owner_chains(struct api_call *c, const struct api_pending *p);

#endif

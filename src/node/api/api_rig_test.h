#ifndef NODE_API_RIG_TEST_H
#define NODE_API_RIG_TEST_H

#include "api_tables.h"
#include "codec/json.h"
#include "node/api/api_port_test.h"
#include "wallet/world_test.h"

/* The local API over the wallet of world_test.h, with a node port that answers from memory. Every answer and every pushed
 * event is held against the tables of api/ as it comes: the value against its schema, each code and its values against
 * errors.json and codes.json, the number of an event against the one before. */

enum { RIG_TEXT_LEN_MAX = 128 * 1024, RIG_KEY_LEN = 22 };

struct rig_topic {
    uint64_t seq; /* of the event that came last; 0: none yet */
    size_t snapshots;
    size_t updates;
    char *text; /* of the event that came last */
    struct json data;
};

struct rig {
    struct world w;
    struct api *api;
    struct api_port node;
    struct api_caller caller; /* who asks: the Unix socket, which may call all */
    uint64_t last_id;
    char key[RIG_KEY_LEN + 1]; /* of the next command; "": a new one each time */
    bool waits;                /* leave the world still after asking: the answer may be missing */

    bool has_reply;
    size_t replies;    /* so far */
    uint64_t reply_id; /* of the newest */
    char *reply;
    struct json result; /* of the reply, if it was one */
    char error[49];     /* else its code */
    bool is_seen[API_METHOD_COUNT];
    struct rig_topic topics[API_TOPIC_COUNT];
};

bool rig_init(struct rig *r);
void rig_done(struct rig *r);

/* rig_restart ends wallet and API and begins them anew on the same store. */
bool rig_restart(struct rig *r);

/* rig_turn lets time pass, gives the wallet its answers, and takes what the API sends. */
void rig_turn(struct rig *r, uint64_t ms);

/* rig_ask calls a method; members is what stands between the braces of params, but for the key
 * (" ": nothing). True: a result came. */
bool rig_ask(struct rig *r, const char *method, const char *members, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, and it must be refused with code. */
#define RIG_REFUSED(r, code, ...)                                                                  \
    (void)(EXPECT(!rig_ask((r), __VA_ARGS__)) && EXPECT_STR(code, (r)->error))

/* rig_send gives the API a text as it is. */
void rig_send(struct rig *r, struct span text);

/* rig_text copies a string member of the result (path: names with dots) for later. */
struct rig_text {
    char text[512];
};
struct rig_text rig_text(struct json v, const char *path);
uint64_t rig_number(struct json v, const char *path);
bool rig_at(struct json *ret, struct json v, const char *path);

/* rig_create makes an account by the API; its id. */
struct rig_text rig_create(struct rig *r, const char *name);

/* rig_response is the params member "response" of a passkey that is made for a challenge in base64url. */
void rig_response(struct rig *r, char *out, size_t cap, const char *challenge);

/* rig_assertion is the params member "assertion" for a challenge in base64url. */
void rig_assertion(struct rig *r, char *out, size_t cap, const char *challenge);

/* rig_attestation is the params member "response" of a new passkey, the same one each time. */
void rig_attestation(struct rig *r, char *out, size_t cap, const char *challenge);

/* rig_prepare prepares a transfer of wei; the id of the operation. */
struct rig_text rig_prepare(struct rig *r, const char *wei);

/* rig_approve approves it with every line ticked. */
bool rig_approve(struct rig *r, const char *operation);

/* The selected account; an id from its text; what a server said of an operation. */
const char *rig_account(struct rig *r);
struct id rig_id(const char *text);
void rig_submitted(struct rig *r, const char *operation);
void rig_tracked(struct rig *r, const char *operation, bool success);

#endif

#ifndef NODE_ENDORSER_RIG_TEST_H
#define NODE_ENDORSER_RIG_TEST_H

#include "node/config/fetch.h"
#include "node/server/endorser.h"
#include "tee/evidence.h"

/* An endorser with a service of its makers on 127.0.0.1, and a store in memory. Wall time is now_s; roots_of is the rig's own: one anchor for all kinds. */
enum { RIG_PAGES_MAX = 4, RIG_TIMEOUT_MS = 400 };

struct rig_page {
    const char *path;  /* a request whose target begins with it */
    unsigned status;   /* 0: 200 */
    const char *field; /* a header field's name, or NULL */
    struct span value;
    struct span body;
    size_t cut;  /* bytes of the body that never come */
    bool stalls; /* takes the request, and says nothing */
};

struct rig {
    struct endorser *endorser;
    struct rig_page pages[RIG_PAGES_MAX];
    size_t requests_count; /* that were answered, or let wait */
    size_t missed_count;   /* for which there was no page */
    char last[512];        /* target of the last one */
    size_t ends_count;     /* rounds */
    size_t saves_count;
    uint64_t now_s;
    struct endorser_state_seen {
        enum endorser_state state;
        struct span text;
    } got; /* of the last rig_staple */
    char base[64];
};
extern struct rig rig;
extern struct anchor rig_anchor;

/* rig_begin makes loop and service; rig_restart another endorser with what the store holds. uses_intel, uses_amd: which sources it is given. */
void rig_begin(void);
struct rig_sources {
    bool uses_intel;
    bool uses_amd;
};
void rig_restart(struct rig_sources sources);
void rig_end(void);

/* rig_staple staples to evidence; rig_round waits for the end of the round under way, rig_refresh has the next one begin whenever it is due. */
enum endorser_state rig_staple(const struct evidence *e, const uint8_t binding[static 64]);
void rig_round(void);
void rig_refresh(void);

/* rig_why: does the report's reason have these words? It is printed where not. */
bool rig_why(const char *words);

/* rig_judge appraises what rig_staple gave as a wallet does under its built-in policy. */
enum err rig_judge(struct appraisal *ret, const uint8_t binding[static 64]);

#endif

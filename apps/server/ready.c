/* The line that says that the server is up. */
#include "ready.h"

#include "base/check.h"
#include "codec/json.h"

#include <stdio.h>

enum { READY_LEN_MAX = 2048 };

/* The line that docs/server.md fixes. */
static void print_json(const struct server_ready *r)
{
    uint8_t room[READY_LEN_MAX];
    char id[PEER_ID_TEXT_MAX];
    char bundler[ADDRESS_TEXT_LEN];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    peer_id_print(id, &r->self);
    address_print(bundler, r->bundler);
    json_put_object(&j);
    json_put_name(&j, "peer_id");
    json_put_str(&j, id);
    json_put_name(&j, "listen");
    json_put_array(&j);
    for (size_t i = 0; i < r->listen_count; i++) {
        json_put_str(&j, r->listen[i]);
    }
    json_end_array(&j);
    json_put_name(&j, "bundler");
    json_put_str(&j, bundler);
    json_put_name(&j, "chain_id");
    json_put_u64(&j, r->chain_id);
    json_put_name(&j, "network");
    json_put_str(&j, r->network);
    json_put_name(&j, "level");
    json_put_str(&j, r->level);
    json_put_name(&j, "keys");
    json_put_str(&j, r->keys);
    json_put_name(&j, "sandbox");
    json_put_str(&j, r->sandbox);
    json_put_name(&j, "node");
    json_put_str(&j, r->is_node_reached ? "reached" : "silent");
    json_end_object(&j);
    check(json_writer_end(&j) == OK);
    (void)printf("%.*s\n", (int)w.n, (const char *)room);
}

static void print_words(const struct server_ready *r)
{
    char bundler[ADDRESS_TEXT_LEN];
    address_print(bundler, r->bundler);
    (void)printf("Serving %s (chain %llu) at %s; the bundler %s pays the gas. Ctrl-C ends it.\n",
                 r->network, (unsigned long long)r->chain_id, r->listen[0], bundler);
}

void ready_say(void *user, const struct server_ready *r)
{
    const bool *is_json = user;
    (*is_json ? print_json : print_words)(r);
    (void)fflush(stdout);
}

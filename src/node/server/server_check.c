/* Holding a configuration against what a start needs. */
#include "node/server/server_check.h"

#include "codec/multiaddr.h"
#include "node/server/server_inside.h"
#include "wallet/text.h"

#include <string.h>
#include <unistd.h>

MUST_CHECK static enum err
check_addrs(struct server *s, const char *key, char list[][CONFIG_TEXT_LEN_MAX + 1], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t room[MULTIADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(room));
        if (multiaddr_parse(&w, span_str(list[i]), NULL) != OK || wr_end(&w) != OK) {
            server_give_up(s, ERR_MALFORMED, "%s = %s is no address such as /ip4/0.0.0.0/tcp/4001.",
                           key, list[i]);
            return ERR_MALFORMED;
        }
    }
    return OK;
}

MUST_CHECK static enum err check_files(struct server *s)
{
    const char *keyd = s->config->places.keyd;
    const char *token = s->config->token_file;
    if (access(keyd, X_OK) != 0) {
        server_give_up(
            s, ERR_IO,
            "The key process %s cannot be started: it lies beside passmesh-server, or set "
            "PASSMESH_KEYD.",
            keyd);
        return ERR_IO;
    }
    if (token[0] && access(token, R_OK) != 0) {
        server_give_up(s, ERR_IO, "The token file %s cannot be read.", token);
        return ERR_IO;
    }
    return server_wss_check(s);
}

MUST_CHECK static enum err check_all(struct server *s)
{
    struct server_config *c = &s->own;
    const char *wrong = server_wrong_node(&c->nodes);
    if (wrong) {
        server_give_up(s, ERR_MALFORMED, "--node %s is no http:// or https:// address.", wrong);
        return ERR_MALFORMED;
    }
    TRY(server_start_network(s));
    TRY(check_addrs(s, "listen", c->listen, c->listen_count));
    TRY(check_addrs(s, "announce", c->announce, c->announce_count));
    TRY(check_addrs(s, "bootstrap", c->bootstrap, c->bootstrap_count));
    TRY(check_addrs(s, "relay_at", c->relay_at, c->relay_at_count));
    return check_files(s);
}

enum err server_check(const struct server_config *config,
                      struct server_checked *ret,
                      char ret_text[static SERVER_TEXT_LEN])
{
    struct server *s = NULL;
    TRY(server_new(&s, config, ret_text));
    if (check_all(s) == OK) {
        *ret = (struct server_checked){.chain_id = s->network->chain_id,
                                       .listen_count = config->listen_count,
                                       .is_bundler = config->is_bundler};
        text_set(ret->network, sizeof ret->network, span_str(s->network->id.text));
    }
    return server_end(s);
}

/* The certificate that secure WebSockets are listened with. */
#include "codec/multiaddr.h"
#include "node/net/web_certificate.h"
#include "node/server/server_inside.h"
#include "p2p/ws_addr.h"

#include <stdlib.h>
#include <string.h>

/* True: one of the addresses that it listens at needs the certificate. */
static bool is_needed(const struct server_config *c)
{
    for (size_t i = 0; i < c->listen_count; i++) {
        uint8_t room[MULTIADDR_LEN_MAX];
        struct ws_addr ws;
        struct wr w = wr_init(MSPAN_OF(room));
        if (multiaddr_parse(&w, span_str(c->listen[i]), NULL) == OK &&
            ws_addr_find(&ws, span_of(room, w.n)) && ws.is_tls) {
            return true;
        }
    }
    return false;
}

/* load puts what the files hold in place of *context; without files nothing changes. */
MUST_CHECK static enum err load(struct server *s,
                                struct tls_web_context *context,
                                const char **ret_rule,
                                const struct server_config *c)
{
    if (!c->wss_cert[0] && !c->wss_key[0]) {
        *ret_rule = "a listen address with /tls/ws needs wss_cert and wss_key in server.ini";
        return is_needed(c) ? ERR_NOT_FOUND : OK;
    }
    if (!c->wss_cert[0] || !c->wss_key[0]) {
        *ret_rule = "wss_cert and wss_key go together";
        return ERR_MALFORMED;
    }
    struct web_certificate_files files = {.chain = c->wss_cert, .key = c->wss_key};
    return web_certificate_load(context, ret_rule, &files, &s->budget);
}

MUST_CHECK static enum err load_or_give_up(struct server *s, struct tls_web_context *context)
{
    const char *rule = "";
    enum err err = load(s, context, &rule, s->config);
    if (err == ERR_NOT_FOUND) {
        server_give_up(s, err, "There is no certificate for secure WebSockets: %s.", rule);
    } else if (err != OK) {
        server_give_up(s, err, "The certificate %s with the key %s cannot be used: %s.",
                       s->config->wss_cert, s->config->wss_key, rule);
    }
    return err;
}

enum err server_wss_start(struct server *s)
{
    return load_or_give_up(s, &s->tcp.web_server);
}

enum err server_wss_check(struct server *s)
{
    struct tls_web_context context = {0};
    enum err err = load_or_give_up(s, &context);
    tls_web_context_done(&context);
    return err;
}

enum err server_wss_reload(struct server *s, const struct server_config *next, struct diag *ret_why)
{
    const char *rule = "";
    enum err err = load(s, &s->tcp.web_server, &rule, next);
    return err == OK ? OK : diag_set(ret_why, err, rule, 0);
}

void server_wss_folder(char ret[static CONFIG_PATH_LEN_MAX], const char *file)
{
    char *real = file[0] ? realpath(file, NULL) : NULL;
    char *slash = real ? strrchr(real, '/') : NULL;
    size_t n = slash ? (size_t)(slash - real) : 0;
    ret[0] = '\0';
    if (n > 0 && n < CONFIG_PATH_LEN_MAX) {
        memcpy(ret, real, n);
        ret[n] = '\0';
    }
    free(real);
}

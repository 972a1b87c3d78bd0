/* What the servers' machines prove: their evidence is asked for and judged under the person's policy. */
#include "node/daemon/daemon_inside.h"

#include <stdlib.h>

static uint64_t unix_s(void *user)
{
    return daemon_time(user).unix_ms / 1000;
}

static void on_end(void *user, const struct peer_id *peer, const struct attest_verdict *v)
{
    struct daemon *d = user;
    servers_attested(&d->servers, daemon_time(d), peer, v);
}

static bool ask(void *user, const struct peer_id *peer)
{
    struct daemon *d = user;
    return attest_asker_ask(d->asker, peer) == OK;
}

enum err daemon_attest_start(struct daemon *d, struct diag *why)
{
    char *text = NULL;
    size_t n = 0;
    if (d->config->attestation[0]) {
        enum err e = config_read_file(d->config->attestation, 64 * 1024, &text, &n);
        if (e != OK) {
            return diag_set(why, e, "it cannot be read, or is longer than 64 KiB", 0);
        }
    }
    const struct attest_asker_cfg cfg = {.host = &d->host,
                                         .budget = &d->budget,
                                         .rng = &d->entropy.rng,
                                         .policy = span_of(text, n),
                                         .unix_s = unix_s,
                                         .on_end = on_end,
                                         .user = d};
    enum err e = attest_asker_new(&d->asker, &cfg, why);
    free(text);
    if (e == OK) {
        d->servers.cfg.ask_evidence = ask;
    }
    return e;
}

void daemon_attest_stop(struct daemon *d)
{
    d->servers.cfg.ask_evidence = NULL;
    attest_asker_free(d->asker);
    d->asker = NULL;
}

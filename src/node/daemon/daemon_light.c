/* The light client's questions to servers, and their answers to it. */
#include "node/daemon/daemon_inside.h"

static void ask(void *user, struct wallet_time t, const struct service_request *r)
{
    struct daemon *d = user;
    servers_ask_light(&d->servers, t, r);
}

static void ask_witnesses(void *user, struct wallet_time t, const struct service_request *r)
{
    struct daemon *d = user;
    servers_ask_witnesses(&d->servers, t, r);
}

static enum err on_answer(void *user,
                          struct wallet_time t,
                          const struct service_request *asked,
                          const struct service_light *answer)
{
    struct daemon *d = user;
    return light_take(&d->light, t, asked, answer);
}

static void
on_over(void *user, struct wallet_time t, const struct service_request *asked, bool has_learnt)
{
    struct daemon *d = user;
    light_asked(&d->light, t, asked, has_learnt);
}

static bool on_witness(void *user,
                       struct wallet_time t,
                       const struct service_request *asked,
                       const struct service_light *answer)
{
    struct daemon *d = user;
    return light_witness(&d->light, t, asked, answer);
}

static void on_witness_over(void *user, struct wallet_time t)
{
    struct daemon *d = user;
    light_witnessed(&d->light, t);
}

void daemon_light_hear(struct servers_cfg *cfg)
{
    cfg->light = on_answer;
    cfg->light_over = on_over;
    cfg->witness = on_witness;
    cfg->witness_over = on_witness_over;
}

void daemon_light_start(struct daemon *d)
{
    struct light_cfg cfg = {.budget = &d->budget,
                            .log = &d->log,
                            .store = db_store(d->db),
                            .wallet = d->wallet,
                            .ask = ask,
                            .ask_witnesses = ask_witnesses,
                            .user = d};
    light_init(&d->light, &cfg);
}

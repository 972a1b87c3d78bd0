/* Keeping wallets' sealed vaults, in the server's store. */
#include "node/server/server_inside.h"

static uint64_t unix_s(void *user)
{
    uv_timeval64_t now;
    (void)user;
    return uv_gettimeofday(&now) == 0 && now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

enum err server_capsules_start(struct server *s)
{
    if (s->config->capsules_max == 0) {
        return OK;
    }
    const struct capsule_keeper_cfg cfg = {.budget = &s->service_budget,
                                           .rng = &s->entropy.rng,
                                           .shelf = server_store_shelf(s->store),
                                           .copies_max = s->config->capsules_max,
                                           .unix_s = unix_s};
    TRY(capsule_keeper_init(&s->capsules, &cfg));
    s->has_capsules = true;
    return OK;
}

void server_capsules_stop(struct server *s)
{
    if (s->has_capsules) {
        capsule_keeper_done(&s->capsules);
        s->has_capsules = false;
    }
}

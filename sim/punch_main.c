/* `punch --seeds=N`: hole punching between every pair of routers, N times each; its counts as `name value` lines.
 * `punch --pairs`: what the model says of each pair over TCP, a line `SOURCE TARGET possible|impossible`, with MAPPING/FILTERING or open. */
#include "punch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
    unsigned seeds;
    unsigned possible; /* by what the routers do */
    unsigned punched;  /* of these */
    unsigned first;    /* of these, in the first attempt */
    unsigned carried;  /* of all: punched, or by the relay */
    unsigned runs;
    const char *violation;
};

static void run_pair(void *user, const struct punch_cfg *pair)
{
    struct counts *c = user;
    for (unsigned seed = 1; seed <= c->seeds; seed++) {
        struct budget budget;
        struct punch_report r;
        struct punch_cfg cfg = *pair;
        cfg.seed = seed;
        budget_init(&budget, NULL, "simulator", (size_t)64 << 20);
        punch_run(&r, &cfg, &budget);
        bool is_possible = punch_is_possible(&cfg);
        c->runs++;
        c->possible += is_possible;
        c->punched += is_possible && r.is_direct;
        c->first += is_possible && r.is_direct && r.attempts <= 1;
        c->carried += r.is_carried;
        c->violation = r.violation ? r.violation : c->violation;
    }
}

static void say_site(const struct punch_site *s)
{
    (void)printf("%s%s%s ", s->is_open ? "open" : nat_rule_name(s->mapping), s->is_open ? "" : "/",
                 s->is_open ? "" : nat_rule_name(s->filtering));
}

static void say_pair(void *user, const struct punch_cfg *pair)
{
    (void)user;
    if (!pair->is_quic) {
        say_site(&pair->source);
        say_site(&pair->target);
        (void)printf("%s\n", punch_is_possible(pair) ? "possible" : "impossible");
    }
}

int main(int argc, char **argv)
{
    static const char option[] = "--seeds=";
    struct counts c = {.seeds = 2};
    if (argc == 2 && strcmp(argv[1], "--pairs") == 0) {
        punch_each_pair(say_pair, NULL);
        return 0;
    }
    if (argc == 2 && strncmp(argv[1], option, sizeof option - 1) == 0) {
        c.seeds = (unsigned)strtoul(argv[1] + sizeof option - 1, NULL, 10);
    } else if (argc != 1) {
        (void)fprintf(stderr, "usage: punch [--seeds=NUMBER | --pairs]\n");
        return 2;
    }
    punch_each_pair(run_pair, &c);
    (void)printf("runs %u\npossible %u\npunched %u\nfirst %u\ncarried %u\n", c.runs, c.possible,
                 c.punched, c.first, c.carried);
    if (c.violation) {
        (void)fprintf(stderr, "BROKEN %s: the same options repeat it\n", c.violation);
    }
    return c.violation ? 1 : 0;
}

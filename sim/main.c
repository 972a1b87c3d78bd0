/* `sim`: runs one simulated network and says what happened. `make sim SEED=... NODES=...` */
#include "sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(void)
{
    (void)printf(
        "usage: sim [--OPTION=NUMBER ...] [--trace]\n"
        "A network of real hosts on a virtual clock; the same options give the same hash.\n"
        "  --seed=1 --nodes=2 --neighbours=4 --seconds=10\n"
        "  --latency-ms=60     one way, drawn for each connection from a twelfth of it up to it\n"
        "  --jitter-ms=2 --rate-kb=4000 (bytes a second and direction; 0 = no limit)\n"
        "  --loss-ppm=0        of packets\n"
        "  --message-ms=500    between two messages of a node; --message-len=300000 at most\n"
        "  --crash-s=0 --partition-s=0   between two of them; 0 = never\n"
        "  --memory-kb=8192    of each node\n"
        "  --kad-ms=0          between two lookups of a node in the DHT; 0 = no DHT\n");
}

struct option {
    const char *name;
    uint64_t value;
};

enum {
    SEED,
    NODES,
    NEIGHBOURS,
    SECONDS,
    LATENCY,
    JITTER,
    RATE,
    LOSS,
    MESSAGE,
    MESSAGE_LEN,
    CRASH,
    PARTITION,
    MEMORY,
    KAD,
    OPTIONS
};

static struct option options[OPTIONS] = {
    [SEED] = {"seed",        1     },
    [NODES] = {"nodes",       2     },
    [NEIGHBOURS] = {"neighbours",  4     },
    [SECONDS] = {"seconds",     10    },
    [LATENCY] = {"latency-ms",  60    },
    [JITTER] = {"jitter-ms",   2     },
    [RATE] = {"rate-kb",     4000  },
    [LOSS] = {"loss-ppm",    0     },
    [MESSAGE] = {"message-ms",  500   },
    [MESSAGE_LEN] = {"message-len", 300000},
    [CRASH] = {"crash-s",     0     },
    [PARTITION] = {"partition-s", 0     },
    [MEMORY] = {"memory-kb",   8192  },
    [KAD] = {"kad-ms",      0     },
};

static bool take_option(const char *arg)
{
    const char *equals = strchr(arg, '=');
    if (strncmp(arg, "--", 2) != 0 || !equals) {
        return false;
    }
    for (size_t i = 0; i < OPTIONS; i++) {
        size_t n = strlen(options[i].name);
        if ((size_t)(equals - arg) == n + 2 && strncmp(arg + 2, options[i].name, n) == 0) {
            char *end;
            options[i].value = strtoull(equals + 1, &end, 0);
            return equals[1] != '\0' && *end == '\0';
        }
    }
    return false;
}

static struct sim_cfg cfg_of_options(bool trace)
{
    struct sim_cfg c = sim_cfg_default();
    c.seed = options[SEED].value;
    c.nodes_count = (uint32_t)options[NODES].value;
    c.neighbours_count = (uint32_t)options[NEIGHBOURS].value;
    c.duration_us = options[SECONDS].value * US_PER_S;
    c.latency_us_max = options[LATENCY].value * US_PER_MS;
    c.latency_us_min = c.latency_us_max / 12;
    c.jitter_us = options[JITTER].value * US_PER_MS;
    c.rate = options[RATE].value * 1000;
    c.loss_ppm = (uint32_t)options[LOSS].value;
    c.message_every_us = options[MESSAGE].value * US_PER_MS;
    c.message_len_max = (uint32_t)options[MESSAGE_LEN].value;
    c.crash_every_us = options[CRASH].value * US_PER_S;
    c.partition_every_us = options[PARTITION].value * US_PER_S;
    c.memory_max = (size_t)options[MEMORY].value * 1024;
    c.kad_every_us = options[KAD].value * US_PER_MS;
    c.trace = trace;
    return c;
}

static void print_report(const struct sim_report *r)
{
    (void)printf("messages   %" PRIu64 " begun, %" PRIu64 " delivered, %" PRIu64
                 " acknowledged, %" PRIu64 " failed (%" PRIu64 " given up by plan)\n",
                 r->messages_count, r->delivered_count, r->acked_count, r->failed_count,
                 r->reset_count);
    (void)printf("traffic    %" PRIu64 " payload bytes, %" PRIu64 " segments delayed by loss\n",
                 r->bytes_count, r->lost_count);
    (void)printf("links      %" PRIu64 " handshakes (both ends), %" PRIu64 " dials failed, %" PRIu64
                 " refusals\n",
                 r->handshakes_count, r->dials_failed_count, r->refused_count);
    (void)printf("fate       %" PRIu64 " crashes, %" PRIu64 " partitions\n", r->crashes_count,
                 r->partitions_count);
    (void)printf("memory     %zu KiB at most in one node; largest window %" PRIu32 " KiB\n",
                 r->memory_max / 1024, r->window_max / 1024);
    if (r->kad_lookups_count) {
        (void)printf("dht        %" PRIu64 " lookups of published keys, %" PRIu64 " found\n",
                     r->kad_lookups_count, r->kad_found_count);
    }
    (void)printf("run        %" PRIu64 " events, %.1f virtual seconds\n", r->events_count,
                 (double)r->time_us / 1e6);
    (void)printf("hash       %016" PRIx64 "\n", r->hash);
    if (r->violation) {
        (void)printf("BROKEN     %s: node %" PRIu32 ", at %.6f s\n", r->violation,
                     r->violation_node, (double)r->violation_at_us / 1e6);
    }
}

int main(int argc, char **argv)
{
    bool trace = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0) {
            trace = true;
        } else if (!take_option(argv[i])) {
            print_help();
            return strcmp(argv[i], "--help") == 0 ? 0 : 2;
        }
    }
    struct budget budget;
    budget_init(&budget, NULL, "simulator", SIZE_MAX);
    struct sim_cfg cfg = cfg_of_options(trace);
    struct sim_report report;
    if (sim_run(&report, &cfg, &budget) != OK) {
        (void)fprintf(stderr, "sim: these options make no sense together; nodes go from 2 to %d\n",
                      SIM_NODES_MAX);
        return 2;
    }
    print_report(&report);
    if (report.violation) {
        (void)printf("repeat     the same options%s\n",
                     trace ? "" : ", with --trace to see each event");
    }
    return report.violation ? 1 : 0;
}

/* `scale`: runs one large network at the level of messages and prints its figures as `name value` lines. */
#include "scale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    size_t n = strlen(name);
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i] + 2, name, n) == 0 &&
            argv[i][n + 2] == '=') {
            return strtoull(argv[i] + n + 3, NULL, 0);
        }
    }
    return otherwise;
}

static void line(const char *name, uint64_t value)
{
    (void)printf("%-28s %" PRIu64 "\n", name, value);
}

static int end(uint64_t hash, const char *violation)
{
    (void)printf("%-28s %016" PRIx64 "\n", "hash", hash);
    if (violation) {
        (void)printf("BROKEN %s: the same options repeat it\n", violation);
    }
    return violation ? 1 : 0;
}

static int run_dht(int argc, char **argv, struct budget *budget)
{
    struct scale_dht_cfg c = scale_dht_default();
    c.seed = option(argc, argv, "seed", c.seed);
    c.nodes_count = (uint32_t)option(argc, argv, "nodes", c.nodes_count);
    c.joins_count = (uint32_t)option(argc, argv, "joins", c.joins_count);
    c.keys_count = (uint32_t)option(argc, argv, "keys", c.keys_count);
    c.lookups_count = (uint32_t)option(argc, argv, "lookups", c.lookups_count);
    c.churn_percent = (uint32_t)option(argc, argv, "churn", c.churn_percent);
    c.dial_round_trips = (uint32_t)option(argc, argv, "dial-rtt", c.dial_round_trips);
    c.warm_connections = (uint32_t)option(argc, argv, "warm", c.warm_connections);
    c.sybils_count = (uint32_t)option(argc, argv, "sybils", c.sybils_count);
    c.thorough = option(argc, argv, "thorough", c.thorough) != 0;
    struct scale_dht_report r;
    if (scale_dht(&r, &c, budget) != OK) {
        return 2;
    }
    line("published", r.published_count);
    line("cold_lookups", r.cold_count);
    line("cold_found", r.cold_found_count);
    line("cold_p50_us", r.cold_p50_us);
    line("cold_p95_us", r.cold_p95_us);
    line("warm_lookups", r.warm_count);
    line("warm_found", r.warm_found_count);
    line("warm_p50_us", r.warm_p50_us);
    line("warm_p95_us", r.warm_p95_us);
    line("eclipse_lookups", r.eclipse_count);
    line("eclipse_found", r.eclipse_found_count);
    line("queries_of_lookup", r.queries_of_lookup);
    line("size_estimate", r.size_estimate);
    line("memory_per_node", r.memory_per_node);
    line("events", r.events_count);
    return end(r.hash, r.violation);
}

static int run_gossip(int argc, char **argv, struct budget *budget)
{
    struct scale_gossip_cfg c = scale_gossip_default();
    c.seed = option(argc, argv, "seed", c.seed);
    c.nodes_count = (uint32_t)option(argc, argv, "nodes", c.nodes_count);
    c.dials_count = (uint32_t)option(argc, argv, "dials", c.dials_count);
    c.messages_count = (uint32_t)option(argc, argv, "messages", c.messages_count);
    c.message_len = (uint32_t)option(argc, argv, "len", c.message_len);
    c.latency_us = option(argc, argv, "latency-us", c.latency_us);
    c.hostile_percent = (uint32_t)option(argc, argv, "hostile", c.hostile_percent);
    struct scale_gossip_report r;
    if (scale_gossip(&r, &c, budget) != OK) {
        return 2;
    }
    line("deliveries_wanted", r.deliveries_wanted);
    line("deliveries", r.deliveries_count);
    line("hops_p50", r.hops_p50);
    line("hops_p99", r.hops_p99);
    line("latency_p50_us", r.latency_p50_us);
    line("latency_p99_us", r.latency_p99_us);
    line("copies", r.copies_count);
    line("mesh_min", r.mesh_min);
    line("mesh_max", r.mesh_max);
    line("hostile_in_mesh_percent", r.hostile_in_mesh_percent);
    line("memory_per_node", r.memory_per_node);
    line("events", r.events_count);
    return end(r.hash, r.violation);
}

int main(int argc, char **argv)
{
    struct budget budget;
    budget_init(&budget, NULL, "simulator", SIZE_MAX);
    int result = 2;
    if (argc >= 2 && strcmp(argv[1], "dht") == 0) {
        result = run_dht(argc, argv, &budget);
    } else if (argc >= 2 && strcmp(argv[1], "gossip") == 0) {
        result = run_gossip(argc, argv, &budget);
    }
    if (result == 2) {
        (void)fprintf(stderr, "usage: scale dht [--seed --nodes --joins --keys --lookups --churn "
                              "--dial-rtt --warm --sybils "
                              "--thorough]\n       scale gossip [--seed --nodes --dials --messages "
                              "--len --latency-us "
                              "--hostile]\n       each option as --name=NUMBER\n");
    }
    return result;
}

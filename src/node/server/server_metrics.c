/* Figures for Prometheus, in its text format 0.0.4: HELP and TYPE lines before the samples of a metric, one sample a line. Label
 * values are words of ours, so that none needs an escape. */
#include "node/server/server_inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { LINE_LEN_MAX = 256 };

static const char *const types[SERVICE_TYPES_MAX] = {
    [0] = "none",
    [SERVICE_STATUS] = "status",
    [SERVICE_RPC] = "rpc",
    [SERVICE_SEND_USER_OPERATION] = "send_user_operation",
    [SERVICE_USER_OPERATION_STATUS] = "user_operation_status",
    [SERVICE_SUBSCRIBE] = "subscribe",
    [SERVICE_ACCOUNT_PROOF] = "account_proof",
    [SERVICE_LC_BOOTSTRAP] = "lc_bootstrap",
    [SERVICE_LC_UPDATES] = "lc_updates",
    [SERVICE_LC_FINALITY] = "lc_finality",
    [SERVICE_LC_OPTIMISTIC] = "lc_optimistic",
    [SERVICE_HEADERS] = "headers",
    [SERVICE_CODE] = "code",
    [SERVICE_INCLUSION] = "inclusion",
    [SERVICE_CALL_WITNESS] = "call_witness",
    [SERVICE_SEND_TRANSACTION] = "send_transaction",
    [SERVICE_LOGS] = "logs",
    [SERVICE_COSIGN_CREATE] = "cosign_create",
    [SERVICE_COSIGN_SIGN] = "cosign_sign",
    [SERVICE_COSIGN_REMOVE] = "cosign_remove",
    [SERVICE_CAPSULE_NONCE] = "capsule_nonce",
    [SERVICE_CAPSULE_PUT] = "capsule_put",
    [SERVICE_CAPSULE_GET] = "capsule_get",
};

static void line(struct wr *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct wr *w, const char *format, ...)
{
    char text[LINE_LEN_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    wr_str(w, text);
    wr_u8(w, '\n');
}

static void head(struct wr *w, const char *name, const char *type, const char *help)
{
    line(w, "# HELP %s %s", name, help);
    line(w, "# TYPE %s %s", name, type);
}

struct metric {
    const char *name;
    const char *type;
    const char *help;
    uint64_t value;
};

static void write_all(struct wr *w, const struct metric *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        head(w, list[i].name, list[i].type, list[i].help);
        line(w, "%s %" PRIu64, list[i].name, list[i].value);
    }
}

static void write_host(const struct server *s, struct wr *w)
{
    struct host_stats h = host_stats(&s->host);
    const struct metric list[] = {
        {"passmesh_peers",                   "gauge",   "Connected peers.",                     h.peers_count            },
        {"passmesh_connections",             "gauge",   "Open connections.",                    h.conns_count            },
        {"passmesh_connections_inbound",     "gauge",   "Of those, dialled by the peer.",
         h.conns_in_count                                                                                                },
        {"passmesh_peers_dialled_in_total",  "counter", "Peers that came in.",                  s->dialled_in_count      },
        {"passmesh_streams",                 "gauge",   "Open streams of all protocols.",       h.streams_count          },
        {"passmesh_received_bytes_total",    "counter", "From peers.",                          h.bytes_in               },
        {"passmesh_sent_bytes_total",        "counter", "To peers.",                            h.bytes_out              },
        {"passmesh_memory_used_bytes",       "gauge",   "Charged to connections.",              h.memory_used            },
        {"passmesh_memory_max_bytes",        "gauge",   "What they may have (memory_mib).",     h.memory_max             },
        {"passmesh_handshakes_total",        "counter", "Completed.",                           h.handshakes_count       },
        {"passmesh_handshakes_failed_total", "counter", "Failed.",                              h.handshakes_failed_count},
        {"passmesh_refused_total",           "counter", "Connections and streams turned away.",
         h.refused_count                                                                                                 },
    };
    write_all(w, list, sizeof list / sizeof list[0]);
}

/* Why peers are not let in, or let go of, and why addresses are not dialled. */
static void write_limits(const struct server *s, struct wr *w)
{
    const struct host_conn_manager *m = &s->peers;
    struct host_stats h = host_stats(&s->host);
    const char *name = "passmesh_turned_away_total";
    const struct metric list[] = {
        {"passmesh_peers_let_go_total",      "counter", "Because there were more than high_water.",
         m->manager.pruned_count  },
        {"passmesh_dials_joined_total",      "counter", "Dials to a peer that was being dialled.",
         h.dials_joined_count     },
        {"passmesh_dials_backed_off_total",  "counter", "Addresses that failed a moment before.",
         h.dials_backed_off_count },
        {"passmesh_dials_black_holed_total", "counter", "Addresses of a kind that leads nowhere.",
         h.dials_black_holed_count},
    };
    write_all(w, list, sizeof list / sizeof list[0]);
    head(w, "passmesh_dials_blocked", "gauge", "Kinds of addresses that seem to lead nowhere.");
    line(w, "passmesh_dials_blocked{kind=\"udp\"} %d", h.udp_is_blocked);
    line(w, "passmesh_dials_blocked{kind=\"ip6\"} %d", h.ip6_is_blocked);
    head(w, name, "counter", "By reason and scope, as far as there is room for kinds.");
    for (size_t i = 0; i < m->refusals_count; i++) {
        const struct host_refusal_kind *k = &m->refusals[i];
        line(w, "%s{reason=\"%s\",scope=\"%s\"} %" PRIu64, name,
             k->last.reason ? k->last.reason : "a limit", k->last.scope ? k->last.scope : "",
             k->count);
    }
}

/* Connected peers by how they are connected. */
static void write_peers(const struct server *s, struct wr *w)
{
    static const char *const transports[] = {"tcp", "ws", "wss", "quic", "relay"};
    enum { TRANSPORTS = sizeof transports / sizeof transports[0] };
    uint64_t counts[TRANSPORTS][2] = {{0}};
    const char *name = "passmesh_peers_by";
    for (size_t i = 0; i < host_peers_count(&s->host); i++) {
        struct host_peer_info info;
        host_peer_at(&s->host, &info, i);
        for (size_t k = 0; k < TRANSPORTS; k++) {
            counts[k][info.inbound] += strcmp(info.transport, transports[k]) == 0;
        }
    }
    head(w, name, "gauge", "Connected peers by transport and who dialled.");
    for (size_t k = 0; k < TRANSPORTS; k++) {
        line(w, "%s{transport=\"%s\",direction=\"out\"} %" PRIu64, name, transports[k],
             counts[k][0]);
        line(w, "%s{transport=\"%s\",direction=\"in\"} %" PRIu64, name, transports[k],
             counts[k][1]);
    }
}

/* b NULL: the server has no such scope. */
static void write_budget(struct wr *w, const char *name, const struct budget *b, size_t value)
{
    if (b) {
        line(w, "%s{scope=\"%s\"} %zu", name, b->scope, value);
    }
}

/* The verdict, the DHT, and the scopes of memory. */
static void write_net(const struct server *s, struct wr *w)
{
    const struct reachability *v = &s->reach.host.verdict;
    const struct budget *scopes[] = {&s->budget, &s->host.system, &s->host.transient,
                                     s->gossip.is_on ? &s->gossip.directory.list.store.budget
                                                     : NULL,
                                     s->dht.is_on ? &s->dht.kad.kad.budget : NULL};
    enum { SCOPES = sizeof scopes / sizeof scopes[0] };
    head(w, "passmesh_reach", "gauge", "Can strangers reach the server, and why.");
    line(w, "passmesh_reach{state=\"%s\",why=\"%s\"} 1", reach_name(v->reach),
         reach_reason_name(v->reason));
    if (s->dht.is_on) {
        struct kad_stats k = kad_stats(&s->dht.kad.kad);
        const struct metric list[] = {
            {"passmesh_dht_peers",        "gauge",   "In the routing table.",     k.peers_count },
            {"passmesh_dht_served_total", "counter", "Questions of other nodes.", k.served_count},
        };
        write_all(w, list, sizeof list / sizeof list[0]);
    }
    head(w, "passmesh_scope_used_bytes", "gauge", "Of a budget, by scope.");
    for (size_t i = 0; i < SCOPES; i++) {
        write_budget(w, "passmesh_scope_used_bytes", scopes[i], scopes[i] ? scopes[i]->used : 0);
    }
    head(w, "passmesh_scope_limit_bytes", "gauge", "What a scope may have.");
    for (size_t i = 0; i < SCOPES; i++) {
        write_budget(w, "passmesh_scope_limit_bytes", scopes[i], scopes[i] ? scopes[i]->limit : 0);
    }
}

/* The topic, what came of each descriptor, and what is held. */
static void write_gossip(const struct server *s, struct wr *w)
{
    const struct gossip *g = &s->gossip.host.gossip;
    const struct directory_host *d = &s->gossip.directory;
    const struct heads_topic_counts *h = &s->heads.topic.counts; /* zero where there is none */
    const char *name = "passmesh_descriptors_total";
    if (!s->gossip.is_on) {
        return;
    }
    const struct metric list[] = {
        {"passmesh_gossip_peers", "gauge", "That speak gossipsub.", s->gossip.host.peers.count},
        {"passmesh_gossip_mesh_peers", "gauge", "In the mesh of servers.",
         gossip_mesh_count(g, SPAN_LIT(DESCRIPTOR_TOPIC))},
        {"passmesh_gossip_received_total", "counter", "Messages that were new.", g->received_count},
        {"passmesh_gossip_duplicates_total", "counter", "Messages that were known.",
         g->duplicate_count},
        {"passmesh_gossip_refused_total", "counter", "Messages against the rules.",
         g->refused_count},
        {"passmesh_gossip_sent_total", "counter", "Messages to peers.", g->sent_count},
        {"passmesh_heads_published_total", "counter", "Newest blocks told by this server.",
         h->published},
        {"passmesh_heads_accepted_total", "counter", "Of others, verified and passed on.",
         h->accepted},
        {"passmesh_heads_rejected_total", "counter", "Of others, false or signed by too few.",
         h->rejected},
        {"passmesh_heads_ignored_total", "counter", "Of others, old or not to be judged here.",
         h->ignored},
        {"passmesh_descriptors", "gauge", "Servers whose descriptor is held.",
         d->list.store.entries.count},
        {"passmesh_descriptors_given_total", "counter", "Answers to who asked for some.",
         d->answers_count},
        {"passmesh_descriptors_told_total", "counter", "Of this server, to the topic.",
         s->gossip.topic.published_count},
    };
    write_all(w, list, sizeof list / sizeof list[0]);
    head(w, name, "counter", "Descriptors of servers that came, by what came of them.");
    for (int v = 0; v < DESCRIPTOR_VERDICT_COUNT; v++) {
        line(w, "%s{verdict=\"%s\"} %" PRIu64, name,
             descriptor_verdict_name((enum descriptor_verdict)v), d->list.counts[v]);
    }
}

static void write_chain(const struct server *s, struct wr *w)
{
    const struct metric list[] = {
        {"passmesh_node_up",           "gauge", "The Ethereum node answers.",           s->chain == SERVER_CHAIN_RIGHT},
        {"passmesh_node_at",           "gauge", "Which of the nodes is asked, from 1.", s->node_at + 1                },
        {"passmesh_node_questions",    "gauge", "Peers' questions that wait for it.",
         s->service.asks_count                                                                                        },
        {"passmesh_head_block",        "gauge", "Number of the newest block.",          s->service.head.number        },
        {"passmesh_head_time_seconds", "gauge", "Its Unix time.",                       s->service.head.time_s        },
        {"passmesh_requests_open",     "gauge", "Streams of wallets.",
         service_server_streams_count(&s->service)                                                                    },
    };
    write_all(w, list, s->service.has_head ? 6 : 3);
}

/* Each pair of type and answer that has occurred. */
static void write_requests(const struct server *s, struct wr *w)
{
    const char *name = "passmesh_requests_total";
    head(w, name, "counter", "Requests of wallets by type and answer.");
    for (size_t i = 0; i < SERVICE_TYPES_MAX; i++) {
        for (size_t k = 0; k < SERVICE_CODES_MAX; k++) {
            uint64_t n = s->service.answers_count[i][k];
            if (n > 0) {
                line(w, "%s{type=\"%s\",code=\"%s\"} %" PRIu64, name, types[i],
                     service_code_name((enum service_code)k), n);
            }
        }
    }
}

static void write_shed(const struct server *s, struct wr *w)
{
    const char *name = "passmesh_requests_shed_total";
    head(w, name, "counter",
         "Requests that were answered busy so that peers of better standing are served.");
    for (int i = 0; i < STANDING_COUNT; i++) {
        line(w, "%s{standing=\"%s\"} %" PRIu64, name, standing_name((enum standing)i),
             s->service.shed_count[i]);
    }
}

/* A balance does not fit 64 bits; in ether, as text, it needs no floating point here. */
static void write_bundler(const struct server *s, struct wr *w)
{
    char ether[U256_TEXT_LEN];
    if (!s->has_bundler) {
        return;
    }
    const struct metric open = {"passmesh_bundler_operations", "gauge", "Operations under way.",
                                bundler_open_count(&s->bundler)};
    write_all(w, &open, 1);
    if (s->has_balance) {
        (void)u256_print_units(ether, s->balance, U256_DECIMALS_ETHER);
        head(w, "passmesh_bundler_balance_ether", "gauge", "For gas.");
        line(w, "passmesh_bundler_balance_ether %s", ether);
    }
}

static void write_problems(const struct server *s, struct wr *w)
{
    struct server_problem problems[SERVER_PROBLEMS_MAX];
    size_t count = server_problems(s, problems);
    head(w, "passmesh_problem", "gauge", "What holds the server back.");
    for (size_t i = 0; i < count; i++) {
        line(w, "passmesh_problem{code=\"%s\"} 1", problems[i].code);
    }
}

static void write_process(const struct server *s, struct wr *w)
{
    struct rusage usage = {0};
    uint64_t left;
    uint64_t all;
    (void)getrusage(RUSAGE_SELF, &usage);
    uint64_t cpu_ms = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    head(w, "process_cpu_seconds_total", "counter", "User and system time.");
    line(w, "process_cpu_seconds_total %" PRIu64 ".%03" PRIu64, cpu_ms / 1000, cpu_ms % 1000);
    head(w, "process_start_time_seconds", "gauge", "Unix time of the start.");
    line(w, "process_start_time_seconds %" PRIu64, s->started_s);
    head(w, "process_max_resident_memory_bytes", "gauge", "The most so far.");
    line(w, "process_max_resident_memory_bytes %" PRIu64, (uint64_t)usage.ru_maxrss * 1024);
    if (server_disk_free(s, &left, &all)) {
        head(w, "passmesh_disk_free_bytes", "gauge", "Of the data directory's disk.");
        line(w, "passmesh_disk_free_bytes %" PRIu64, left);
    }
}

void server_write_metrics(struct server *s, struct wr *w)
{
    head(w, "passmesh_info", "gauge", "Version and network.");
    line(w,
         "passmesh_info{version=\"%s\",network=\"%s\",chain_id=\"%" PRIu64 "\",sandbox=\"%s\"} 1",
         PASSMESH_VERSION, s->network->id.text, s->network->chain_id,
         sandbox_level_name(sandbox_node_level(&s->sandbox)));
    write_host(s, w);
    write_limits(s, w);
    write_peers(s, w);
    write_net(s, w);
    write_gossip(s, w);
    write_chain(s, w);
    write_requests(s, w);
    write_shed(s, w);
    write_bundler(s, w);
    write_problems(s, w);
    write_process(s, w);
}

/* A node for the tests of the local API. */
#include "node/api/api_port_test.h"

#include "tee/hardware.h"

static struct api_port *port_of(struct api_node_port *self)
{
    return (struct api_port *)(void *)self;
}

static void write_peers(struct api_node_port *self, struct json_writer *j)
{
    (void)self;
    json_put_raw(j, SPAN_LIT("[{\"id\":\"12D3KooWTest\",\"address\":\"/ip4/127.0.0.1/tcp/1\","
                             "\"direction\":\"out\",\"found\":\"manual\",\"rtt_ms\":1,"
                             "\"agent\":\"x\",\"server\":true,\"since_ms\":1}]"));
}

static void
write_servers(struct api_node_port *self, struct json_writer *j, const struct network *network)
{
    (void)self;
    (void)network;
    json_put_raw(j, SPAN_LIT("[]"));
}

static void write_evidence(struct api_node_port *self, struct json_writer *j, size_t limit)
{
    (void)self;
    (void)limit;
    json_put_raw(j, SPAN_LIT("[{\"at_ms\":1,\"network_id\":\"local\",\"kind\":\"lie\","
                             "\"question\":\"account_proof\",\"said\":[]}]"));
}

static void write_network(struct api_node_port *self, struct json_writer *j)
{
    (void)self;
    static const char by_source[] =
        "{\"mdns\":0,\"dht\":0,\"saved\":0,\"bootstrap\":0,\"manual\":"
        "1,\"inbound\":0,\"gossip\":0,\"rendezvous\":0,\"public_dht\":0}";
    const char *const members[][2] = {
        {"reach",       "{\"state\":\"unknown\",\"why\":{\"code\":\"nobody_to_ask\",\"params\":{}}}"},
        {"public_dht",  "\"off\""                                                                   },
        {"peers",       "1"                                                                         },
        {"by_source",   by_source                                                                   },
        {"memory_used", "1"                                                                         },
        {"memory_max",  "2"                                                                         },
        {"refused",     "[]"                                                                        },
        {"servers",     "1"                                                                         },
        {"sent",        "[]"                                                                        },
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_put_name(j, members[i][0]);
        json_put_raw(j, span_str(members[i][1]));
    }
}

/* A machine that says nothing about itself. */
static bool no_cpuid(void *self, uint32_t leaf, uint32_t subleaf, uint32_t ret_out[4])
{
    (void)self;
    (void)leaf;
    (void)subleaf;
    (void)ret_out;
    return false;
}

static size_t no_file(void *self, const char *path, struct mspan out)
{
    (void)self;
    (void)path;
    (void)out;
    return 0;
}

static enum hardware_access no_device(void *self, const char *path)
{
    (void)self;
    (void)path;
    return HARDWARE_ABSENT;
}

static uint64_t no_disk(void *self, const char *path)
{
    (void)self;
    (void)path;
    return 0;
}

static void write_hardware(struct api_node_port *self, struct json_writer *j)
{
    struct hardware h;
    struct hardware_ops ops = {
        .cpuid = no_cpuid, .read = no_file, .access = no_device, .disk_free_kib = no_disk};
    (void)self;
    hardware_detect(&h, &ops, "/");
    hardware_write_json(j, &h);
}

static struct api_node_health health(struct api_node_port *self)
{
    return (struct api_node_health){.peers = 1,
                                    .servers = 1,
                                    .keys_ok = !port_of(self)->keys_down,
                                    .sandbox = port_of(self)->sandbox};
}

static void
faucet(struct api_node_port *self, uint64_t id, const struct network *network, struct address to)
{
    (void)network;
    (void)to;
    port_of(self)->faucet = id;
}

static void
set_node(struct api_node_port *self, uint64_t id, const struct network *network, struct span url)
{
    (void)network;
    (void)url;
    port_of(self)->node = id;
}

static void write_net(struct api_node_port *self, struct json_writer *j)
{
    (void)self;
    json_put_raw(
        j, SPAN_LIT("{\"id\":\"12D3KooWTest\",\"reach\":{\"state\":\"unknown\",\"why\":{\"code\":"
                    "\"not_listening\",\"params\":{}}},\"router_ports\":\"unknown\",\"testers\":0,"
                    "\"addresses\":[],\"peers\":[],\"dht\":{\"mode\":\"off\",\"peers\":0,"
                    "\"network_size\":0,\"operations\":0,\"queries\":0,\"providers\":0,"
                    "\"values\":0,\"served\":0,\"buckets\":[]},\"topics\":[],\"budget\":[],"
                    "\"counts\":[]}"));
}

static enum err net_probe(struct api_node_port *self, uint64_t id, const struct api_net_probe *args)
{
    port_of(self)->probe = id;
    port_of(self)->probe_pings = args->pings;
    return port_of(self)->probe_err;
}

static void write_plugin(struct api_node_port *self, struct json_writer *j)
{
    (void)self;
    json_put_raw(
        j,
        SPAN_LIT(
            "{\"state\":\"absent\",\"since_ms\":1,\"wanted\":false,\"repositories\":[],\"agree\":1,"
            "\"development\":false,\"checked_ms\":0,\"settings\":{\"network_id\":\"\","
            "\"node\":\"\",\"listen\":\"/ip4/0.0.0.0/tcp/4001\",\"clients\":0,"
            "\"kbit_s\":0,\"from_hour\":0,\"to_hour\":0},\"sandbox\":\"full\"}"));
}

static void write_plugin_log(struct api_node_port *self, struct json_writer *j, uint64_t after)
{
    (void)self;
    if (after == 0) {
        json_put_raw(j, SPAN_LIT("{\"seq\":1,\"at_ms\":1,\"level\":\"info\",\"part\":\"server\","
                                 "\"text\":\"x\"}"));
    }
}

static bool plugin_do(struct api_node_port *self, uint64_t id, const char *what, struct span params)
{
    (void)params;
    port_of(self)->plugin = id;
    port_of(self)->plugin_what = what;
    return !port_of(self)->plugin_gone;
}

void api_port_init(struct api_port *p)
{
    *p = (struct api_port){
        .port = {.write_peers = write_peers,
                 .write_servers = write_servers,
                 .write_evidence = write_evidence,
                 .write_network = write_network,
                 .write_hardware = write_hardware,
                 .write_net = write_net,
                 .net_probe = net_probe,
                 .write_plugin = write_plugin,
                 .write_plugin_log = write_plugin_log,
                 .plugin_do = plugin_do,
                 .health = health,
                 .faucet = faucet,
                 .set_node = set_node}
    };
}

#ifndef NODE_SERVER_CONFIG_H
#define NODE_SERVER_CONFIG_H

#include "base/err.h"
#include "node/config/config.h"
#include "node/config/fetch.h"
#include "service/bundler.h"
#include "service/descriptor.h"
#include "service/server.h"

#include <stdbool.h>
#include <stddef.h>

/* What the operator of a server chose: server.ini, and the command line above it. docs/config.md lists every key. */
enum { SERVER_LISTEN_COUNT_MAX = 4, SERVER_NODE_COUNT_MAX = 4, SERVER_NETWORK_LEN_MAX = 255 };

/* Where endorsements of this machine's evidence come from unless said. */
#define SERVER_PCS_DEFAULT "https://api.trustedservices.intel.com"
#define SERVER_KDS_DEFAULT "https://kdsintf.amd.com"

/* Does the server tell the local network where it is? If nothing is said: at all addresses but loopback ones. */
enum server_mdns { SERVER_MDNS_UNSAID, SERVER_MDNS_YES, SERVER_MDNS_NO };

/* The operator's Ethereum nodes, of one chain: the first that answers is asked. The rest of the list is zero. */
struct server_nodes {
    size_t count; /* at least one, when loaded */
    char list[SERVER_NODE_COUNT_MAX][FETCH_URL_LEN_MAX + 1];
};

/* Does the server relay for peers that cannot be reached? If nothing is said: once others found that they reach it. */
enum server_relay_use { SERVER_RELAY_REACHED, SERVER_RELAY_YES, SERVER_RELAY_NO };

/* Does the server keep keys as a co-signer of people's accounts? */
enum server_cosign {
    SERVER_COSIGN_NO,
    SERVER_COSIGN_SEALED,  /* under the TPM's seal, or it does not start */
    SERVER_COSIGN_UNSEALED /* also where the store's key is a file */
};

/* What stands on the command line. NULL leaves a value to the file. */
struct server_config_args {
    const char *home;
    const char *exe_dir;
    const char *network;
    const char *node;
    const char *listen;
    bool is_sandbox_optional;
};

struct server_config {
    struct server_config_args args; /* to load it once more */
    struct config
        places; /* data_dir: server.db and keys/; config_dir: server.ini; keyd; memory_max; is_debug */
    char network[SERVER_NETWORK_LEN_MAX +
                 1]; /* the id of one of the release, or a file of kind local */
    struct server_nodes nodes;
    char beacon[CONFIG_TEXT_LEN_MAX +
                1]; /* the operator's beacon node, for its light client data; "" = none */
    size_t listen_count;
    char listen[SERVER_LISTEN_COUNT_MAX][CONFIG_TEXT_LEN_MAX + 1]; /* multiaddrs */
    size_t announce_count;                                         /* 0: what it listens on */
    char announce[SERVER_LISTEN_COUNT_MAX][CONFIG_TEXT_LEN_MAX + 1];
    char wss_cert[CONFIG_TEXT_LEN_MAX + 1]; /* files for secure WebSockets; both or none */
    char wss_key[CONFIG_TEXT_LEN_MAX + 1];
    enum server_mdns mdns;
    uint16_t mdns_port; /* 0: the usual one */
    bool is_dht;
    bool
        is_public_dht; /* say in the public DHT of IPFS, too, that it serves, once others reach it */
    struct config_public_dht public_dht;
    bool is_rendezvous; /* be a rendezvous point, and register at others */
    bool
        is_gossip; /* be in the topic in which servers tell of themselves, and answer who asks for some */
    char operator_name[DESCRIPTOR_OPERATOR_LEN_MAX + 1]; /* told there; "": unsaid */
    enum server_relay_use relay;
    size_t relay_at_count;
    char relay_at[SERVER_LISTEN_COUNT_MAX]
                 [CONFIG_TEXT_LEN_MAX + 1]; /* relays to be reached through */
    enum server_cosign cosign;
    uint32_t capsules_max; /* wallets' sealed vaults that are kept; 0: none */
    bool is_attested;      /* peers are told what the machine's TPM says, if there is one */
    char attest_issuers[CONFIG_TEXT_LEN_MAX +
                        1]; /* file of the CAs above the TPM's certificate; "": none */
    char attest_pcs[CONFIG_TEXT_LEN_MAX + 1];      /* URL of Intel's PCS or a cache; "": none */
    char attest_root_crl[CONFIG_TEXT_LEN_MAX + 1]; /* URL of Intel's root CRL; "": unsaid */
    char attest_kds[CONFIG_TEXT_LEN_MAX + 1];      /* URL of AMD's KDS; "": none */
    bool is_package;                               /* peers are given the programs that it runs */
    bool is_port_mapping;                          /* ask the home router to open the ports */
    size_t bootstrap_count;
    char bootstrap[SERVER_LISTEN_COUNT_MAX]
                  [CONFIG_TEXT_LEN_MAX + 1]; /* of the DHT, beside the network's */
    bool is_bundler;
    struct service_server_limits limits;
    struct bundler_limits bundler;
    bool has_head_ms; /* the file says it; else a local network has a faster pace */
    bool has_track_ms;
    uint16_t operator_port; /* of the operator's API on 127.0.0.1; 0: none */
    char token_file[CONFIG_TEXT_LEN_MAX +
                    1]; /* with the token for it; "": a new one at each start */
};

/* server_config_find does the first half of a load: directories, and the socket of the operator, places.socket. ERR_IO with the
 * rule. */
MUST_CHECK enum err server_config_find(struct server_config *ret,
                                       const struct server_config_args *args,
                                       struct diag *diag);

/* server_config_load keeps args, and so what it points to. Errors as config_load's, and ERR_NOT_FOUND with the rule: network, node
 * or listen is named nowhere. */
MUST_CHECK enum err server_config_load(struct server_config *ret,
                                       const struct server_config_args *args,
                                       struct diag *diag);

#endif

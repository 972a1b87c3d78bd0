#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

#include "base/err.h"
#include "base/span.h"
#include "p2p/conn_gate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where things are and what the person chose: the XDG directories (or all below --home), one INI file, environment
 * and flags above it. docs/config.md lists every key. */
enum {
    CONFIG_PATH_LEN_MAX = 512,
    CONFIG_PEER_COUNT_MAX = 16,
    CONFIG_TEXT_LEN_MAX = 255,
    CONFIG_CHECKPOINT_COUNT_MAX = 8
};

/* Whom the person lets in, and how many. 0: the program's own figure. */
struct config_peers {
    struct conn_gate gate;
    uint32_t high; /* peers; see p2p/conn_manager.h */
    uint32_t low;
    uint32_t grace_s;
    uint32_t per_host; /* connections; see p2p/conn_groups.h */
    uint32_t per_network;
};

/* May servers be looked for in the public DHT of IPFS? ASK: what the person has said in the wallet decides, and until then nothing is sent. */
enum config_public_use { CONFIG_PUBLIC_ASK, CONFIG_PUBLIC_YES, CONFIG_PUBLIC_NO };

/* Whom to begin with there; none: those of IPFS. The rest of the list is zero. */
enum { CONFIG_PUBLIC_PEER_COUNT_MAX = 8 };
struct config_public_dht {
    size_t peers_count;
    char peers[CONFIG_PUBLIC_PEER_COUNT_MAX][CONFIG_TEXT_LEN_MAX + 1]; /* multiaddrs with /p2p */
};

struct config {
    char data_dir[CONFIG_PATH_LEN_MAX];    /* wallet.db, keys/: mode 0700 */
    char config_dir[CONFIG_PATH_LEN_MAX];  /* passmesh.ini, networks/ */
    char runtime_dir[CONFIG_PATH_LEN_MAX]; /* the socket: mode 0700 */
    char socket[CONFIG_PATH_LEN_MAX];      /* of the command line */
    char ui_dir[CONFIG_PATH_LEN_MAX];      /* the built page */
    char keyd[CONFIG_PATH_LEN_MAX];        /* the program */
    char tpm[CONFIG_TEXT_LEN_MAX + 1];     /* the TPM's device; "": /dev/tpmrm0 */
    char attestation[CONFIG_TEXT_LEN_MAX +
                     1];   /* file of the policy for servers' machines; "": the built-in one */
    bool is_seal_required; /* keys in a store that no TPM seals are refused */
    uint16_t port;         /* of the page: 7878 */
    char listen[CONFIG_TEXT_LEN_MAX + 1]; /* multiaddr for peers */
    size_t memory_max;                    /* bytes, of the host */
    bool is_mdns;                         /* servers of the local network are used too */
    uint16_t mdns_port;                   /* 0: the usual one */
    bool is_dht;                          /* servers are looked for in the DHT when there are few */
    bool is_copies;                       /* servers keep the sealed vault */
    bool is_rendezvous;                   /* rendezvous points are asked for servers, likewise */
    enum config_public_use public_use;
    struct config_public_dht public_dht;
    bool is_directory; /* servers are asked which others they know, likewise */
    bool is_debug;
    bool is_sandbox_optional; /* runs also where the system does not give the whole sandbox */
    bool
        is_software_key; /* passkeys here come from a software authenticator: tests and local networks */
    struct config_peers peer_limits;
    uint64_t plugin_trial_s; /* so long a new version of the server plugin is on trial */
    size_t peer_count;
    char peers[CONFIG_PEER_COUNT_MAX]
              [CONFIG_TEXT_LEN_MAX + 1]; /* servers to use: multiaddrs with /p2p */
    size_t checkpoint_count;
    char checkpoints[CONFIG_CHECKPOINT_COUNT_MAX]
                    [CONFIG_TEXT_LEN_MAX + 1]; /* "NETWORK 0xROOT", of light clients */
    char network_file[CONFIG_PATH_LEN_MAX];    /* one more network, of kind local; "" = none */
};

/* config_load fills the defaults from the environment (HOME, XDG_*, PASSMESH_*) and reads the file if there is one. home
 * is --home or NULL; exe_dir is where the program lies. ERR_MALFORMED with the rule, and the line as offset; ERR_IO: no
 * home directory, or a path that is too long. */
struct config_args {
    const char *home;
    const char *exe_dir;
    const char *name; /* of the directories without --home; NULL: "passmesh" */
};
MUST_CHECK enum err
config_load(struct config *ret, const struct config_args *args, struct diag *diag);

/* config_find_places does the first half: directories and programs, from the environment alone. ERR_IO. */
MUST_CHECK enum err config_find_places(struct config *ret, const struct config_args *args);

/* config_read_ini gives read each entry of an INI file; no file is OK. Errors: those of read; ERR_MALFORMED, ERR_LIMIT,
 * ERR_IO with the rule, and the line as offset. */
struct ini_entry;
typedef enum err (*config_entry_fn)(void *user, const struct ini_entry *e, struct diag *diag);
MUST_CHECK enum err
config_read_ini(const char *path, config_entry_fn read, void *user, struct diag *diag);

/* config_read_common reads what both programs know: [log] level, [process] sandbox, [keys] tpm and seal, and of [peers] allow, deny, high_water,
 * low_water, grace_s, per_address and per_network. ERR_NOT_FOUND: another key. */
MUST_CHECK enum err
config_read_common(struct config *c, const struct ini_entry *e, struct diag *diag);

/* For readers of entries: is it this key; a whole number from 1 to max; text of fewer than cap bytes. */
bool config_is_key(const struct ini_entry *e, const char *section, const char *key);
MUST_CHECK enum err
config_get_number(uint64_t *ret, const struct ini_entry *e, uint64_t max, struct diag *diag);
MUST_CHECK enum err
config_get_text(char *ret, size_t cap, const struct ini_entry *e, struct diag *diag);

MUST_CHECK enum err
config_get_flag(bool *ret, const struct ini_entry *e, struct diag *diag); /* yes or no */

/* config_get_public_peer adds one to the list. ERR_LIMIT: it is full. */
MUST_CHECK enum err
config_get_public_peer(struct config_public_dht *ret, const struct ini_entry *e, struct diag *diag);

/* config_make_dirs makes the directories that must exist, private ones with mode 0700. ERR_DENIED: one belongs to
 * somebody else or is open to others; ERR_LIMIT: its disk has less than 1 MiB left, which a start may need; ERR_IO. *ret_path
 * names it; config_say_dirs writes the sentence for the person. */
enum { CONFIG_DISK_LEN_MIN = 1024 * 1024, CONFIG_SENTENCE_LEN_MAX = CONFIG_PATH_LEN_MAX + 160 };
MUST_CHECK enum err config_make_dirs(const struct config *c, const char **ret_path);
void config_say_dirs(char ret[static CONFIG_SENTENCE_LEN_MAX], enum err err, const char *path);

/* config_read_file reads a whole file of at most len_max bytes into memory that the caller frees. ERR_NOT_FOUND, ERR_LIMIT,
 * ERR_IO. */
MUST_CHECK enum err
config_read_file(const char *path, size_t len_max, char **ret_text, size_t *ret_len);

#endif

#ifndef NODE_KEEPER_INSIDE_H
#define NODE_KEEPER_INSIDE_H

#include "codec/frame.h"
#include "node/net/reach_json.h"
#include "node/os/entropy.h"
#include "node/os/sandbox_node.h"
#include "node/plugin/keeper.h"
#include "node/plugin/keeper_settings.h"
#include "node/plugin/plugin.h"
#include "node/plugin/supervise.h"
#include "plugin/keeper_frame.h"

/* The keeper's inside, shared by keeper*.c only. */
enum {
    KEEPER_PATH_LEN = 640,
    KEEPER_STATE_LEN_MAX = 64 << 10,
    KEEPER_WORD_LEN = 96,
    KEEPER_PARAMS_MAX = 3
};

enum keeper_job { KEEPER_REST, KEEPER_CHECK, KEEPER_INSTALL };

/* A code of kind plugin with its values. */
struct keeper_coded {
    const char *code; /* NULL: none */
    size_t count;
    struct {
        const char *name;
        char value[KEEPER_WORD_LEN];
    } params[KEEPER_PARAMS_MAX];
};

/* What the server says of itself, once a second; nothing in it is trusted beyond being shown. */
struct keeper_figures {
    uint64_t clients;
    uint64_t requests_min;
    uint64_t served;
    uint64_t rx;
    uint64_t tx;
    bool is_node_reached;
    struct reach_word reach; /* can strangers reach it */
    char sandbox[16];
    char payee[48];   /* address that the fees go to */
    char balance[80]; /* its wei; "": not known */
    char earned[80];  /* wei of bundling fees, less the gas paid for them; "": not known */
    uint64_t memory_kib;
};

/* Chunks that the daemon has from peers. */
struct keeper_peers {
    uint64_t number; /* of the last want */
    bool is_waiting;
    size_t chunk_len; /* 0: nobody gave it */
    uint8_t chunk[PACKAGE_CHUNK_LEN];
};

struct keeper {
    const struct keeper_cfg *cfg;
    struct budget budget;
    struct entropy entropy;
    struct plugin plugin;
    bool has_plugin;
    struct supervise run;
    struct keeper_settings settings;
    struct sandbox_node_report sandbox;
    char state_dir[KEEPER_PATH_LEN];
    char network_file[KEEPER_PATH_LEN];

    struct frame_reader frames;
    struct buf out;
    struct buf state; /* the one that was told last */
    uint64_t state_at_ms;
    bool owes_state; /* it was too soon for another */
    bool is_closed;  /* the daemon is gone */

    enum keeper_job job;
    bool is_cancelled;
    uint64_t verified; /* of the install under way */
    uint64_t length;
    bool wants_restart; /* another version was installed */
    bool wants_removal;
    bool keeps_data; /* of the removal */
    bool is_resting; /* outside its hours */
    bool is_failed;  /* it stays down until the person says otherwise */

    struct journal_id shown; /* the version whose number is known */
    struct package_version shown_version;
    uint64_t since_ms; /* of the server's present state */
    char listen[KEEPER_LISTEN_LEN];
    struct keeper_figures figures;
    uint64_t figures_ms;
    struct keeper_peers peers;
    struct keeper_coded fault; /* of the last job, or of the server */
    uint64_t fault_ms;
};

uint64_t keeper_now_ms(void); /* Unix time */

/* ---- keeper_state.c ---- */

/* keeper_state_name is the word for what the server does: see plugin_state in api/types.json. */
const char *keeper_state_name(const struct keeper *k);

/* keeper_state_write writes the whole state. */
void keeper_state_write(struct json_writer *j, struct keeper *k);

/* keeper_version gives the number of the installed version, from its manifest; false: nothing is installed, or it cannot be read. */
bool keeper_version(struct keeper *k, struct package_version *ret);

/* keeper_figures_read takes a status of the server; what is missing or wrong is left as nothing. */
void keeper_figures_read(struct keeper_figures *f, struct span json);

/* keeper_coded_set begins a code, keeper_coded_add adds a value, cut if it is long. */
void keeper_coded_set(struct keeper_coded *c, const char *code);
void keeper_coded_add(struct keeper_coded *c, const char *name, const char *value);

/* ---- keeper_command.c ---- */

/* keeper_command does what one frame of the daemon asks, and answers it. */
void keeper_command(struct keeper *k, struct span frame);

/* ---- keeper_peers.c ---- */

/* keeper_peers_fetch is struct plugin's way to peers; user is the keeper. ERR_NOT_FOUND: no peer gives a chunk; ERR_TIMEOUT; ERR_CLOSED. keeper_peers_take
 * takes what the daemon says. */
MUST_CHECK enum err
keeper_peers_fetch(void *user, const struct package_file *file, const struct download_args *to);
void keeper_peers_take(struct keeper *k, const struct keeper_chunk *c);

/* ---- keeper.c ---- */

/* keeper_is_sandboxed: there is the whole sandbox, or the person does without. Else nothing is fetched or run. */
bool keeper_is_sandboxed(const struct keeper *k);

/* keeper_turn does what is due beside a job, and waits a moment for more; false: leave the job. */
bool keeper_turn(struct keeper *k);
void keeper_send(struct keeper *k,
                 struct span json); /* what does not fit is dropped: a state follows */
void keeper_tell_state(struct keeper *k);
void keeper_fault(struct keeper *k, const char *code);
void keeper_store_settings(struct keeper *k);
void keeper_start_server(struct keeper *k);
void keeper_remove(struct keeper *k);

#endif

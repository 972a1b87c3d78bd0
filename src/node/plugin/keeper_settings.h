#ifndef NODE_KEEPER_SETTINGS_H
#define NODE_KEEPER_SETTINGS_H

#include "base/err.h"
#include "codec/json.h"

#include <stdbool.h>
#include <stdint.h>

/* What the person chose for the server on this machine: kept in DATA/plugin/settings, as JSON. */
enum {
    KEEPER_NODE_LEN = 513,
    KEEPER_NETWORK_LEN = 65,
    KEEPER_LISTEN_LEN = 256,
    KEEPER_CLIENTS_MAX = 4096
};

struct keeper_settings {
    bool is_wanted;                   /* the server runs whenever it can */
    char network[KEEPER_NETWORK_LEN]; /* id */
    char node
        [KEEPER_NODE_LEN]; /* URL of the Ethereum node; may hold a key, so it is never in argv */
    char listen[KEEPER_LISTEN_LEN]; /* multiaddr */
    uint64_t clients;               /* at a time; 0: as many as the server takes */
    uint64_t kbit_s;                /* 0: no bound */
    uint64_t from_hour;             /* local time; from == to: any hour */
    uint64_t to_hour;
    uint64_t checked_ms; /* Unix time of the last good check; 0: never */
};

void keeper_settings_default(struct keeper_settings *s);

/* keeper_settings_read takes the members that v has and leaves the others. ERR_MALFORMED with nothing changed: one is wrong, such as text with a control
 * character, which would break out of its line in server.ini. */
MUST_CHECK enum err keeper_settings_read(struct keeper_settings *s, struct json v);

/* keeper_settings_write writes the members of an object that is open. */
void keeper_settings_write(struct json_writer *j, const struct keeper_settings *s);

/* keeper_settings_is_open: may it run at this hour of the day (0 to 23)? */
bool keeper_settings_is_open(const struct keeper_settings *s, unsigned hour);

/* keeper_settings_ini writes the server's own configuration; network is its id or file. */
MUST_CHECK enum err
keeper_settings_ini(struct wr *w, const struct keeper_settings *s, const char *network);

#endif

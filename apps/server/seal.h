#ifndef SERVER_SEAL_H
#define SERVER_SEAL_H

#include "node/server/server_config.h"

/* What stands behind `seal` on the command line. */
struct seal_words {
    bool is_seal;
    bool is_sure;          /* --yes: the phrase was noted, or nobody is there to ask */
    const char *verb;      /* status, tpm, none, approve, recover */
    const char *second;    /* recover: none */
    const char *registers; /* such as 7 or 7,11; NULL: as before */
    const char *values;    /* approve: what they will show, such as 7=HEX,11=HEX */
};

/* seal_take is given each word that is no flag of the server's; false if it is none of ours. */
bool seal_take(struct seal_words *w, const char *word);

/* seal_fill names a network, a node and an address where none is said: nobody comes in, and nobody is asked. */
void seal_fill(const struct seal_words *w, struct server_config_args *args);

/* seal_run does it; the exit code, EXIT_USAGE for words that make no sense. */
int seal_run(const struct server_config *config, const struct seal_words *words);

#endif

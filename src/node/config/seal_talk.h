#ifndef NODE_SEAL_TALK_H
#define NODE_SEAL_TALK_H

#include <stdbool.h>

struct config;

/* The command `seal` of passmesh and of passmesh-server: what keeps the keys' store (docs/keyd.md). keyd does the work as a tool (keyd_tool.h); this
 * is the talk with the person. */
struct seal_words {
    bool is_seal;
    bool is_sure;          /* --yes: the phrase was noted, or nobody is there to ask */
    const char *verb;      /* status, tpm, none, approve, recover */
    const char *second;    /* recover: none */
    const char *registers; /* such as 7 or 7,11; NULL: as before */
    const char *values;    /* approve: what they will show, such as 7=HEX,11=HEX */
};

/* Exit codes of a program, as docs/cli.md has them. */
enum seal_exit { SEAL_DONE = 0, SEAL_FAILED = 1, SEAL_WORDS = 2 /* they make no sense */ };

/* seal_take is given each word that is no flag of the program's, `seal` first; false if it is none of ours. */
bool seal_take(struct seal_words *w, const char *word);

/* seal_run does it, on the store of these directories, while no program uses it. program: whose name stands before a sentence. */
enum seal_exit
seal_run(const char *program, const struct config *places, const struct seal_words *words);

#endif

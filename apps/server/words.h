#ifndef SERVER_WORDS_H
#define SERVER_WORDS_H

#include "ask.h"
#include "withdraw.h"

#include "node/config/seal_talk.h"

#include <stdio.h>

/* The words of the command line that are no flags of a server. */
struct words {
    struct withdraw_words withdraw;
    struct ask_words ask;
    struct seal_words seal;
    bool is_check;
};

/* words_take takes a word that is no flag with a value: false if there is none such. */
bool words_take(struct words *w, struct server_config_args *args, const char *word);

/* words_help says what there is, and returns the exit code of a program that has only said so. */
int words_help(FILE *to);

#endif

#ifndef PLUGIN_TUF_DELEGATION_H
#define PLUGIN_TUF_DELEGATION_H

#include "base/err.h"
#include "plugin/tuf_metadata.h"

/* To whom a targets role delegates a target. */
struct tuf_delegation {
    struct tuf_signers signers;
    char name[TUF_ROLE_NAME_MAX + 12]; /* of the role; with room for the number of a bin */
    size_t name_len;                   /* it may hold zero bytes */
    bool is_terminating;               /* the search ends with it */
};

/* tuf_delegation_first starts over the delegations of m, a targets document; tuf_delegation_next gives the next one, in the order of the
 * document, that is trusted for the target called path. */
struct tuf_delegation_iter {
    struct json keys;
    struct json succinct; /* JSON_NULL: none */
    struct json_iter roles;
};
struct tuf_delegation_iter tuf_delegation_first(const struct tuf_metadata *m);
bool tuf_delegation_next(struct tuf_delegation_iter *it,
                         struct tuf_delegation *ret,
                         struct span path);

/* tuf_path_matches: a * stands for any characters but /, a ? for one of them. */
bool tuf_path_matches(struct span pattern, struct span path);

#endif

#ifndef PLUGIN_TUF_INSIDE_H
#define PLUGIN_TUF_INSIDE_H

#include "plugin/tuf_client.h"

/* What tuf_client.c and tuf_search.c share. */

/* tuf_fail ends the update with this code. */
void tuf_fail(struct tuf_client *c, enum tuf_code code, struct diag why, struct span role);

/* Events. A name is made of a role, and a version unless that is 0. */
void tuf_ask(struct tuf_client *c, enum tuf_event_type type, struct span name, size_t len_max);
void tuf_push(struct tuf_client *c, enum tuf_event_type type, struct span name, struct span bytes);
struct tuf_file_name {
    uint8_t room[TUF_FILE_NAME_MAX];
    size_t n; /* 0: the role's name is too long */
};
struct tuf_file_name tuf_file_name(struct span role, uint64_t version);

/* tuf_take_body moves what was received into a document of its own. */
void tuf_take_body(struct tuf_client *c, struct tuf_doc *ret_doc);
void tuf_doc_done(struct tuf_doc *doc);

/* tuf_version_asked is the version for the file name of a role: listed if snapshots are consistent, else 0. */
uint64_t tuf_version_asked(const struct tuf_client *c, uint64_t listed);

/* tuf_listed_len_max is the most that a listed document may have. */
size_t tuf_listed_len_max(const struct tuf_listing *listing, size_t len_max);

/* tuf_accept_targets checks the received body as the targets document of one role and moves it into *ret_doc: TUF_OK, or the step that
 * refuses it, and then the body stays. */
enum tuf_code tuf_accept_targets(struct tuf_client *c,
                                 struct tuf_doc *ret_doc,
                                 struct tuf_signers signers,
                                 const struct tuf_listing *listing,
                                 struct diag *why);

/* tuf_snapshot_find is what the trusted snapshot says of a targets role. */
bool tuf_snapshot_find(const struct tuf_client *c, struct tuf_listing *ret, struct span role);

/* The two steps of the search that an answer ends. */
void tuf_search_local(struct tuf_client *c, enum tuf_answer answer);
void tuf_search_remote(struct tuf_client *c, enum tuf_answer answer);

#endif

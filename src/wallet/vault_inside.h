#ifndef WALLET_VAULT_INSIDE_H
#define WALLET_VAULT_INSIDE_H

#include "wallet/vault.h"

/* What the files of the vault share. */

/* The guarded memory of an open vault. */
struct vault_room {
    struct vault_content content;
    struct vault_content next;  /* a change, until it is stored */
    uint8_t plain[CAPSULE_LEN]; /* the content's bytes on their way in and out */
};

/* vault_touch puts the idle deadline off; ERR_STATE if the vault is not open (any more). */
MUST_CHECK enum err vault_touch(struct vault *v, instant now);

/* vault_change_begin copies content and head for a change; the caller edits room->next and v->head_next. vault_change_seal makes the new
 * capsule of them, in v->capsule_aside; vault_change_store stores it and takes it over; vault_change_commit does both.
 * vault_change_end must follow, whatever happened. */
struct vault_room *vault_change_begin(struct vault *v);
MUST_CHECK enum err vault_change_seal(struct vault *v, struct vault_room *room);
MUST_CHECK enum err vault_change_store(struct vault *v, struct vault_room *room);
MUST_CHECK enum err vault_change_commit(struct vault *v, struct vault_room *room);
void vault_change_end(struct vault *v, struct vault_room *room);

/* vault_open_with decrypts v->capsule for a recipient into room->content. ERR_AUTH. */
MUST_CHECK enum err vault_open_with(struct vault *v,
                                    struct vault_room *room,
                                    const struct capsule_recipient *recipient,
                                    const struct capsule_keys *keys);

/* vault_opened says that room->content is good: the vault is open from now on. */
void vault_opened(struct vault *v, instant now);

/* vault_find_entry: NULL if there is none of that number. */
const struct vault_entry *vault_find_entry(const struct vault_content *c, uint32_t number);

/* vault_key_of derives an entry's private key. */
MUST_CHECK enum err vault_key_of(struct secret32 *ret,
                                 struct budget *budget,
                                 const struct vault_entry *entry,
                                 const struct bip32_path *path);

void vault_enrolment_end(struct vault *v);

#endif

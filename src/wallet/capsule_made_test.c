#include "wallet/capsule_made_test.h"

#include "base/test.h"

#include <string.h>

/* Too large for a stack. */
static struct {
    struct capsule_head head;
    uint8_t content[CAPSULE_LEN];
} room;

void capsule_made(struct mspan out, struct capsule_making making)
{
    struct secret32 seed = {{making.vault}};
    struct secret32 data_key = {{9}};
    struct ed25519_key key;
    struct capsule_head *head = &room.head;
    memset(&room, 0, sizeof room);
    ed25519_key_init(&key, &seed);
    ed25519_key_public(&head->key, &key);
    head->id[0] = making.vault;
    head->generation = making.generation;
    head->recipients_count = 1;
    struct capsule_recipient *r = &head->recipients[0];
    r->kind = CAPSULE_PASSKEY;
    r->credential_id_len = (uint8_t)span_copy(MSPAN_OF(r->credential_id), making.credential_id);
    r->rp_id_len = (uint8_t)span_copy(MSPAN_OF(r->rp_id), SPAN_LIT("passmesh.localhost"));
    (void)span_copy(MSPAN_OF(room.content), making.content);
    const struct capsule_sealing sealing = {
        .data_key = &data_key, .key = &key, .content = span_of(room.content, capsule_room(head))};
    EXPECT_OK(capsule_encode(out, head, &sealing));
}

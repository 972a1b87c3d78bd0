/* Peer ids as text and as bytes: what is read prints, and reads back the same. */
#include "p2p/peer_id.h"

#include "base/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct peer_id *id)
{
    struct peer_id back;
    char text[PEER_ID_TEXT_MAX];
    char cid[PEER_ID_CID_MAX];
    peer_id_print(text, id);
    check(peer_id_parse(&back, span_str(text)) == OK);
    check(peer_id_equal(id, &back));
    peer_id_print_cid(cid, id);
    check(peer_id_parse(&back, span_str(cid)) == OK);
    check(peer_id_equal(id, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer_id id;
    if (peer_id_parse(&id, span_of(data, size)) == OK) {
        round_trip(&id);
    }
    if (peer_id_decode(&id, span_of(data, size)) == OK) {
        round_trip(&id);
    }
    return 0;
}

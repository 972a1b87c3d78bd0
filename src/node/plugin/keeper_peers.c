/* Files of a package from peers. The daemon has the connections, so it is asked for one chunk after the other; it passes on what a stranger sent, and here, as with mirrors, nothing
 * reaches the disk but what the signed metadata names. */
#include "node/plugin/keeper_inside.h"

#include "codec/base64.h"
#include "plugin/keeper_frame.h"

/* Longer than a few slow peers take together. */
enum { CHUNK_MS = 60000, FRAME_ROOM = 512 };

static enum err ask(struct keeper *k, const struct package_file *file, uint64_t at)
{
    uint8_t text[FRAME_ROOM];
    struct wr w = wr_init(MSPAN_OF(text));
    uint64_t left = file->length - at;
    struct chunk_want want = {
        .request = {.file = file->hash, .index = (uint32_t)(at / PACKAGE_CHUNK_LEN)},
        .length = left < PACKAGE_CHUNK_LEN ? (size_t)left : PACKAGE_CHUNK_LEN
    };
    if (!package_file_chunk(file, want.request.index, &want.hash)) {
        return ERR_INTERNAL;
    }
    k->peers.number++;
    k->peers.is_waiting = true;
    k->peers.chunk_len = 0;
    keeper_news_write_want(&w, k->peers.number, &want);
    TRY(wr_end(&w));
    keeper_send(k, span_of(text, w.n));
    return OK;
}

enum err
keeper_peers_fetch(void *user, const struct package_file *file, const struct download_args *to)
{
    struct keeper *k = user;
    for (uint64_t at = to->offset; at < file->length; at += PACKAGE_CHUNK_LEN) {
        uint64_t until_ms = keeper_now_ms() + CHUNK_MS;
        TRY(ask(k, file, at));
        while (k->peers.is_waiting) {
            if (keeper_now_ms() > until_ms) {
                return ERR_TIMEOUT;
            }
            if (!keeper_turn(k)) {
                return ERR_CLOSED;
            }
        }
        if (k->peers.chunk_len == 0) {
            return ERR_NOT_FOUND;
        }
        if (!to->take(to->user, span_of(k->peers.chunk, k->peers.chunk_len))) {
            return ERR_LIMIT;
        }
    }
    return OK;
}

void keeper_peers_take(struct keeper *k, const struct keeper_chunk *c)
{
    struct keeper_peers *p = &k->peers;
    struct wr w = wr_init(MSPAN_OF(p->chunk));
    if (!p->is_waiting || c->number != p->number) {
        return; /* it was given up */
    }
    p->is_waiting = false;
    p->chunk_len = base64_decode(&w, BASE64_URL_BARE, c->data) == OK ? w.n : 0;
}

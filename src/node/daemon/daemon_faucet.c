/* Test money on a local network: POST {"to": address} to the faucet; it answers {"amount": digits, "tx_hash": hash}, or
 * {"error": words, "wait_s": seconds}. */
#include "node/daemon/daemon_faucet.h"

#include "codec/base16.h"
#include "node/daemon/daemon_inside.h"

#include <string.h>

enum { FAUCET_ANSWER_LEN_MAX = 4096, FAUCET_TIMEOUT_MS = 10000 };

static void
read_answer(struct api_faucet_result *r, const struct fetch_result *result, char room[static 129])
{
    struct json root;
    struct span amount;
    struct span hash;
    r->err = ERR_IO;
    if (result->err != OK || json_parse(&root, result->body, NULL) != OK) {
        r->reason = result->err != OK ? result->words : "its answer is broken";
        return;
    }
    if (json_find_plain(&amount, root, "amount") == OK &&
        u256_parse_decimal(&r->amount, amount) == OK &&
        json_find_plain(&hash, root, "tx_hash") == OK &&
        base16_decode_fixed_0x(MSPAN_OF(r->tx_hash.bytes), hash) == OK) {
        r->err = OK;
        return;
    }
    if (json_find_u64(&r->wait_s, root, "wait_s") == OK && r->wait_s > 0) {
        r->err = ERR_LIMIT;
    }
    struct wr w = wr_init(mspan_of(room, 128));
    if (json_find_string(&w, root, "error") == OK) {
        room[w.n] = '\0';
        r->reason = room;
    }
}

static void on_answer(void *user, uint64_t tag, const struct fetch_result *result)
{
    struct daemon *d = user;
    struct api_faucet_result r = {.reason = "it does not say why"};
    char room[129];
    read_answer(&r, result, room);
    api_faucet_done(d->api, daemon_time(d), tag, &r);
    daemon_pump(d);
}

void daemon_faucet(struct api_node_port *self,
                   uint64_t id,
                   const struct network *network,
                   struct address to)
{
    struct daemon *d = (struct daemon *)(void *)((char *)self - offsetof(struct daemon, port));
    char text[ADDRESS_TEXT_LEN];
    uint8_t body[96];
    address_print(text, to);
    struct wr w = wr_init(MSPAN_OF(body));
    wr_str(&w, "{\"to\":\"");
    wr_str(&w, text);
    wr_str(&w, "\"}");
    struct fetch_args args = {.url = network->faucet,
                              .body = span_of(body, w.n),
                              .answer_len_max = FAUCET_ANSWER_LEN_MAX,
                              .timeout_ms = FAUCET_TIMEOUT_MS,
                              .done = on_answer,
                              .user = d,
                              .tag = id};
    if (fetch_post(d->fetch, &args) != OK) {
        struct api_faucet_result r = {.err = ERR_IO, .reason = "it cannot be asked"};
        api_faucet_done(d->api, daemon_time(d), id, &r);
    }
}

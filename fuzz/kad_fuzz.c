/* The DHT: a message that decodes is walked, written again and decoded alike; then the bytes are a request to a
 * server, and the answer to each kind of question. Byte 0 seeds the node, byte 1 chooses its memory. */
#include "base/check.h"
#include "base/rng.h"
#include "codec/multiaddr.h"
#include "crypto/backend.h"
#include "p2p/kad.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
validate(const struct kad_validator *self, struct span key, struct span value, walltime wall)
{
    (void)self;
    (void)key;
    (void)wall;
    return value.p[0] & 1 ? OK : ERR_MALFORMED;
}

static int compare(const struct kad_validator *self, struct span key, struct span a, struct span b)
{
    (void)self;
    (void)key;
    return span_compare(a, b);
}

static const struct kad_validator validator = {"n", validate, compare};
static const struct kad_validator *const validators[] = {&validator};

static size_t
collect(struct kad_peer *peers, const struct kad_message *m, enum kad_list list, uint8_t *room)
{
    struct kad_cursor c = kad_cursor_init(m, list);
    size_t count = 0;
    while (kad_next_peer(&peers[count], &c)) {
        struct wr w = wr_init(mspan_of(room + count * KAD_ADDRS_LEN_MAX, KAD_ADDRS_LEN_MAX));
        kad_write_addrs(&w, peers[count].addrs);
        check(wr_ok(&w));
        peers[count].addrs = span_of(room + count * KAD_ADDRS_LEN_MAX, w.n);
        count++;
    }
    check(count <= KAD_PEERS_MAX);
    return count;
}

static void again(const struct kad_message *m)
{
    static uint8_t room[KAD_PEERS_MAX * KAD_ADDRS_LEN_MAX];
    static uint8_t written[2 * KAD_SENT_LEN_MAX];
    static uint8_t twice[2 * KAD_SENT_LEN_MAX];
    static struct kad_peer peers[KAD_PEERS_MAX + 1];
    struct kad_message_out out = {.type = m->type,
                                  .key = m->key,
                                  .record = m->has_record ? &m->record : NULL,
                                  .closer = peers,
                                  .closer_count = collect(peers, m, KAD_LIST_CLOSER, room)};
    struct wr w = wr_init(MSPAN_OF(written));
    kad_message_encode(&w, &out);
    check(wr_ok(&w));
    struct kad_message b;
    check(kad_message_decode(&b, span_of(written, w.n)) == OK);
    check(b.type == m->type);
    check(span_equal(b.key, m->key));
    check(span_equal(b.record.value, m->record.value));
    out.record = b.has_record ? &b.record : NULL;
    out.key = b.key;
    out.closer_count = collect(peers, &b, KAD_LIST_CLOSER, room);
    struct wr v = wr_init(MSPAN_OF(twice));
    kad_message_encode(&v, &out);
    check(span_equal(span_of(written, w.n), span_of(twice, v.n)));
}

static void answer_all(struct kad *k, struct span in)
{
    struct kad_event e;
    for (unsigned i = 0; i < 200; i++) {
        if (!kad_poll_wire(k, &e) && !kad_poll(k, &e)) {
            instant next = kad_deadline(k);
            if (next.us > 120 * US_PER_S) {
                return;
            }
            kad_tick(k, next);
        } else if (e.kind == KAD_EVENT_ASK) {
            kad_answered(k, k->now, e.query, in);
        }
    }
}

static void run(const uint8_t *data, struct span in, struct budget *budget)
{
    static const uint8_t ip4[] = {4, 20, 1, 2, 3, 6, 0, 1};
    struct rng_seeded rng;
    rng_seeded_init(&rng, data[0]);
    struct kad_cfg cfg = {.rng = &rng.rng,
                          .parent = budget,
                          .memory_max = 2048 + data[1] * (size_t)1024,
                          .mode = KAD_MODE_SERVER,
                          .validators = validators,
                          .validators_count = 1};
    uint8_t id[34] = {0x12, 0x20, 1};
    check(peer_id_decode(&cfg.self, SPAN_OF(id)) == OK);
    static struct kad k;
    check(kad_init(&k, &cfg, (instant){.us = US_PER_S}) == OK);
    uint8_t addrs[16];
    struct wr a = wr_init(MSPAN_OF(addrs));
    kad_write_addr(&a, SPAN_OF(ip4));
    struct kad_peer peer = {.addrs = span_of(addrs, a.n)};
    id[2] = 2;
    check(peer_id_decode(&peer.id, SPAN_OF(id)) == OK);
    kad_peer_connected(&k, k.now, &peer, true);
    static uint8_t room[2 * KAD_SENT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    enum err err = kad_serve(&k, &w, k.now, &peer.id, in);
    struct kad_message m;
    check(err != OK || w.n == 0 || kad_message_decode(&m, span_of(room, w.n)) == OK);
    struct kad_op_args args = {.thorough = true};
    uint64_t op;
    (void)!kad_find_peer(&k, &op, k.now, &peer.id, args);
    (void)!kad_find_providers(&k, &op, k.now, SPAN_LIT("key"), args);
    (void)!kad_provide(&k, &op, k.now, SPAN_LIT("key"), args);
    (void)!kad_get_value(&k, &op, k.now, SPAN_LIT("/n/a"), args);
    answer_all(&k, in);
    check(k.budget.used <= cfg.memory_max);
    kad_done(&k);
    check(budget->used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    check(crypto_init() == OK);
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", (size_t)4 << 20);
    struct span in = span_of(data + 2, size - 2);
    struct kad_message m;
    if (kad_message_decode(&m, in) == OK) {
        again(&m);
    }
    run(data, in, &budget);
    return 0;
}

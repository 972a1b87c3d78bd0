/* Messages of DCUtR: libp2p specs, relay/DCUtR.md, "RPC messages". */
#include "p2p/dcutr_message.h"

#include "codec/multiaddr.h"
#include "codec/protobuf.h"
#include "p2p/circuit_addr.h"

enum { TYPE = 1, ADDRS = 2 };

MUST_CHECK static enum err add_addr(struct dcutr_message *m, const struct protobuf_field *f)
{
    struct span addr;
    TRY(protobuf_get_bytes(&addr, f));
    if (m->addrs_count < DCUTR_ADDRS_MAX && multiaddr_validate(addr, NULL) == OK &&
        !circuit_addr_is(addr)) {
        m->addrs[m->addrs_count++] = addr;
    }
    return OK;
}

enum err dcutr_message_decode(struct dcutr_message *ret_message, struct span in)
{
    struct dcutr_message m = {.addrs_count = 0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    uint64_t type = 0;
    /* SPEC libp2p/dcutr §"RPC messages": messages over 4 KiB are refused. */
    if (in.n > DCUTR_MESSAGE_LEN_MAX) {
        return ERR_LIMIT;
    }
    while (protobuf_next(&r, &f)) {
        if (f.number == TYPE) {
            TRY(protobuf_get_u64(&type, &f));
        } else if (f.number == ADDRS) {
            TRY(add_addr(&m, &f));
        }
    }
    TRY(protobuf_end(&r));
    if (type == 0) {
        return ERR_MALFORMED;
    }
    if (type != DCUTR_CONNECT && type != DCUTR_SYNC) {
        return ERR_UNSUPPORTED;
    }
    m.type = (enum dcutr_type)type;
    *ret_message = m;
    return OK;
}

void dcutr_message_encode(struct wr *w, const struct dcutr_message *m)
{
    protobuf_write_varint(w, TYPE, m->type);
    for (size_t i = 0; i < m->addrs_count; i++) {
        protobuf_write_bytes(w, ADDRS, m->addrs[i]);
    }
}

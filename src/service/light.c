/* Messages of the consensus light client on their way. Field numbers stand in docs/protocol.md. */
#include "service/light.h"

#include "base/wr.h"
#include "codec/protobuf.h"

enum { FIELD_FORK = 1, FIELD_SSZ = 2, FIELDS_MAX = 2 * SERVICE_LIGHT_MAX + 16 };

static bool is_good(const struct service_light_part *p)
{
    return p->fork > 0 && p->fork <= SERVICE_LIGHT_FORK_MAX && p->ssz.n > 0 &&
           p->ssz.n <= SERVICE_LIGHT_LEN_MAX;
}

enum err service_light_encode(const struct service_light *light, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    for (size_t i = 0; i < light->count; i++) {
        const struct service_light_part *p = &light->parts[i];
        if (!is_good(p)) {
            return ERR_MALFORMED;
        }
        protobuf_write_varint(&w, FIELD_FORK, p->fork);
        protobuf_write_bytes(&w, FIELD_SSZ, p->ssz);
    }
    return wr_end(&w);
}

/* part_add takes a field; each fork is followed by its message. */
MUST_CHECK static enum err
part_add(struct service_light *l, bool *has_fork, const struct protobuf_field *f)
{
    uint64_t fork;
    if (f->number > FIELD_SSZ) {
        return OK;
    }
    if (f->number == FIELD_FORK) {
        TRY(protobuf_get_u64(&fork, f));
        if (*has_fork || l->count == SERVICE_LIGHT_MAX || fork == 0 ||
            fork > SERVICE_LIGHT_FORK_MAX) {
            return ERR_MALFORMED;
        }
        l->parts[l->count].fork = (unsigned)fork;
        *has_fork = true;
        return OK;
    }
    if (!*has_fork) {
        return ERR_MALFORMED;
    }
    struct service_light_part *p = &l->parts[l->count];
    TRY(protobuf_get_bytes(&p->ssz, f));
    *has_fork = false;
    l->count++;
    return is_good(p) ? OK : ERR_MALFORMED;
}

enum err service_light_decode(struct service_light *ret, struct span body)
{
    struct service_light l = {.count = 0};
    struct protobuf_reader r = protobuf_read(body);
    struct protobuf_field f;
    bool has_fork = false;
    r.fields_left = FIELDS_MAX;
    while (protobuf_next(&r, &f)) {
        if (part_add(&l, &has_fork, &f) != OK) {
            return ERR_MALFORMED;
        }
    }
    if (protobuf_end(&r) != OK || has_fork || l.count == 0) {
        return ERR_MALFORMED;
    }
    *ret = l;
    return OK;
}

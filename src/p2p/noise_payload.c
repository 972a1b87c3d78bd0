/* The handshake payload of libp2p's Noise: libp2p specs, noise/README.md, "The libp2p Handshake Payload". */
#include "p2p/noise_payload.h"

#include "codec/protobuf.h"
#include "p2p/key.h"

#include <string.h>

enum { FIELD_IDENTITY_KEY = 1, FIELD_IDENTITY_SIG = 2, FIELD_EXTENSIONS = 4 };
enum { FIELD_STREAM_MUXERS = 2 };

/* SPEC libp2p/noise §"Noise Extensions": field 1 holds certificate hashes of WebTransport, which only means something on that transport; unknown fields are skipped. */
MUST_CHECK static enum err decode_extensions(struct noise_payload *p, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        if (f.number != FIELD_STREAM_MUXERS) {
            continue;
        }
        if (p->muxers_count == NOISE_MUXERS_MAX) {
            return ERR_LIMIT;
        }
        TRY(protobuf_get_bytes(&p->muxers[p->muxers_count], &f));
        p->muxers_count++;
    }
    return protobuf_end(&r);
}

enum err noise_payload_decode(struct noise_payload *ret_payload, struct span in)
{
    struct noise_payload p = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        struct span extensions;
        switch (f.number) {
        case FIELD_IDENTITY_KEY: TRY(protobuf_get_bytes(&p.identity_key, &f)); break;
        case FIELD_IDENTITY_SIG: TRY(protobuf_get_bytes(&p.identity_sig, &f)); break;
        case FIELD_EXTENSIONS:
            TRY(protobuf_get_bytes(&extensions, &f));
            TRY(decode_extensions(&p, extensions));
            break;
        default: break; /* unknown: skipped */
        }
    }
    TRY(protobuf_end(&r));
    /* SPEC libp2p/noise §"The libp2p Handshake Payload": without an identity key and its signature there is no peer to speak of. */
    if (p.identity_key.n == 0 || p.identity_sig.n == 0) {
        return ERR_MALFORMED;
    }
    *ret_payload = p;
    return OK;
}

enum err noise_payload_verify(struct peer_id *ret_peer,
                              const struct noise_payload *payload,
                              const uint8_t static_key[static 32])
{
    enum { PREFIX_LEN = sizeof NOISE_SIGNATURE_PREFIX - 1 };
    uint8_t message[PREFIX_LEN + 32];
    memcpy(message, NOISE_SIGNATURE_PREFIX, PREFIX_LEN);
    memcpy(message + PREFIX_LEN, static_key, 32);
    struct public_key key;
    TRY(key_decode(&key, payload->identity_key));
    /* SPEC libp2p/noise §"The libp2p Handshake Payload": the identity signs a fixed prefix and the static key; a signature that does not hold ends the connection. */
    TRY(key_verify(&key, SPAN_OF(message), payload->identity_sig));
    peer_id_of_key(ret_peer, payload->identity_key);
    return OK;
}

void noise_certificate_write(struct wr *w, struct span identity_key, struct span identity_sig)
{
    protobuf_write_bytes(w, FIELD_IDENTITY_KEY, identity_key);
    protobuf_write_bytes(w, FIELD_IDENTITY_SIG, identity_sig);
}

void noise_payload_write(struct wr *w,
                         struct span certificate,
                         const struct span *muxers,
                         size_t muxers_count)
{
    wr_bytes(w, certificate);
    if (muxers_count == 0) {
        return;
    }
    size_t len = 0;
    for (size_t i = 0; i < muxers_count; i++) {
        len += protobuf_bytes_len(FIELD_STREAM_MUXERS, muxers[i].n);
    }
    protobuf_write_header(w, FIELD_EXTENSIONS, len);
    for (size_t i = 0; i < muxers_count; i++) {
        protobuf_write_bytes(w, FIELD_STREAM_MUXERS, muxers[i]);
    }
}

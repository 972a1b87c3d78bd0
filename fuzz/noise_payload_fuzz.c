/* The payload of libp2p's Noise handshake: whatever decodes has bounded lists inside the input, and
 * verification says no without trouble. */
#include "base/check.h"
#include "crypto/backend.h"
#include "p2p/noise_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span s, struct span in)
{
    check(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(crypto_init() == OK);
    struct span in = span_of(data, size);
    struct noise_payload p;
    if (noise_payload_decode(&p, in) != OK) {
        return 0;
    }
    check(p.muxers_count <= NOISE_MUXERS_MAX);
    check_inside(p.identity_key, in);
    check_inside(p.identity_sig, in);
    for (size_t i = 0; i < p.muxers_count; i++) {
        check_inside(p.muxers[i], in);
    }
    static const uint8_t static_key[32] = {9};
    struct peer_id peer;
    check(noise_payload_verify(&peer, &p, static_key) != OK); /* nobody signed that key */
    return 0;
}

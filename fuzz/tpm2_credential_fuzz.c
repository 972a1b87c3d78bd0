/* Credentials as they arrive at who opens them: two parts that lie inside the input, and written again are the same. */
#include "base/check.h"
#include "base/wr.h"
#include "tee/tpm2_credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t room[TPM2_CREDENTIAL_LEN_MAX];
    struct tpm2_credential_parts p;
    struct wr w = wr_init(MSPAN_OF(room));
    if (tpm2_credential_split(&p, span_of(data, size)) == OK) {
        wr_be16_sized(&w, p.id_object);
        wr_be16_sized(&w, p.encrypted_secret);
        check(wr_end(&w) == OK);
        check(span_equal(span_of(room, w.n), span_of(data, size)));
    }
    return 0;
}

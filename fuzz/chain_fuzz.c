/* What a server says a block proves: the first byte names the type of request, the rest is a body. What is trusted is the hash of its
 * first header, so that what is linked below it is reached. A proven value has to lie inside the body, and a log that is
 * given must match the filter. */
#include "base/buf.h"
#include "base/check.h"
#include "crypto/keccak.h"
#include "service/proven_chain.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct address token = {.bytes = {0x70}};

static void logs(const struct service_request *asked, const struct service_chain *answer)
{
    struct budget budget;
    struct proven_logs p;
    struct log_found found;
    budget_init(&budget, NULL, "fuzz", 16 << 20);
    if (proven_logs_verify(&p, &budget, &asked->block_hash, asked, answer) == OK) {
        while (proven_logs_next(&p, &found)) {
            check(asked->addresses.n == 0 || address_equal(found.log.address, token));
            check(found.block_number <= asked->number);
            check(asked->number - found.block_number < asked->blocks);
        }
        proven_logs_done(&p);
    }
    budget_done(&budget);
}

static void inclusion(struct service_request *asked, const struct service_chain *answer)
{
    static struct proven_inclusion p;
    struct span leaf;
    struct span last = SPAN_EMPTY;
    for (struct span rest = answer->body;
         service_chain_next(&leaf, &rest, SERVICE_CHAIN_TX_NODE);) {
        last = leaf;
    }
    keccak256(&asked->tx_hash, last); /* of a leaf, not of its value: so only some inputs hit it */
    if (proven_inclusion_verify(&p, &asked->block_hash, asked, answer) == OK) {
        struct span tx = proven_inclusion_tx(&p);
        check(tx.p >= answer->body.p && tx.p + tx.n <= answer->body.p + answer->body.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum service_type types[] = {SERVICE_HEADERS, SERVICE_CODE, SERVICE_INCLUSION,
                                              SERVICE_LOGS};
    if (size == 0) {
        return 0;
    }
    struct service_request asked = {.type = types[data[0] % 4]};
    struct span body = span_of(data + 1, size - 1);
    struct service_chain answer;
    struct span rlp;
    struct header h;
    static struct proven_header header;
    struct span rest = body;
    if (service_chain_decode(&answer, asked.type, body) != OK) {
        return 0;
    }
    if (service_chain_next(&rlp, &rest, SERVICE_CHAIN_HEADER) && header_decode(&h, rlp) == OK) {
        asked.block_hash = h.hash;
        asked.number = h.number;
    }
    asked.blocks = answer.headers_count;
    asked.addresses = (data[0] & 0x80) != 0 ? SPAN_OF(token.bytes) : SPAN_EMPTY;
    switch (data[0] % 4) {
    case 0:
        if (proven_header_verify(&header, &asked.block_hash, &asked, &answer) == OK) {
            check(proven_header(&header)->number <= asked.number);
        }
        break;
    case 1:
        keccak256(&asked.code_hash, answer.code);
        check(proven_code_verify(&rlp, &asked, &answer) == OK);
        break;
    case 2: inclusion(&asked, &answer); break;
    default:
        if (asked.blocks > 0 && asked.blocks - 1 <= asked.number) {
            logs(&asked, &answer);
        }
    }
    return 0;
}

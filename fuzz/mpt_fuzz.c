/* Proofs: the input is a key (its length, its bytes) and nodes, each behind two bytes of length. The root is the hash of
 * the first node, and with the first bit of the first byte set each node's hash is written into the node before it, over
 * its last 32 bytes, so that the walk goes on past the hashes. Whatever is found has to lie inside the proof, and one
 * changed bit of a node that was used must be noticed. */
#include "base/check.h"
#include "base/rd.h"
#include "crypto/keccak.h"
#include "evm/account_proof.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES_MAX = 12, ROOM = 8192 };

struct input {
    uint8_t room[ROOM];
    struct span nodes[NODES_MAX];
    size_t offsets[NODES_MAX];
    struct mpt_proof proof;
    struct span key;
};

static void read_input(struct input *in, struct span data)
{
    struct rd r = rd_init(data);
    uint8_t first = rd_u8(&r);
    in->key = rd_bytes(&r, (first >> 1) % (MPT_KEY_LEN_MAX + 1));
    size_t used = 0;
    size_t n = 0;
    while (n < NODES_MAX && r.rest.n > 2 && rd_ok(&r)) {
        struct span node = span_first(r.rest, 0);
        size_t len = rd_be16(&r);
        node = span_take(&r.rest, len);
        if (node.n > ROOM - used) {
            break;
        }
        memcpy(in->room + used, node.p, node.n);
        in->nodes[n] = span_of(in->room + used, node.n);
        in->offsets[n++] = used;
        used += node.n;
    }
    for (size_t i = n; (first & 1) && i-- > 1;) {
        struct hash32 hash;
        keccak256(&hash, in->nodes[i]);
        if (in->nodes[i - 1].n >= 32) {
            size_t end = in->offsets[i - 1] + in->nodes[i - 1].n;
            memcpy(in->room + end - 32, hash.bytes, 32);
        }
    }
    in->proof = (struct mpt_proof){.nodes = in->nodes, .nodes_count = n};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input in;
    if (size == 0) {
        return 0;
    }
    read_input(&in, span_of(data, size));
    struct hash32 root = mpt_empty_root;
    if (in.proof.nodes_count > 0) {
        keccak256(&root, in.nodes[0]);
    }
    struct account_state account;
    struct address address = {.bytes = {1}};
    if (account_verify(&account, &root, address, &in.proof) == OK && !account.exists) {
        check(u256_is_zero(account.balance));
    }
    struct mpt_answer answer;
    if (mpt_verify(&answer, &root, in.key, &in.proof) != OK) {
        return 0;
    }
    check(answer.is_present == (answer.value.n > 0));
    if (answer.is_present) {
        check(answer.value.p >= in.room);
        check(answer.value.p + answer.value.n <= in.room + ROOM);
    }
    if (in.proof.nodes_count > 0 && in.nodes[0].n > 1) {
        in.room[in.offsets[in.proof.nodes_count - 1]] ^= 1;
        struct mpt_answer changed;
        check(in.nodes[in.proof.nodes_count - 1].n == 0 ||
              mpt_verify(&changed, &root, in.key, &in.proof) != OK);
    }
    return 0;
}

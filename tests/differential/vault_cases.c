/* Makes and opens capsules for the comparison with another implementation: one case a line on stdin, its words parted by a tab, all
 * hexadecimal with 0x, one answer a line on stdout. An answer starts with "!" if the library refused. A test program: it
 * may use stdio.
 *
 *     make ID SEED DATA_KEY NONCE CONTENT CREDENTIAL_ID RP_ID PRF_INPUT PRF EPHEMERAL SALT ENTROPY EPHEMERAL
 *     open CAPSULE CREDENTIAL_ID PRF
 *     phrase CAPSULE ENTROPY
 */
#include "base/check.h"
#include "codec/base16.h"
#include "crypto/backend.h"
#include "wallet/capsule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 14, PASSES = 2, MEMORY_KIB = 64 };

static struct {
    struct budget budget;
    struct capsule_head head;
    uint8_t words[WORDS_MAX][CAPSULE_LEN];
    size_t lens[WORDS_MAX];
    uint8_t capsule[CAPSULE_LEN];
    uint8_t content[CAPSULE_LEN];
} t;

static struct span word(size_t i)
{
    return span_of(t.words[i], t.lens[i]);
}

static const uint8_t *fixed(size_t i, size_t n)
{
    check(t.lens[i] == n);
    return t.words[i];
}

static void say(struct span bytes)
{
    (void)printf("0x");
    for (size_t i = 0; i < bytes.n; i++) {
        (void)printf("%02x", bytes.p[i]);
    }
    (void)printf("\n");
}

static enum err add(struct capsule_recipient *r,
                    const struct capsule_keys *keys,
                    const struct secret32 *data_key,
                    size_t ephemeral_word)
{
    struct secret32 ephemeral;
    memcpy(ephemeral.bytes, fixed(ephemeral_word, 32), 32);
    capsule_bind(r, &t.head, keys);
    return capsule_wrap(r, &t.head, data_key, &ephemeral);
}

static enum err run_make(void)
{
    struct secret32 seed;
    struct secret32 data_key;
    struct secret32 prf;
    struct capsule_keys keys;
    struct ed25519_key key;
    struct capsule_sealing sealing = {.data_key = &data_key, .key = &key};
    memset(&t.head, 0, sizeof t.head);
    memcpy(t.head.id, fixed(1, 16), 16);
    memcpy(seed.bytes, fixed(2, 32), 32);
    memcpy(data_key.bytes, fixed(3, 32), 32);
    memcpy(sealing.nonce, fixed(4, 24), 24);
    memcpy(prf.bytes, fixed(9, 32), 32);
    ed25519_key_init(&key, &seed);
    ed25519_key_public(&t.head.key, &key);
    t.head.generation = 1;
    t.head.recipients_count = 2;
    struct capsule_recipient *r = &t.head.recipients[0];
    r->kind = CAPSULE_PASSKEY;
    r->credential_id_len = (uint8_t)span_copy(MSPAN_OF(r->credential_id), word(6));
    r->rp_id_len = (uint8_t)span_copy(MSPAN_OF(r->rp_id), word(7));
    memcpy(r->prf_input, fixed(8, 32), 32);
    TRY(capsule_keys_of_prf(&keys, r, &prf));
    TRY(add(r, &keys, &data_key, 10));
    r = &t.head.recipients[1];
    r->kind = CAPSULE_PHRASE;
    memcpy(r->salt, fixed(11, 16), 16);
    r->cost = (struct argon2_cost){.passes = PASSES, .memory_kib = MEMORY_KIB};
    TRY(capsule_keys_of_phrase(&keys, &t.budget, r, word(12)));
    TRY(add(r, &keys, &data_key, 13));
    memset(t.content, 0, sizeof t.content);
    (void)span_copy(MSPAN_OF(t.content), word(5));
    sealing.content = span_of(t.content, capsule_room(&t.head));
    TRY(capsule_encode(MSPAN_OF(t.capsule), &t.head, &sealing));
    say(SPAN_OF(t.capsule));
    return OK;
}

static enum err open_with(const struct capsule_recipient *r, const struct capsule_keys *keys)
{
    struct secret32 data_key;
    size_t n = capsule_room(&t.head);
    TRY(capsule_unwrap(&data_key, &t.head, r, keys));
    TRY(capsule_open(mspan_of(t.content, n), &t.head, &data_key, word(1)));
    say(span_of(t.content, n));
    return OK;
}

static enum err run_open(void)
{
    struct capsule_keys keys;
    struct secret32 prf;
    memcpy(prf.bytes, fixed(3, 32), 32);
    TRY(capsule_decode(&t.head, word(1)));
    for (size_t i = 0; i < t.head.recipients_count; i++) {
        const struct capsule_recipient *r = &t.head.recipients[i];
        if (r->kind == CAPSULE_PASSKEY &&
            span_equal(span_of(r->credential_id, r->credential_id_len), word(2))) {
            TRY(capsule_keys_of_prf(&keys, r, &prf));
            return open_with(r, &keys);
        }
    }
    return ERR_NOT_FOUND;
}

static enum err run_phrase(void)
{
    struct capsule_keys keys;
    TRY(capsule_decode(&t.head, word(1)));
    for (size_t i = 0; i < t.head.recipients_count; i++) {
        const struct capsule_recipient *r = &t.head.recipients[i];
        if (r->kind == CAPSULE_PHRASE) {
            TRY(capsule_keys_of_phrase(&keys, &t.budget, r, word(2)));
            return open_with(r, &keys);
        }
    }
    return ERR_NOT_FOUND;
}

static void run_line(struct span line)
{
    struct span kind = span_take(&line, span_find(line, '\t'));
    size_t count = 1;
    while (line.n > 0 && count < WORDS_MAX) {
        line = span_from(line, 1);
        struct wr w = wr_init(MSPAN_OF(t.words[count]));
        struct span text = span_take(&line, span_find(line, '\t'));
        check(base16_decode_0x(&w, text) == OK);
        t.lens[count++] = w.n;
    }
    enum err e = ERR_UNSUPPORTED;
    if (span_equal(kind, SPAN_LIT("make")) && count == 14) {
        e = run_make();
    } else if (span_equal(kind, SPAN_LIT("open")) && count == 4) {
        e = run_open();
    } else if (span_equal(kind, SPAN_LIT("phrase")) && count == 3) {
        e = run_phrase();
    }
    if (e != OK) {
        (void)printf("!%s\n", err_name(e));
    }
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    budget_init(&t.budget, NULL, "cases", 1 << 20);
    if (crypto_init() != OK) {
        return 1;
    }
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct span s = span_of(line, (size_t)n);
        run_line(s.p[s.n - 1] == '\n' ? span_first(s, s.n - 1) : s);
    }
    free(line);
    return 0;
}

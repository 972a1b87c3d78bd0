#include "tee/sample_test.h"

#include "base/test.h"
#include "codec/base16.h"
#include "tee/chain.h"
#include "tee/pki_test.h"
#include "tee/utc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 512 };

/* Texts that live until the program ends. */
static void *kept[KEPT_MAX];
static size_t kept_count;

static struct span keep(struct span s)
{
    uint8_t *p = malloc(s.n + 1);
    if (!p || kept_count == KEPT_MAX) {
        abort();
    }
    kept[kept_count++] = p;
    if (s.n > 0) {
        memcpy(p, s.p, s.n);
    }
    p[s.n] = 0;
    return span_of(p, s.n);
}

__attribute__((destructor)) static void free_kept(void)
{
    for (size_t i = 0; i < kept_count; i++) {
        free(kept[i]);
    }
}

static bool find_cases(struct json *ret)
{
    struct span text;
    return test_fixture("tee/cases.json", &text) && EXPECT_OK(json_parse(ret, text, NULL));
}

bool sample_next(size_t *next, struct json *ret_case, const char *kind)
{
    struct json cases;
    struct json one;
    if (!find_cases(&cases)) {
        return false;
    }
    while (json_at(&one, cases, *next)) {
        ++*next;
        if (strcmp(sample_text(one, "kind"), kind) == 0) {
            *ret_case = one;
            return true;
        }
    }
    return false;
}

const char *sample_text(struct json c, const char *member)
{
    struct json v;
    if (!json_find(&v, c, member) || v.type != JSON_STRING) {
        return "";
    }
    static uint8_t room[4096];
    struct wr w = wr_init(MSPAN_OF(room));
    return json_get_string(&w, v) == OK ? (const char *)keep(span_of(room, w.n)).p : "";
}

bool sample_file(struct span *ret, struct json c, const char *member)
{
    char path[256];
    (void)snprintf(path, sizeof path, "tee/%s", sample_text(c, member));
    struct span content;
    if (!test_fixture(path, &content)) {
        return false;
    }
    *ret = content;
    return true;
}

walltime sample_time(struct json c)
{
    walltime t = {0};
    EXPECT(utc_parse(&t, span_str(sample_text(c, "time"))));
    return t;
}

static struct span member_text(struct json root, const char *name)
{
    static uint8_t room[64 * 1024];
    struct json v;
    struct wr w = wr_init(MSPAN_OF(room));
    if (!json_find(&v, root, name)) {
        return SPAN_EMPTY;
    }
    EXPECT_OK(json_get_string(&w, v));
    return keep(span_of(room, w.n));
}

static struct span member_hex(struct json root, const char *name)
{
    static uint8_t room[64 * 1024];
    struct wr w = wr_init(MSPAN_OF(room));
    struct span text = member_text(root, name);
    EXPECT_OK(base16_decode(&w, text));
    return text.n > 0 ? keep(span_of(room, w.n)) : SPAN_EMPTY;
}

bool sample_collateral(struct dcap_texts *ret, struct json c)
{
    struct span text;
    struct json root;
    if (!sample_file(&text, c, "collateral") || !EXPECT_OK(json_parse(&root, text, NULL))) {
        return false;
    }
    *ret = (struct dcap_texts){
        .tcb_info = member_text(root, "tcb_info"),
        .tcb_info_signature = member_hex(root, "tcb_info_signature"),
        .qe_identity = member_text(root, "qe_identity"),
        .qe_identity_signature = member_hex(root, "qe_identity_signature"),
        .signing_chain = member_text(root, "tcb_info_issuer_chain"),
        .pck_crl = member_hex(root, "pck_crl"),
        .pck_crl_chain = member_text(root, "pck_crl_issuer_chain"),
        .root_crl = member_hex(root, "root_ca_crl"),
    };
    return true;
}

static bool find_case(struct json *ret, const char *kind, const char *id)
{
    bool has_cases = false;
    for (size_t next = 0; sample_next(&next, ret, kind); has_cases = true) {
        if (strcmp(sample_text(*ret, "id"), id) == 0) {
            return true;
        }
    }
    return EXPECT(!has_cases) && false;
}

bool sample_snp(struct evidence *ret, struct json *ret_case, const char *id)
{
    static struct chain chain;
    struct chain_fault fault;
    struct span vcek;
    struct span issuers;
    *ret = (struct evidence){.kind = TEE_SEV_SNP};
    if (!find_case(ret_case, "snp", id) ||
        !sample_file(&ret->parts[EVIDENCE_MAIN], *ret_case, "report") ||
        !sample_file(&vcek, *ret_case, "ek") ||
        !test_fixture("tee/roots/amd-ask_ark_milan.pem", &issuers) ||
        !EXPECT_OK(chain_read(&chain, &issuers, 1, &fault))) {
        return false;
    }
    const struct span parts[] = {vcek, chain.certs[0].der, chain.certs[1].der};
    ret->parts[EVIDENCE_CHAIN] = pki_join(parts, 3);
    return true;
}

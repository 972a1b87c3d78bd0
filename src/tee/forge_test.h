#ifndef TEE_FORGE_TEST_H
#define TEE_FORGE_TEST_H

#include "tee/dcap.h"
#include "tee/pki_test.h"

/* A maker of SGX and TDX platforms of its own: quotes and collateral as Intel's would be, with any one thing changed.
 * Everything is judged at FORGE_NOW. */
#define FORGE_NOW pki_year(2025)

struct forge {
    /* quote */
    enum tee_kind kind;
    uint16_t version;    /* 0: 3 for SGX, 4 for TDX */
    uint16_t body_type;  /* version 5 */
    uint16_t key_type;   /* 0: 2 */
    uint16_t cert_type;  /* 0: 5 */
    uint64_t attributes; /* TD attributes, or SGX flags beyond INIT and MODE64 */
    uint8_t tee_tcb_svn[16];
    uint8_t tee_tcb_svn2[16];
    uint8_t mrsignerseam[48];
    uint8_t mrservicetd[48];
    uint8_t report_data[64];
    uint16_t svn;
    uint8_t vendor_flip;        /* flips a bit of the vendor id */
    uint8_t qe_mrsigner;        /* first byte of the QE's signer */
    uint16_t qe_svn;            /* 0: 5 */
    uint64_t qe_flags;          /* beyond INIT and MODE64 */
    uint8_t qe_report_data[64]; /* added to what it must be */
    const char *quote_signer;   /* other keys than the right ones, by name */
    const char *qe_signer;
    const char *forged_signature; /* hex of r and s of the quote's signature */
    /* PCK certificate */
    uint8_t components[16];
    bool has_components; /* else all 5 */
    uint16_t pce_svn;    /* 0: 11 */
    uint8_t fmspc;       /* first byte */
    uint8_t pce_id;      /* first byte */
    struct pki_cert pck; /* what is set here wins */
    struct pki_cert ca;
    struct pki_cert root;
    struct pki_cert signing;
    bool is_chain_shuffled;
    bool has_sgx_extension_not;
    /* collateral */
    const char *tcb_info; /* the whole text; else one is made of: */
    const char *status;   /* of the first level; NULL: UpToDate */
    const char *module_status;
    const char *qe_status;
    const char *extra_member;  /* inserted after the brace */
    const char *trailing;      /* behind the text */
    const char *component;     /* text of the 16th component of the level */
    const char *tdx_component; /* the same for TDX */
    const char *tcb_issue;     /* times as text */
    const char *tcb_next;
    const char *qe_issue;
    const char *qe_next;
    const char *qe_id;
    const char *tcb_id;
    unsigned tcb_version; /* 0: 3 */
    unsigned evaluation;  /* 0: 17 */
    const char *collateral_signer;
    struct pki_crl pck_crl;
    struct pki_crl root_crl;
    bool has_no_crls;
};

struct forged {
    struct span quote;
    struct dcap_texts texts;
    struct anchor anchor;
    struct span root; /* its certificate */
};

void forge(struct forged *ret, const struct forge *f);

/* As Intel's service writes them: a header with the PEM of a chain, all but letters, digits and a few signs as %XX; and a body with a signed text as this member. They live until the program ends. */
struct span forge_issuer_header(struct span chain);
struct span forge_signed_body(const char *member, struct span text, struct span signature);

/* The SGX extension of a PCK certificate. */
struct span forge_sgx_extension(const struct forge *f);

#endif

#ifndef TEE_QUOTE_H
#define TEE_QUOTE_H

#include "tee/appraisal.h"

/* Quotes of SGX and TDX: Intel's "SGX ECDSA QuoteLibReference" (version 3) and "TDX DCAP Quoting Library API" (versions 4 and
 * 5), ECDSA on P-256 with a certificate chain inside. */
enum {
    QUOTE_LEN_MAX = 32 * 1024,
    QUOTE_HEADER_LEN = 48,
    SGX_REPORT_LEN = 384,
    TD_REPORT_10_LEN = 584,
    TD_REPORT_15_LEN = 648,
    TD_REPORT_15_EX_LEN = 885,
    SGX_FLAG_DEBUG = 1 << 1,
};

/* An enclave's report (SGX). Spans point into the quote. */
struct sgx_report {
    struct span whole;
    struct span cpu_svn; /* 16 */
    uint32_t misc_select;
    uint64_t flags;
    struct span attributes; /* 16: flags and XFRM as they stand */
    struct span mrenclave;  /* 32 */
    struct span mrsigner;   /* 32 */
    uint16_t product_id;
    uint16_t svn;
    struct span report_data; /* 64 */
    bool has_reserved_bits;  /* something stands where zeros must */
};

/* A trust domain's report. */
struct td_report {
    struct span tee_tcb_svn; /* 16 */
    struct span mrseam;      /* 48 each */
    struct span mrsignerseam;
    struct span seam_attributes; /* 8 */
    uint64_t attributes;
    uint64_t xfam;
    struct span mrtd;
    struct span mrconfigid;
    struct span mrowner;
    struct span mrownerconfig;
    struct span rtmr[4];
    struct span report_data;  /* 64 */
    struct span tee_tcb_svn2; /* 16; TDX 1.5, else empty */
    struct span mrservicetd;  /* 48; TDX 1.5, else empty */
};

struct quote {
    struct span whole;
    struct span signed_part; /* header and body */
    enum tee_kind kind;
    struct sgx_report sgx; /* TEE_SGX */
    struct td_report td;   /* TEE_TDX */
    struct span signature; /* 64, r then s */
    struct span key;       /* 64, x then y */
    struct sgx_report qe;  /* of the quoting enclave */
    struct span qe_signature;
    struct span qe_auth;
    struct span certs; /* PEM */
};

/* quote_decode cuts a quote; bytes behind its signature data are ignored, they are not signed. Faults: STEP_EVIDENCE_FORMAT,
 * _VERSION, _KEY_TYPE, _VENDOR, STEP_CERT_DATA, with the offset. ERR_LIMIT: longer than QUOTE_LEN_MAX. */
MUST_CHECK enum err quote_decode(struct quote *ret, struct span in, struct appraisal *a);

#endif

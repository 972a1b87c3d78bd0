#ifndef TEE_TCB_INFO_H
#define TEE_TCB_INFO_H

#include "codec/json.h"
#include "tee/appraisal.h"

/* What Intel says about its platforms: "TCB info" (which firmware numbers are how good) and "QE identity" (which quoting
 * enclave is genuine), JSON of the PCS API version 4. The signature covers the text as it came, so it is checked before
 * anything is read (dcap.h). */
enum {
    TCB_LEVELS_MAX = 48,     /* about 20 are published */
    TCB_MODULES_MAX = 12,    /* two are */
    TCB_ISV_LEVELS_MAX = 24, /* twelve are */
    TCB_TEXT_LEN_MAX = 128 * 1024,
};

/* advisories: the JSON array, or empty; it lives as long as the text. */
struct tcb_level {
    uint8_t sgx[16];
    uint8_t tdx[16]; /* zeros for SGX */
    uint16_t pce_svn;
    uint8_t status; /* enum tcb_status */
    walltime date;
    struct json advisories;
};

struct isv_level {
    uint16_t svn;
    uint8_t status;
    walltime date;
    struct json advisories;
};

struct isv_levels {
    size_t count;
    struct isv_level list[TCB_ISV_LEVELS_MAX];
};

struct tdx_module {
    uint8_t version; /* as in tee_tcb_svn[1] */
    uint8_t mrsigner[48];
    uint8_t attributes[8];
    uint8_t attributes_mask[8];
    struct isv_levels levels; /* none for version 0 */
};

struct tcb_info {
    enum tee_kind kind;
    walltime issued;
    walltime next_update;
    uint32_t evaluation;
    uint8_t fmspc[6];
    uint8_t pce_id[2];
    size_t levels_count;
    struct tcb_level levels[TCB_LEVELS_MAX];
    size_t modules_count; /* TDX; the first is the one for version 0 */
    struct tdx_module modules[TCB_MODULES_MAX];
};

struct qe_identity {
    enum tee_kind kind; /* "QE": SGX, "TD_QE": TDX */
    walltime issued;
    walltime next_update;
    uint32_t evaluation;
    uint8_t misc_select[4]; /* bytes in the order of the report */
    uint8_t misc_select_mask[4];
    uint8_t attributes[16];
    uint8_t attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t product_id;
    struct isv_levels levels;
};

/* ERR_MALFORMED: not such a text, a member missing, a list of components that has not exactly 16. ERR_UNSUPPORTED: another
 * id or version. ERR_LIMIT: more levels than above. *ret_offset is where. */
MUST_CHECK enum err tcb_info_parse(struct tcb_info *ret, struct span text, size_t *ret_offset);
MUST_CHECK enum err
qe_identity_parse(struct qe_identity *ret, struct span text, size_t *ret_offset);

/* The module for tee_tcb_svn[1]; NULL if Intel lists none. */
const struct tdx_module *tcb_info_module(const struct tcb_info *t, uint8_t version);

/* What a platform shows: components of its PCK certificate, and of the TD report (empty for SGX). */
struct tcb_numbers {
    struct span sgx; /* 16 */
    uint16_t pce_svn;
    struct span tdx; /* 16 */
};

/* The first level that the numbers reach; NULL if there is none. */
const struct tcb_level *tcb_info_level(const struct tcb_info *t, const struct tcb_numbers *n);
const struct isv_level *isv_levels_find(const struct isv_levels *levels, uint16_t svn);

/* tcb_status_merge: a platform is no better than its quoting enclave and its TDX module. */
enum tcb_status tcb_status_merge(enum tcb_status platform, enum tcb_status component);

#endif

#ifndef TEE_SNP_GUEST_H
#define TEE_SNP_GUEST_H

#include "base/err.h"
#include "base/span.h"

/* What a guest of SEV-SNP is answered when it asks for its own report: the firmware's message ("SEV Secure Nested Paging Firmware ABI", 56860, §7.3, MSG_REPORT_RSP), and
 * the certificates that the host laid beside it ("Guest-Hypervisor Communication Block Standardization", 56421, §4.1.8.1). All numbers are little-endian.
 *
 *     message   status 4 · length of the report 4 · zeros 24 · report
 *     table     entries of GUID 16 · offset 4 · length 4, up to one of zeros; then what they point at
 *
 * The host wrote the table: it is read as any stranger's text, and proves nothing until a verifier has followed the chain. */
enum {
    SNP_GUEST_RESPONSE_LEN = 4000, /* of the kernel's struct snp_report_resp */
    SNP_GUEST_TABLE_LEN_MAX = 16 * 1024,
    SNP_GUEST_ENTRIES_MAX = 16,
    SNP_GUEST_STATUS_PARAMETER = 0x16, /* INVALID_PARAMETER: such as a privilege level above ours */
    SNP_GUEST_STATUS_KEY = 0x27,       /* INVALID_KEY: the key that was asked for is not loaded */
};

/* snp_guest_read_report gives the report's bytes, SEV_SNP_REPORT_LEN of them (sev_snp.h). ERR_DENIED: the firmware does not take a parameter; ERR_UNSUPPORTED: it has no such
 * key; ERR_IO: another status; ERR_MALFORMED. */
MUST_CHECK enum err snp_guest_read_report(struct span *ret_report, struct span message);

/* Certificates of a table; empty where it has none. Spans point into the table. */
struct snp_guest_certs {
    struct span key;    /* VLEK if there is one, else VCEK */
    struct span issuer; /* ASK or ASVK */
    struct span root;   /* ARK */
    struct span crl;
};

/* snp_guest_read_certs reads a table; one without entries, or all zeros, is a host that gives none. GUIDs stand in either order of bytes: AMD's own tools write them as they
 * are printed, others as Microsoft stores them. ERR_MALFORMED: it has no end, an entry points outside, or a kind comes twice; ERR_LIMIT: too long, or too many entries. */
MUST_CHECK enum err snp_guest_read_certs(struct snp_guest_certs *ret, struct span table);

#endif

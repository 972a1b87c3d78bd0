/* Answers to a guest that asks for its own report. */
#include "tee/snp_guest.h"

#include "base/rd.h"
#include "tee/sev_snp.h"

enum { GUID_LEN = 16, RESERVED_LEN = 24 };

enum kind { KIND_VCEK, KIND_VLEK, KIND_ISSUER, KIND_ROOT, KIND_CRL, KIND_COUNT };

static const uint8_t guids[KIND_COUNT][GUID_LEN] = {
    [KIND_VCEK] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b,
                   0xe8, 0xac, 0xcd},
    [KIND_VLEK] = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45,
                   0xa0, 0xb8, 0xa1},
    [KIND_ISSUER] = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3,
                   0x27, 0xc7, 0x82},
    [KIND_ROOT] = {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01,
                   0x4c, 0xd0, 0xae},
    [KIND_CRL] = {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88,
                   0xdc, 0x67, 0xea},
};

enum err snp_guest_read_report(struct span *ret_report, struct span message)
{
    struct rd r = rd_init(message);
    uint32_t status = rd_le32(&r);
    uint32_t len = rd_le32(&r);
    (void)rd_bytes(&r, RESERVED_LEN);
    struct span report = rd_bytes(&r, SEV_SNP_REPORT_LEN);
    if (message.n >= sizeof status && status != 0) {
        return status == SNP_GUEST_STATUS_PARAMETER ? ERR_DENIED
               : status == SNP_GUEST_STATUS_KEY     ? ERR_UNSUPPORTED
                                                    : ERR_IO;
    }
    if (!rd_ok(&r) || len != SEV_SNP_REPORT_LEN) {
        return ERR_MALFORMED;
    }
    *ret_report = report;
    return OK;
}

/* The first three fields of a GUID are numbers, which Microsoft stores with their last byte first. */
static bool is_guid(struct span guid, const uint8_t known[static GUID_LEN])
{
    static const uint8_t order[GUID_LEN] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    bool is_printed = true;
    bool is_stored = true;
    for (size_t i = 0; i < GUID_LEN; i++) {
        is_printed = is_printed && guid.p[i] == known[i];
        is_stored = is_stored && guid.p[i] == known[order[i]];
    }
    return is_printed || is_stored;
}

static bool is_last(struct span guid, uint32_t offset, uint32_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < guid.n; i++) {
        any |= guid.p[i];
    }
    return any == 0 && offset == 0 && len == 0;
}

/* One entry: a kind that we do not know says nothing to us, but must lie inside as all. */
static enum err take(struct span found[static KIND_COUNT],
                     struct span table,
                     struct span guid,
                     uint32_t offset,
                     uint32_t len)
{
    if (offset > table.n || len > table.n - offset) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (is_guid(guid, guids[i])) {
            if (found[i].n > 0 || len == 0) {
                return ERR_MALFORMED;
            }
            found[i] = span_of(table.p + offset, len);
        }
    }
    return OK;
}

enum err snp_guest_read_certs(struct snp_guest_certs *ret, struct span table)
{
    struct span found[KIND_COUNT] = {0};
    struct rd r = rd_init(table);
    bool is_over = table.n == 0;
    if (table.n > SNP_GUEST_TABLE_LEN_MAX) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; !is_over; i++) {
        struct span guid = rd_bytes(&r, GUID_LEN);
        uint32_t offset = rd_le32(&r);
        uint32_t len = rd_le32(&r);
        if (!rd_ok(&r)) {
            return ERR_MALFORMED;
        }
        is_over = is_last(guid, offset, len);
        if (!is_over && i == SNP_GUEST_ENTRIES_MAX) {
            return ERR_LIMIT;
        }
        if (!is_over) {
            TRY(take(found, table, guid, offset, len));
        }
    }
    *ret = (struct snp_guest_certs){
        .key = found[KIND_VLEK].n > 0 ? found[KIND_VLEK] : found[KIND_VCEK],
        .issuer = found[KIND_ISSUER],
        .root = found[KIND_ROOT],
        .crl = found[KIND_CRL],
    };
    return OK;
}

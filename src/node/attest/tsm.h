#ifndef NODE_TSM_H
#define NODE_TSM_H

#include "node/attest/collector.h"

/* Evidence from the kernel's configfs-tsm (Documentation/ABI/testing/configfs-tsm, Linux 6.7 and later): TDX, SEV-SNP and CCA guests. One request is one directory below
 * /sys/kernel/config/tsm/report, made for it and removed behind it, so that nobody else's writes mix in:
 *
 *     make it (ENXIO: no provider) · write inblob, all of it in one write · read generation: it counts the writes · read outblob, and auxblob if there
 *     is one · read generation again: it must be the same · remove it
 *
 * The kernel may answer EBUSY while reports of an older generation are unread, and a host whose quoting service is silent gives an outblob that is empty without an error: both
 * end in an error here, after a bounded number of tries. Never run on hardware: tested against a model of the kernel alone, and says so (collector_note). */

enum {
    TSM_INBLOB_LEN = 64,
    TSM_TRIES_MAX = 5,
    TSM_OUTBLOB_LEN_MAX = 16 * 1024,
    TSM_AUXBLOB_LEN_MAX = 16 * 1024,
    TSM_PROVIDER_LEN_MAX = 32,
};

/* What it asks of the system; names are relative to the directory of reports. Embed as first member. Answers: ERR_UNSUPPORTED: ENXIO. ERR_NOT_FOUND: ENOENT. ERR_STATE: EBUSY or
 * EEXIST. ERR_TIMEOUT: EAGAIN, EINTR, ETIMEDOUT. ERR_DENIED. ERR_LIMIT: longer than ret takes. ERR_IO: all else. */
struct tsm_ops {
    enum err (*make)(struct tsm_ops *self, const char *dir);
    enum err (*remove)(struct tsm_ops *self, const char *dir);
    enum err (*write)(struct tsm_ops *self,
                      const char *dir,
                      const char *file,
                      struct span whole); /* in one write */
    enum err (*read)(struct tsm_ops *self, const char *dir, const char *file, struct buf *ret);
};

enum tsm_provider { TSM_TDX, TSM_SEV_SNP, TSM_CCA };

struct tsm_report {
    enum tsm_provider provider;
    struct buf outblob; /* quote, report or token */
    struct buf auxblob; /* SEV-SNP: certificates that the host gave; may be empty */
};

/* tsm_collect fills ret, whose bufs the caller has made, with a report that carries binding (TSM_INBLOB_LEN bytes). dir is a name that nobody else uses, such as
 * "passmesh-PID". Errors: ERR_UNSUPPORTED: no provider, or one that we do not know; ERR_STATE: busy, or the report was of another request; ERR_MALFORMED: what the kernel says is not what it documents;
 * ERR_CLOSED: the outblob is empty: the host makes no evidence; and those of the operations. */
MUST_CHECK enum err
tsm_collect(struct tsm_ops *ops, struct tsm_report *ret, const char *dir, struct span binding);

/* The collector over it; a report of SEV-SNP brings the host's certificates along. ops and dir must outlive it. */
struct tsm {
    struct collector collector; /* first */
    struct tsm_ops *ops;
    const char *dir;
};
void tsm_init(struct tsm *t, struct tsm_ops *ops, const char *dir);

#endif

#ifndef CRYPTO_GUARDED_H
#define CRYPTO_GUARDED_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

/* Memory for long-lived keys: between guard pages, locked against swapping where the system lets us,
 * left out of core dumps, and not accessible while it is closed. */
struct guarded {
    void *p;
    size_t n;
    struct budget *budget;
    bool locked; /* the system agreed to keep it in memory */
};

/* What one object costs beside its content: guard pages and the canary page, bytes. */
#define GUARDED_OVERHEAD ((size_t)4 * 4096)

/* guarded_init gives n > 0 zeroed bytes, open for writing. ERR_LIMIT: no budget or no memory. */
MUST_CHECK enum err guarded_init(struct guarded *g, struct budget *budget, size_t n);

/* guarded_done wipes and frees; safe on a zeroed object. */
void guarded_done(struct guarded *g);

/* guarded_write opens for writing, guarded_read for reading, guarded_close closes: any access to a
 * closed one ends the process. Calls do not nest. */
void *guarded_write(struct guarded *g);
const void *guarded_read(const struct guarded *g);
void guarded_close(const struct guarded *g);

#endif

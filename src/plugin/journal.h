#ifndef PLUGIN_JOURNAL_H
#define PLUGIN_JOURNAL_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "base/wr.h"

/* What the store of a plugin remembers: which version runs, which one is there to return to, whether the present one is on trial, and which
 * ones have failed. One small file, replaced as a whole: that replacement is the switch from one version to the next.
 *
 *     absent --installed--> on trial --healthy--> good
 *                             |                     |
 *               crash loop or refused          installed: on trial, the good one kept
 *                             v
 *                 back to the previous, this one remembered as bad */
enum { JOURNAL_ID_LEN = 64, JOURNAL_BAD_MAX = 16, JOURNAL_TEXT_MAX = 2048, JOURNAL_DEATHS = 5 };

/* The SHA-256 of a version's manifest in hexadecimal digits; empty: none. */
struct journal_id {
    char text[JOURNAL_ID_LEN + 1];
};

struct journal {
    struct journal_id current;
    struct journal_id previous; /* the last one that was good, if another */
    bool is_trial;
    bool is_stopped; /* it fell over too often, and there is nothing to return to */
    struct journal_id bad[JOURNAL_BAD_MAX]; /* newest first */
    size_t bad_count;
};

MUST_CHECK enum err journal_parse(struct journal *ret, struct span text, struct diag *why);
MUST_CHECK enum err journal_print(struct wr *w, const struct journal *j);

bool journal_id_is_set(const struct journal_id *id);
bool journal_id_equal(const struct journal_id *a, const struct journal_id *b);

/* journal_install makes id the current version, on trial. ERR_DENIED: it has failed before. OK and no change if it is the current one. */
MUST_CHECK enum err journal_install(struct journal *j, const struct journal_id *id);

/* journal_pass ends the trial: the version has run long enough. */
void journal_pass(struct journal *j);

/* journal_fail: the current version does not work. On trial, it is remembered as bad and the previous one is current again: true. Otherwise it
 * is only stopped: false. */
bool journal_fail(struct journal *j);

bool journal_is_bad(const struct journal *j, const struct journal_id *id);
bool journal_names(const struct journal *j,
                   const struct journal_id *id); /* current or previous: to be kept */

/* Deaths of the process, and how long to wait before the next start. */
struct journal_deaths {
    instant at[JOURNAL_DEATHS]; /* the last ones, oldest first */
    size_t count;
    uint32_t backoff_s; /* before the next start; 0: none so far */
};

/* journal_died counts one: true if that makes a crash loop, JOURNAL_DEATHS within five minutes. backoff_s doubles from 1 to 60, and begins
 * anew if the process had run for two minutes. */
bool journal_died(struct journal_deaths *d, instant now, uint64_t ran_us);

#endif

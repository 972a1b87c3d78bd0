/* The journal of a plugin's store: decisions without files. */
#include "plugin/journal.h"

#include "codec/base16.h"
#include "codec/json.h"

#include <string.h>

#define LOOP_US    (UINT64_C(300) * US_PER_S)
#define HEALTHY_US (UINT64_C(120) * US_PER_S)
enum { BACKOFF_S_MAX = 60 };

bool journal_id_is_set(const struct journal_id *id)
{
    return id->text[0] != '\0';
}

bool journal_id_equal(const struct journal_id *a, const struct journal_id *b)
{
    return memcmp(a->text, b->text, sizeof a->text) == 0;
}

static bool take_id(struct journal_id *ret, struct json v)
{
    struct span text;
    uint8_t hash[JOURNAL_ID_LEN / 2];
    memset(ret, 0, sizeof *ret);
    if (json_get_plain(&text, v) != OK) {
        return false;
    }
    if (text.n == 0) {
        return true;
    }
    (void)span_copy(mspan_of(ret->text, JOURNAL_ID_LEN), text);
    return base16_decode_fixed(MSPAN_OF(hash), text) == OK;
}

static bool take_bad(struct journal *j, struct json bad)
{
    struct json_iter it = json_iterate(bad);
    struct json v;
    while (json_next(&it, NULL, &v)) {
        if (j->bad_count == JOURNAL_BAD_MAX || !take_id(&j->bad[j->bad_count], v) ||
            !journal_id_is_set(&j->bad[j->bad_count])) {
            return false;
        }
        j->bad_count++;
    }
    return bad.type == JSON_ARRAY;
}

enum err journal_parse(struct journal *ret, struct span text, struct diag *why)
{
    struct json root;
    struct json v;
    struct json bad;
    struct journal j;
    memset(&j, 0, sizeof j);
    TRY(json_parse(&root, text, why));
    if (!json_find(&v, root, "current") || !take_id(&j.current, v) ||
        !json_find(&v, root, "previous") || !take_id(&j.previous, v) ||
        json_find_bool(&j.is_trial, root, "trial") != OK ||
        json_find_bool(&j.is_stopped, root, "stopped") != OK || !json_find(&bad, root, "bad") ||
        !take_bad(&j, bad)) {
        return diag_set(why, ERR_MALFORMED, "journal: a member is missing or malformed", 0);
    }
    *ret = j;
    return OK;
}

enum err journal_print(struct wr *w, const struct journal *j)
{
    struct json_writer out = json_writer_init(w);
    json_put_object(&out);
    json_put_name(&out, "current");
    json_put_str(&out, j->current.text);
    json_put_name(&out, "previous");
    json_put_str(&out, j->previous.text);
    json_put_name(&out, "trial");
    json_put_bool(&out, j->is_trial);
    json_put_name(&out, "stopped");
    json_put_bool(&out, j->is_stopped);
    json_put_name(&out, "bad");
    json_put_array(&out);
    for (size_t i = 0; i < j->bad_count; i++) {
        json_put_str(&out, j->bad[i].text);
    }
    json_end_array(&out);
    json_end_object(&out);
    return json_writer_end(&out);
}

bool journal_is_bad(const struct journal *j, const struct journal_id *id)
{
    for (size_t i = 0; i < j->bad_count; i++) {
        if (journal_id_equal(&j->bad[i], id)) {
            return true;
        }
    }
    return false;
}

bool journal_names(const struct journal *j, const struct journal_id *id)
{
    return journal_id_is_set(id) &&
           (journal_id_equal(&j->current, id) || journal_id_equal(&j->previous, id));
}

enum err journal_install(struct journal *j, const struct journal_id *id)
{
    if (journal_is_bad(j, id)) {
        return ERR_DENIED;
    }
    if (journal_id_equal(&j->current, id)) {
        j->is_stopped = false;
        return OK;
    }
    if (journal_id_equal(&j->previous, id)) { /* back to one that was good */
        j->current = *id;
        memset(&j->previous, 0, sizeof j->previous);
        journal_pass(j);
        return OK;
    }
    if (!j->is_trial) { /* one that is still on trial is nothing to return to */
        j->previous = j->current;
    }
    j->current = *id;
    j->is_trial = true;
    j->is_stopped = false;
    return OK;
}

void journal_pass(struct journal *j)
{
    j->is_trial = false;
    j->is_stopped = false;
}

static void remember_bad(struct journal *j, const struct journal_id *id)
{
    size_t kept = j->bad_count < JOURNAL_BAD_MAX ? j->bad_count : JOURNAL_BAD_MAX - 1;
    memmove(j->bad + 1, j->bad, kept * sizeof j->bad[0]);
    j->bad[0] = *id;
    j->bad_count = kept + 1;
}

bool journal_fail(struct journal *j)
{
    if (!j->is_trial || !journal_id_is_set(&j->previous)) {
        if (j->is_trial) {
            remember_bad(j, &j->current);
        }
        j->is_stopped = true;
        return false;
    }
    remember_bad(j, &j->current);
    j->current = j->previous;
    memset(&j->previous, 0, sizeof j->previous);
    j->is_trial = false;
    return true;
}

bool journal_died(struct journal_deaths *d, instant now, uint64_t ran_us)
{
    if (ran_us >= HEALTHY_US) {
        d->count = 0;
        d->backoff_s = 0;
    }
    if (d->count == JOURNAL_DEATHS) {
        memmove(d->at, d->at + 1, (JOURNAL_DEATHS - 1) * sizeof d->at[0]);
        d->count--;
    }
    d->at[d->count++] = now;
    d->backoff_s = d->backoff_s == 0                  ? 1
                   : d->backoff_s * 2 < BACKOFF_S_MAX ? d->backoff_s * 2
                                                      : BACKOFF_S_MAX;
    return d->count == JOURNAL_DEATHS && instant_since(d->at[0], now) <= LOOP_US;
}

/* Several answers to one question: what most of them say, or the middle of their numbers. */
#include "node/daemon/servers_inside.h"

#include <string.h>

static bool is_same(const struct said *a, const struct said *b)
{
    return a->is_error == b->is_error &&
           (a->is_error || span_equal(buf_span(&a->text), buf_span(&b->text)));
}

static bool number_of(struct u256 *ret, const struct said *x)
{
    struct json v;
    return !x->is_error && json_parse(&v, buf_span(&x->text), NULL) == OK &&
           view_quantity(ret, v) == OK;
}

/* The members of a log that count; nodes write others too, and in another order. */
static void put_log(struct json_writer *j, struct json log)
{
    static const char *const names[] = {"transactionHash", "logIndex", "topics", "data"};
    struct json v;
    json_put_object(j);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_find(&v, log, names[i])) {
            json_put_name(j, names[i]);
            json_put_raw(j, v.raw);
        }
    }
    json_end_object(j);
}

enum err tally_text(struct buf *out, const char *method, struct span text)
{
    struct json root;
    struct json log;
    if (strcmp(method, "eth_getLogs") != 0 || json_parse(&root, text, NULL) != OK ||
        root.type != JSON_ARRAY) {
        return buf_append(out, text);
    }
    struct wr w = wr_init_buf(out);
    struct json_writer j = json_writer_init(&w);
    json_put_array(&j);
    for (struct json_iter it = json_iterate(root); json_next(&it, NULL, &log);) {
        put_log(&j, log);
    }
    json_end_array(&j);
    return json_writer_end(&j);
}

/* How many of the numbers lie below x, or are equal and stand before it. */
static size_t rank_of(const struct question *q, const struct said *x)
{
    struct u256 own;
    struct u256 other;
    size_t rank = 0;
    if (!number_of(&own, x)) {
        return 0;
    }
    for (size_t i = 0; i < q->said_count; i++) {
        const struct said *y = &q->said[i];
        if (y == x || !number_of(&other, y)) {
            continue;
        }
        int order = u256_compare(other, own);
        rank += order < 0 || (order == 0 && y < x);
    }
    return rank;
}

/* The middle number, the lower of two. With more errors than numbers it is the error. */
static struct tally tally_middle(const struct question *q)
{
    struct tally t = {0};
    struct u256 value;
    size_t numbers = 0;
    const struct said *error = NULL;
    for (size_t i = 0; i < q->said_count; i++) {
        numbers += number_of(&value, &q->said[i]);
        error = q->said[i].is_error ? &q->said[i] : error;
    }
    if (numbers * 2 < q->said_count && error) {
        return (struct tally){.best = error, .k = (uint8_t)(q->said_count - numbers)};
    }
    for (size_t i = 0; i < q->said_count; i++) {
        const struct said *x = &q->said[i];
        if (number_of(&value, x) && rank_of(q, x) == (numbers - 1) / 2) {
            t.best = x;
        }
    }
    for (size_t i = 0; t.best && i < q->said_count; i++) {
        t.is_middle |= !is_same(t.best, &q->said[i]);
    }
    t.k = (uint8_t)numbers;
    if (!t.best && q->said_count > 0) {
        t = (struct tally){.best = &q->said[0], .k = 1};
    }
    return t;
}

struct tally tally_of(const struct question *q)
{
    struct tally t = {0};
    size_t values = 0;
    if (q->mode == WALLET_ASK_MIDDLE) {
        return tally_middle(q);
    }
    for (size_t i = 0; i < q->said_count; i++) {
        uint8_t k = 0;
        for (size_t m = 0; m < q->said_count; m++) {
            k += is_same(&q->said[i], &q->said[m]);
        }
        values += !q->said[i].is_error;
        bool is_better = !t.best || (t.best->is_error && !q->said[i].is_error) ||
                         (k > t.k && t.best->is_error == q->said[i].is_error);
        if (is_better) {
            t.best = &q->said[i];
            t.k = k;
        }
    }
    t.is_disputed = t.best && !t.best->is_error && values > t.k;
    return t;
}

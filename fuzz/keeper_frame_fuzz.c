/* What a daemon and its keeper say to each other, over a socket that the first byte cuts into pieces: what is understood is written and read alike. */
#include "base/check.h"
#include "codec/base64.h"
#include "codec/frame.h"
#include "plugin/keeper_frame.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 20, FRAME_MAX = 64 << 10 };

static uint8_t room[2 * FRAME_MAX];

static void look_at_ask(struct span frame)
{
    struct keeper_ask ask;
    struct keeper_ask again;
    struct wr w = wr_init(MSPAN_OF(room));
    if (keeper_ask_parse(&ask, frame) != OK) {
        return;
    }
    keeper_ask_write(&w, ask.id, keeper_do_name(ask.what), ask.params.raw);
    check(keeper_ask_parse(&again, span_of(room, w.n)) == OK);
    check(again.id == ask.id);
    check(again.what == ask.what);
    check(span_equal(again.params.raw, ask.params.raw));
}

static void look_at_chunk(struct span frame)
{
    static uint8_t bytes[FRAME_MAX];
    struct keeper_chunk c;
    struct keeper_chunk again;
    struct wr w = wr_init(MSPAN_OF(bytes));
    struct wr out = wr_init(MSPAN_OF(room));
    if (keeper_chunk_parse(&c, frame) != OK || base64_decode(&w, BASE64_URL_BARE, c.data) != OK) {
        return;
    }
    keeper_chunk_write(&out, c.number, span_of(bytes, w.n));
    check(keeper_chunk_parse(&again, span_of(room, out.n)) == OK);
    check(again.number == c.number);
    check(span_equal(again.data, c.data));
}

static void look_at_news(struct span frame)
{
    struct keeper_news n;
    struct keeper_news again;
    struct wr w = wr_init(MSPAN_OF(room));
    if (keeper_news_parse(&n, frame) != OK || n.kind == KEEPER_NEWS_STATE ||
        n.kind == KEEPER_NEWS_LINE) {
        return;
    }
    if (n.kind == KEEPER_NEWS_WANT) {
        keeper_news_write_want(&w, n.number, &n.want);
        check(keeper_news_parse(&again, span_of(room, w.n)) == OK);
        check(memcmp(&again.want, &n.want, sizeof n.want) == 0);
        return;
    }
    static char code[FRAME_MAX];
    code[span_copy(mspan_of(code, sizeof code - 1), n.code)] = '\0';
    keeper_news_write_answer(&w, n.number, n.code.n > 0 ? code : NULL);
    check(keeper_news_parse(&again, span_of(room, w.n)) == OK);
    check(again.number == n.number);
    check(span_equal(again.code, n.code));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget;
    struct frame_reader frames;
    struct span frame;
    if (size == 0) {
        return 0;
    }
    budget_init(&budget, NULL, "fuzz", MEMORY);
    frame_reader_init(
        &frames,
        (struct frame_cfg){.prefix = FRAME_BE32, .frame_len_max = FRAME_MAX, .budget = &budget});
    struct span in = span_of(data + 1, size - 1);
    enum err e = ERR_TRUNCATED;
    while (in.n > 0 && e == ERR_TRUNCATED) {
        struct span part = span_take(&in, (size_t)data[0] % 64 + 1);
        while ((e = frame_reader_next(&frames, &frame, &part)) == OK) {
            look_at_ask(frame);
            look_at_news(frame);
            look_at_chunk(frame);
        }
    }
    frame_reader_done(&frames);
    check(budget.used == 0);
    return 0;
}

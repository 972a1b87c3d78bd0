/* Lines of the Assuan protocol. */
#include "codec/assuan.h"

#include "codec/base16.h"

static bool takes_word(struct span *line, const char *word)
{
    struct span w = span_str(word);
    if (line->n < w.n || !span_equal(span_first(*line, w.n), w)) {
        return false;
    }
    struct span rest = span_from(*line, w.n);
    if (rest.n > 0 && rest.p[0] != ' ') {
        return false;
    }
    *line = rest.n > 0 ? span_from(rest, 1) : rest;
    return true;
}

enum err assuan_decode(struct assuan_line *ret, struct span line)
{
    static const struct {
        const char *word;
        enum assuan_kind kind;
    } words[] = {
        {"OK",      ASSUAN_OK     },
        {"ERR",     ASSUAN_ERR    },
        {"D",       ASSUAN_DATA   },
        {"S",       ASSUAN_STATUS },
        {"INQUIRE", ASSUAN_INQUIRE},
    };
    if (line.n > ASSUAN_LINE_MAX) {
        return ERR_LIMIT;
    }
    if (line.n > 0 && line.p[0] == '#') {
        *ret = (struct assuan_line){.kind = ASSUAN_COMMENT, .text = span_from(line, 1)};
        return OK;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct span rest = line;
        if (takes_word(&rest, words[i].word)) {
            *ret = (struct assuan_line){.kind = words[i].kind, .text = rest};
            return OK;
        }
    }
    return ERR_MALFORMED;
}

enum err assuan_unescape(struct wr *w, struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '%') {
            wr_u8(w, text.p[i]);
        } else if (text.n - i < 3) {
            return ERR_MALFORMED;
        } else {
            TRY(base16_decode(w, span_of(text.p + i + 1, 2)));
            i += 2;
        }
    }
    return wr_ok(w) ? OK : ERR_LIMIT;
}

void assuan_escape(struct wr *w, struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '%' || text.p[i] < ' ') {
            wr_u8(w, '%');
            base16_encode(w, span_of(text.p + i, 1));
        } else {
            wr_u8(w, text.p[i]);
        }
    }
}

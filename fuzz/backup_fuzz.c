/* A backup file from outside. Its seal is never met by chance, so the first byte says whether the rest is a file, or a content that the
 * harness seals and opens again before it is read. */
#include "base/check.h"
#include "crypto/backend.h"
#include "wallet/backup.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONTENT_MAX = 64 * 1024, FILE_MAX = BACKUP_HEAD_LEN + 2 * CONTENT_MAX };

static uint8_t room[FILE_MAX];
static struct backup_item item;

static void read_all(struct span content)
{
    struct backup_reader r = backup_read(content);
    size_t n = 0;
    while (backup_next(&r, &item)) {
        n++;
        check(item.kind >= BACKUP_MADE && item.kind <= BACKUP_SETTINGS);
    }
    check(n <= content.n);
    if (backup_read_end(&r) != OK) {
        check(!backup_next(&r, &item));
    }
}

static void seal_and_open(struct span content)
{
    static const uint8_t capsule[CAPSULE_LEN];
    const struct secret32 key = {{9}};
    struct backup_sealing sealing = {.key = &key, .capsule = SPAN_OF(capsule), .content = content};
    struct budget budget;
    struct buf file;
    struct backup b;
    struct span opened;
    budget_init(&budget, NULL, "fuzz", BACKUP_LEN_MAX);
    buf_init(&file, &budget, BACKUP_LEN_MAX);
    check(backup_encode(&file, &sealing) == OK);
    check(backup_decode(&b, buf_span(&file)) == OK);
    check(backup_open(mspan_of(room, b.sealed.n), &opened, &b, &key) == OK);
    check(span_equal(opened, content));
    buf_done(&file);
    budget_done(&budget);
    read_all(opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct secret32 key = {{9}};
    struct backup b;
    struct span content;
    check(crypto_init() == OK);
    if (size == 0) {
        return 0;
    }
    struct span rest = span_of(data + 1, size - 1);
    if (data[0] & 1) {
        seal_and_open(span_first(rest, rest.n < CONTENT_MAX ? rest.n : CONTENT_MAX));
    } else if (rest.n <= FILE_MAX && backup_decode(&b, rest) == OK) {
        check(b.capsule.n == CAPSULE_LEN);
        check(backup_open(mspan_of(room, b.sealed.n), &content, &b, &key) != OK);
    }
    return 0;
}

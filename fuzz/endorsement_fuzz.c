/* Answers of the makers' services: the first byte says which item, the next two how long the header is; what is read lies in the answer or in the room. */
#include "base/check.h"
#include "base/rd.h"
#include "tee/endorsement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct span part, struct span whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct endorsement_room room;
    struct evidence e = {.kind = TEE_TDX};
    struct rd r = rd_init(span_of(data, size));
    uint8_t which = rd_u8(&r);
    struct endorsement_answer answer = {.header = rd_bytes(&r, rd_be16(&r))};
    answer.body = rd_rest(&r);
    if (!rd_ok(&r)) {
        return 0;
    }
    room.n = 0;
    enum endorsement_item item = (enum endorsement_item)(which % ENDORSEMENT_ITEM_COUNT);
    if (endorsement_read(&e, &room, item, &answer) == OK) {
        bool has_part = false;
        for (size_t i = EVIDENCE_MAIN; i < EVIDENCE_PART_COUNT; i++) {
            has_part |= e.parts[i].n > 0;
            check(is_inside(e.parts[i], answer.body) ||
                  is_inside(e.parts[i], span_of(room.bytes, room.n)));
        }
        check(has_part);
    }
    check(room.n <= sizeof room.bytes);
    return 0;
}

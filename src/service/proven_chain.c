/* The one place where values that a chain proves are made. */
#include "service/proven_chain.h"

#include "base/check.h"
#include "base/mem.h"
#include "crypto/keccak.h"

MUST_CHECK static enum err asked_check(const struct service_request *asked,
                                       enum service_type type,
                                       const struct hash32 *trusted)
{
    return asked->type == type && hash32_equal(trusted, &asked->block_hash) ? OK : ERR_STATE;
}

/* walk follows the headers of the answer from the trusted block down; *ret is the last. */
MUST_CHECK static enum err
walk(struct header *ret, const struct service_request *asked, const struct service_chain *answer)
{
    struct span rest = answer->body;
    struct span rlp;
    struct header h;
    if (!service_chain_next(&rlp, &rest, SERVICE_CHAIN_HEADER)) {
        return ERR_TRUNCATED;
    }
    TRY(header_verify(&h, &asked->block_hash, rlp));
    if (h.number != asked->number) {
        return ERR_STATE;
    }
    while (service_chain_next(&rlp, &rest, SERVICE_CHAIN_HEADER)) {
        TRY(header_verify_parent(&h, &h, rlp));
    }
    *ret = h;
    return OK;
}

enum err proven_header_verify(struct proven_header *ret,
                              const struct hash32 *trusted,
                              const struct service_request *asked,
                              const struct service_chain *answer)
{
    struct header h;
    TRY(asked_check(asked, SERVICE_HEADERS, trusted));
    if (answer->headers_count != asked->blocks) {
        return ERR_TRUNCATED;
    }
    TRY(walk(&h, asked, answer));
    ret->only_proven_chain_c.header = h;
    ret->only_proven_chain_c.is_proven = true;
    return OK;
}

const struct header *proven_header(const struct proven_header *p)
{
    check(p->only_proven_chain_c.is_proven);
    return &p->only_proven_chain_c.header;
}

enum err proven_code_verify(struct span *ret_code,
                            const struct service_request *asked,
                            const struct service_chain *answer)
{
    struct hash32 hash;
    keccak256(&hash, answer->code);
    if (asked->type != SERVICE_CODE) {
        return ERR_STATE;
    }
    if (!hash32_equal(&hash, &asked->code_hash)) {
        return ERR_AUTH;
    }
    *ret_code = answer->code;
    return OK;
}

/* ---- inclusion ---- */

/* item_read gives item index of the list with this root. An index behind the list's end has a proof too. */
MUST_CHECK static enum err item_read(struct span *ret,
                                     const struct hash32 *root,
                                     uint64_t index,
                                     const struct service_chain *answer,
                                     enum service_chain_field field)
{
    struct span room[MPT_INDEX_PROOF_MAX];
    struct mpt_proof path;
    struct mpt_answer item;
    TRY(service_chain_path(&path, room, answer->body, field));
    TRY(mpt_verify_index(&item, root, index, &path));
    if (!item.is_present) {
        return ERR_MALFORMED;
    }
    *ret = item.value;
    return OK;
}

/* gas_before is what the transactions before this one used, from the receipt before. */
MUST_CHECK static enum err gas_before(uint64_t *ret,
                                      const struct hash32 *root,
                                      uint64_t index,
                                      const struct service_chain *answer)
{
    struct span item;
    struct span rest = answer->body;
    struct receipt before = {0};
    if (index == 0) {
        *ret = 0;
        return service_chain_next(&item, &rest, SERVICE_CHAIN_BEFORE_NODE) ? ERR_MALFORMED : OK;
    }
    TRY(item_read(&item, root, index - 1, answer, SERVICE_CHAIN_BEFORE_NODE));
    TRY(receipt_decode(&before, item));
    *ret = before.cumulative_gas;
    return OK;
}

enum err proven_inclusion_verify(struct proven_inclusion *ret,
                                 const struct hash32 *trusted,
                                 const struct service_request *asked,
                                 const struct service_chain *answer)
{
    struct header h;
    struct span tx;
    struct span item;
    struct hash32 hash;
    struct receipt receipt;
    uint64_t before;
    TRY(asked_check(asked, SERVICE_INCLUSION, trusted));
    TRY(walk(&h, asked, answer));
    TRY(item_read(&tx, &h.transactions_root, answer->index, answer, SERVICE_CHAIN_TX_NODE));
    keccak256(&hash, tx);
    if (!hash32_equal(&hash, &asked->tx_hash)) {
        return ERR_AUTH;
    }
    TRY(item_read(&item, &h.receipts_root, answer->index, answer, SERVICE_CHAIN_RECEIPT_NODE));
    TRY(receipt_decode(&receipt, item));
    TRY(gas_before(&before, &h.receipts_root, answer->index, answer));
    if (receipt.cumulative_gas < before) {
        return ERR_MALFORMED;
    }
    *ret = (struct proven_inclusion){
        .only_proven_chain_c = {.is_proven = true,
                                .block = {.hash = h.hash,
                                          .number = h.number,
                                          .time_s = h.timestamp,
                                          .base_fee = h.base_fee},
                                .index = answer->index,
                                .tx = tx,
                                .receipt = receipt,
                                .gas_used = receipt.cumulative_gas - before}
    };
    return OK;
}

struct proven_block proven_inclusion_block(const struct proven_inclusion *p)
{
    check(p->only_proven_chain_c.is_proven);
    return p->only_proven_chain_c.block;
}

uint64_t proven_inclusion_index(const struct proven_inclusion *p)
{
    check(p->only_proven_chain_c.is_proven);
    return p->only_proven_chain_c.index;
}

struct span proven_inclusion_tx(const struct proven_inclusion *p)
{
    check(p->only_proven_chain_c.is_proven);
    return p->only_proven_chain_c.tx;
}

const struct receipt *proven_inclusion_receipt(const struct proven_inclusion *p)
{
    check(p->only_proven_chain_c.is_proven);
    return &p->only_proven_chain_c.receipt;
}

uint64_t proven_inclusion_gas_used(const struct proven_inclusion *p)
{
    check(p->only_proven_chain_c.is_proven);
    return p->only_proven_chain_c.gas_used;
}

/* ---- logs ---- */

static size_t lists_fill(struct log_block *block, struct span *items, struct span lists)
{
    struct span rest = lists;
    size_t count = 0;
    block->transactions = items;
    while (service_chain_next(&items[count], &rest, SERVICE_LISTS_TX)) {
        count++;
    }
    rest = lists;
    block->receipts = items + count;
    block->items_count = count;
    for (size_t i = 0; i < count; i++) {
        bool is_there = service_chain_next(&items[count + i], &rest, SERVICE_LISTS_RECEIPT);
        check(is_there); /* decoding counted them */
    }
    return 2 * count;
}

/* blocks_fill lays out what the answer holds, oldest first. Which blocks need their lists follows from their own headers, never
 * from what came. */
MUST_CHECK static enum err blocks_fill(struct log_block *blocks,
                                       struct span *items,
                                       const struct log_filter *filter,
                                       const struct service_chain *answer)
{
    struct span headers = answer->body;
    struct span lists = answer->body;
    size_t lists_left = answer->lists_count;
    for (size_t i = answer->headers_count; i-- > 0;) {
        struct header h;
        struct span one;
        bool is_there = service_chain_next(&blocks[i].header, &headers, SERVICE_CHAIN_HEADER);
        check(is_there);
        TRY(header_decode(&h, blocks[i].header));
        if (!log_filter_may_match(filter, &h.bloom)) {
            continue;
        }
        if (!service_chain_next(&one, &lists, SERVICE_CHAIN_LISTS)) {
            return ERR_TRUNCATED; /* a block that may hold a match was left out */
        }
        lists_left--;
        items += lists_fill(&blocks[i], items, one);
    }
    return lists_left == 0 ? OK : ERR_MALFORMED;
}

enum err proven_logs_verify(struct proven_logs *ret,
                            struct budget *budget,
                            const struct hash32 *trusted,
                            const struct service_request *asked,
                            const struct service_chain *answer)
{
    *ret = (struct proven_logs){.only_proven_chain_c = {.budget = budget}};
    TRY(asked_check(asked, SERVICE_LOGS, trusted));
    if (answer->headers_count != asked->blocks) {
        return ERR_TRUNCATED;
    }
    size_t blocks_len = answer->headers_count * sizeof(struct log_block);
    size_t len = blocks_len + (2 * answer->items_count + 1) * sizeof(struct span);
    TRY(mem_alloc(budget, &ret->only_proven_chain_c.room, len));
    ret->only_proven_chain_c.room_len = len;
    struct log_block *blocks = ret->only_proven_chain_c.room;
    struct span *items = (struct span *)(void *)((uint8_t *)blocks + blocks_len);
    struct log_filter *filter = &ret->only_proven_chain_c.filter;
    struct log_ask *ask = &ret->only_proven_chain_c.ask;
    service_chain_filter(filter, asked);
    *ask = (struct log_ask){.filter = filter,
                            .from = asked->number - (asked->blocks - 1),
                            .to = asked->number,
                            .to_hash = *trusted};
    enum err e = blocks_fill(blocks, items, filter, answer);
    if (e == OK) {
        e = log_range_verify(&ret->only_proven_chain_c.range, ask, blocks, answer->headers_count);
    }
    if (e != OK) {
        proven_logs_done(ret);
        return e;
    }
    ret->only_proven_chain_c.is_proven = true;
    return OK;
}

void proven_logs_done(struct proven_logs *p)
{
    if (p->only_proven_chain_c.room) {
        mem_free(p->only_proven_chain_c.budget, p->only_proven_chain_c.room,
                 p->only_proven_chain_c.room_len);
    }
    *p = (struct proven_logs){0};
}

bool proven_logs_next(struct proven_logs *p, struct log_found *ret_found)
{
    check(p->only_proven_chain_c.is_proven);
    if (!log_range_next(&p->only_proven_chain_c.range, ret_found)) {
        return false;
    }
    p->only_proven_chain_c.last = *ret_found;
    p->only_proven_chain_c.has_last = true;
    return true;
}

const struct log_found *proven_logs_last(const struct proven_logs *p)
{
    check(p->only_proven_chain_c.is_proven);
    return p->only_proven_chain_c.has_last ? &p->only_proven_chain_c.last : NULL;
}

struct hash32 proven_logs_before(const struct proven_logs *p)
{
    struct header h;
    check(p->only_proven_chain_c.is_proven);
    const struct log_block *oldest = p->only_proven_chain_c.room;
    enum err e = header_decode(&h, oldest->header);
    check(e == OK); /* it was verified */
    return h.parent_hash;
}

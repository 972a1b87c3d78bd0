/* Bytes of PCP: see pcp_message.h. */
#include "p2p/pcp_message.h"

#include "base/check.h"
#include "base/rd.h"

#include <string.h>

enum {
    OPCODE_MAP = 1,
    RESPONSE = 0x80,
    RESPONSE_LEN_MIN = 60, /* of MAP */
    NATPMP_RESPONSE_LEN_MIN = 8,
    PROTOCOL_TCP = 6, /* as IP numbers them */
    PROTOCOL_UDP = 17,
};

/* SPEC rfc6887 §5: an address is always 16 bytes, an IPv4 one behind ::ffff:0:0/96, also that of all zeros. */
static const uint8_t ip4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void put_ip4(struct wr *w, const uint8_t ip[static 4])
{
    wr_bytes(w, SPAN_OF(ip4_prefix));
    wr_bytes(w, span_of(ip, 4));
}

void pcp_request_encode(struct wr *w, const struct pcp_request *q)
{
    /* SPEC rfc6887 §7.1: version, opcode with the response bit clear, reserved bits zero, our own address. */
    wr_u8(w, PCP_VERSION);
    wr_u8(w, OPCODE_MAP);
    wr_be16(w, 0);
    wr_be32(w, q->lifetime_s);
    put_ip4(w, q->self);
    /* SPEC rfc6887 §11.1: nonce, protocol, the two ports, the address outside; reserved bits zero. */
    wr_bytes(w, SPAN_OF(q->nonce));
    wr_u8(w, q->is_udp ? PROTOCOL_UDP : PROTOCOL_TCP);
    wr_zeros(w, 3);
    wr_be16(w, q->inside);
    wr_be16(w, q->outside);
    put_ip4(w, q->ip);
}

/* is_other_version: SPEC rfc6887 §9: UNSUPP_VERSION ends the talk in this version, and version 0 is NAT-PMP, whose header has the same
 * first four bytes. */
static bool is_other_version(struct span in)
{
    bool is_response = in.n >= NATPMP_RESPONSE_LEN_MIN && in.n <= PCP_RESPONSE_LEN_MAX &&
                       (in.p[1] & RESPONSE) != 0;
    return is_response && (in.p[0] == 0 || in.p[3] == PCP_UNSUPP_VERSION);
}

enum err pcp_response_decode(struct pcp_response *ret_response, struct span in)
{
    struct pcp_response r = {.result = PCP_SUCCESS};
    uint8_t prefix[sizeof ip4_prefix];
    uint8_t ip[4];
    if (is_other_version(in)) {
        return ERR_UNSUPPORTED;
    }
    /* SPEC rfc6887 §8.3: an answer that is too short, too long or no multiple of four bytes is passed over. */
    if (in.n < RESPONSE_LEN_MIN || in.n > PCP_RESPONSE_LEN_MAX || in.n % 4 != 0) {
        return ERR_MALFORMED;
    }
    /* SPEC rfc6887 §7.2: reserved bits are not looked at. */
    struct rd rd = rd_init(in);
    uint8_t version = rd_u8(&rd);
    uint8_t opcode = rd_u8(&rd);
    (void)rd_u8(&rd);
    uint8_t result = rd_u8(&rd);
    r.lifetime_s = rd_be32(&rd);
    r.epoch_s = rd_be32(&rd);
    (void)rd_bytes(&rd, 12);
    rd_copy(&rd, MSPAN_OF(r.nonce));
    uint8_t protocol = rd_u8(&rd);
    (void)rd_bytes(&rd, 3);
    r.inside = rd_be16(&rd);
    r.outside = rd_be16(&rd);
    rd_copy(&rd, MSPAN_OF(prefix));
    rd_copy(&rd, MSPAN_OF(ip));
    check(rd_ok(&rd)); /* the length was looked at */
    bool is_map = version == PCP_VERSION && opcode == (RESPONSE | OPCODE_MAP);
    if (!is_map || (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)) {
        return ERR_MALFORMED;
    }
    /* SPEC rfc6887 §7.4: a result of a number unknown to us is a failure like others. */
    r.result = result < PCP_OTHER_RESULT ? (enum pcp_result)result : PCP_OTHER_RESULT;
    r.is_udp = protocol == PROTOCOL_UDP;
    if (span_equal(SPAN_OF(prefix), SPAN_OF(ip4_prefix))) {
        memcpy(r.ip, ip, sizeof ip);
    }
    *ret_response = r;
    return OK;
}

/* ---- words ---- */

struct words {
    const char *name;
    const char *text;
};

static const struct words words[PCP_RESULT_COUNT] = {
    [PCP_SUCCESS] = {"success",                 "it opened the port"                           },
    [PCP_UNSUPP_VERSION] = {"unsupp_version",          "it speaks another version of the protocol"    },
    [PCP_NOT_AUTHORIZED] = {"not_authorized",          "it does not let this machine open ports"      },
    [PCP_MALFORMED_REQUEST] = {"malformed_request",       "it makes no sense of the question"            },
    [PCP_UNSUPP_OPCODE] = {"unsupp_opcode",           "it opens no ports by this protocol"           },
    [PCP_UNSUPP_OPTION] = {"unsupp_option",           "it wants an option that was not asked for"    },
    [PCP_MALFORMED_OPTION] = {"malformed_option",        "it makes no sense of an option"               },
    [PCP_NETWORK_FAILURE] = {"network_failure",         "it has no connection to the internet itself"  },
    [PCP_NO_RESOURCES] = {"no_resources",            "it has no room for another port"              },
    [PCP_UNSUPP_PROTOCOL] = {"unsupp_protocol",         "it opens no ports of this transport"          },
    [PCP_USER_EX_QUOTA] = {"user_ex_quota",           "this machine has as many ports as it may have"},
    [PCP_CANNOT_PROVIDE_EXTERNAL] = {"cannot_provide_external", "the outer port is taken"                      },
    [PCP_ADDRESS_MISMATCH] = {"address_mismatch",        "another router stands between"                },
    [PCP_EXCESSIVE_REMOTE_PEERS] = {"excessive_remote_peers",  "too many peers were named"                    },
    [PCP_OTHER_RESULT] = {"other",                   "it refuses by a number that is not known"     },
    [PCP_UNUSABLE] = {"unusable",                "what it opened is of no use"                  },
    [PCP_NO_ANSWER] = {"no_answer",               "it does not answer"                           },
};

const char *pcp_result_name(enum pcp_result r)
{
    return words[r].name;
}

const char *pcp_result_text(enum pcp_result r)
{
    return words[r].text;
}

/* The answer to a WebSocket handshake: RFC 6455 section 4.2.2. */
#include "http/websocket.h"

#include "base/check.h"
#include "codec/base64.h"
#include "http/sha1.h"

void websocket_accept(char out[static WEBSOCKET_ACCEPT_LEN], struct span key)
{
    uint8_t text[SHA1_IN_MAX];
    uint8_t hash[SHA1_LEN];
    struct wr t = wr_init(MSPAN_OF(text));
    wr_bytes(&t, key);
    /* SPEC RFC6455 §"4.2.2. Sending the Server's Opening Handshake": the key's text, this constant, SHA-1, base64. */
    wr_str(&t, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    check(wr_ok(&t)); /* the head parser lets only keys of 24 characters through */
    sha1(hash, span_of(text, t.n));
    struct wr w = wr_init(mspan_of(out, WEBSOCKET_ACCEPT_LEN));
    base64_encode(&w, BASE64_STD, SPAN_OF(hash));
    check(w.n == WEBSOCKET_ACCEPT_LEN);
}

/* Multibase: multiformats/multibase. */
#include "codec/multibase.h"

#include "codec/base16.h"
#include "codec/base32.h"
#include "codec/base36.h"
#include "codec/base58.h"
#include "codec/base64.h"

void multibase_encode(struct wr *w, enum multibase base, struct span bytes)
{
    wr_u8(w, (uint8_t)base);
    switch (base) {
    case MULTIBASE_BASE16:        base16_encode(w, bytes); break;
    case MULTIBASE_BASE16_UPPER:  base16_encode_upper(w, bytes); break;
    case MULTIBASE_BASE32:        base32_encode(w, BASE32_LOWER, bytes); break;
    case MULTIBASE_BASE32_UPPER:  base32_encode(w, BASE32_UPPER, bytes); break;
    case MULTIBASE_BASE36:        base36_encode(w, bytes); break;
    case MULTIBASE_BASE58BTC:     base58_encode(w, bytes); break;
    case MULTIBASE_BASE64:        base64_encode(w, BASE64_STD_BARE, bytes); break;
    case MULTIBASE_BASE64_PAD:    base64_encode(w, BASE64_STD, bytes); break;
    case MULTIBASE_BASE64URL:     base64_encode(w, BASE64_URL_BARE, bytes); break;
    case MULTIBASE_BASE64URL_PAD: base64_encode(w, BASE64_URL, bytes); break;
    }
}

enum err multibase_decode(struct wr *w, struct span text)
{
    if (text.n == 0) {
        return ERR_MALFORMED;
    }
    struct span rest = span_from(text, 1);
    switch (text.p[0]) {
    case MULTIBASE_BASE16:
    case MULTIBASE_BASE16_UPPER:  return base16_decode(w, rest);
    case MULTIBASE_BASE32:        return base32_decode(w, BASE32_LOWER, rest);
    case MULTIBASE_BASE32_UPPER:  return base32_decode(w, BASE32_UPPER, rest);
    case MULTIBASE_BASE36:        return base36_decode(w, rest);
    case MULTIBASE_BASE58BTC:     return base58_decode(w, rest);
    case MULTIBASE_BASE64:        return base64_decode(w, BASE64_STD_BARE, rest);
    case MULTIBASE_BASE64_PAD:    return base64_decode(w, BASE64_STD, rest);
    case MULTIBASE_BASE64URL:     return base64_decode(w, BASE64_URL_BARE, rest);
    case MULTIBASE_BASE64URL_PAD: return base64_decode(w, BASE64_URL, rest);
    default:                      return ERR_UNSUPPORTED;
    }
}

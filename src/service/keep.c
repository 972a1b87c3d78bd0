/* Sealed vaults that a server keeps. */
#include "service/keep.h"

size_t service_kept_len(enum service_type type)
{
    switch ((int)type) {
    case SERVICE_CAPSULE_NONCE: return SERVICE_NONCE_LEN;
    case SERVICE_CAPSULE_PUT:   return SERVICE_KEPT_UNTIL_LEN;
    case SERVICE_CAPSULE_GET:   return SERVICE_CAPSULE_LEN;
    default:                    return 0;
    }
}

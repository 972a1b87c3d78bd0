#ifndef P2P_TLS_WEB_TEST_H
#define P2P_TLS_WEB_TEST_H

/* Certificates and keys for tests, of nobody: a CA; a server of a.example, *.w.example, localhost, 127.0.0.1 and ::1; one of
 * b.example; and one of a.example and localhost whose time is over. All P-256, from 2020 to 2119, or to 2021. */

#define TLS_WEB_TEST_CA                                                                            \
    "-----BEGIN CERTIFICATE-----\n"                                                                \
    "MIIBazCCARCgAwIBAgIUDRXojj7u6DFxqD22hTDjIXsP86EwCgYIKoZIzj0EAwIw\n"                           \
    "EjEQMA4GA1UEAwwHdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAw\n"                           \
    "MDAwMFowEjEQMA4GA1UEAwwHdGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"                           \
    "A0IABOdoVO4EDBHh8D8SW5owupCN/uzU37uxH2up7kN+fGujz2g8HqN2BXqVTkAS\n"                           \
    "iWqb4PYjrDqT6sHOw5qfRIiXitmjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P\n"                           \
    "AQH/BAQDAgIEMB0GA1UdDgQWBBT3WkzN6HUPQsFWDNIloF7aSB/htzAKBggqhkjO\n"                           \
    "PQQDAgNJADBGAiEArLnKrMp7VGWEDX4Y4qaYQuhaOnQx6H82ZfVegDWVlx4CIQCV\n"                           \
    "wqevnCoHaeoovWYoj/mN6OWcI5JUZqhk4C8yFR9PVA==\n"                                               \
    "-----END CERTIFICATE-----\n"

#define TLS_WEB_TEST_GOOD                                                                          \
    "-----BEGIN CERTIFICATE-----\n"                                                                \
    "MIIBzzCCAXWgAwIBAgIUP+CoCF/MTDNvebUe5Qmm2rHsy2owCgYIKoZIzj0EAwIw\n"                           \
    "EjEQMA4GA1UEAwwHdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTE5MDEwMTAw\n"                           \
    "MDAwMFowDzENMAsGA1UEAwwEZ29vZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA\n"                           \
    "BJ9ARA3Vy1X8CffmG+QKMLZ8B2CeaP23uBch8iUAjIIUE84y732eqFDd9nWo/fvL\n"                           \
    "4TpF9+4DMR7DRUEk9I7EBICjgakwgaYwRAYDVR0RBD0wO4IJYS5leGFtcGxlggsq\n"                           \
    "LncuZXhhbXBsZYIJbG9jYWxob3N0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMBMG\n"                           \
    "A1UdJQQMMAoGCCsGAQUFBwMBMAkGA1UdEwQCMAAwHQYDVR0OBBYEFAK8zbrixZfm\n"                           \
    "7P+5X5yXDAICRr8tMB8GA1UdIwQYMBaAFPdaTM3odQ9CwVYM0iWgXtpIH+G3MAoG\n"                           \
    "CCqGSM49BAMCA0gAMEUCIQCkpChGzo8SwlYMVioEUHcD6J5MgwQZ5fsOC8loZdYx\n"                           \
    "cQIgW2uU1x4Fy1c44f/ClUNs1rh+M1sUcmXYHpF3ZwbrOAc=\n"                                           \
    "-----END CERTIFICATE-----\n"

#define TLS_WEB_TEST_GOOD_KEY                                                                      \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPTSBgjxDjP2/iOku\n"                           \
    "N2iZwU/UbMxUYMZp3XXua+twGcqhRANCAASfQEQN1ctV/An35hvkCjC2fAdgnmj9\n"                           \
    "t7gXIfIlAIyCFBPOMu99nqhQ3fZ1qP37y+E6RffuAzEew0VBJPSOxASA\n"                                   \
    "-----END PRIVATE KEY-----\n"

#define TLS_WEB_TEST_OTHER                                                                         \
    "-----BEGIN CERTIFICATE-----\n"                                                                \
    "MIIBnTCCAUSgAwIBAgIUOVY9lKHsO3pcrVh4BsnQXFvkveIwCgYIKoZIzj0EAwIw\n"                           \
    "EjEQMA4GA1UEAwwHdGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTE5MDEwMTAw\n"                           \
    "MDAwMFowEDEOMAwGA1UEAwwFb3RoZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"                           \
    "AASBgPHFR8UIS2O3DeF9G0WoQIF+7PgSMN62E3oS+TJ3c18T2CT2B9lKwFrKS/j/\n"                           \
    "buOd95jHH0JwtiMNyeV6cRDHo3gwdjAUBgNVHREEDTALggliLmV4YW1wbGUwEwYD\n"                           \
    "VR0lBAwwCgYIKwYBBQUHAwEwCQYDVR0TBAIwADAdBgNVHQ4EFgQU4NW54Gus84ir\n"                           \
    "llmvI/nYoGB710QwHwYDVR0jBBgwFoAU91pMzeh1D0LBVgzSJaBe2kgf4bcwCgYI\n"                           \
    "KoZIzj0EAwIDRwAwRAIgJ+QlZvQDrmI99vq2MS/cF+xwP32oAcRFhmTcmrdXbNAC\n"                           \
    "IFaNexrAnqg4+vmpLqwgkNmYRt8bTGL/dldKvxMR+clO\n"                                               \
    "-----END CERTIFICATE-----\n"

#define TLS_WEB_TEST_OTHER_KEY                                                                     \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAWsZCX/LJulCLd5q\n"                           \
    "8e8l/o7zgv7mZB8l6v5iS5rhhomhRANCAASBgPHFR8UIS2O3DeF9G0WoQIF+7PgS\n"                           \
    "MN62E3oS+TJ3c18T2CT2B9lKwFrKS/j/buOd95jHH0JwtiMNyeV6cRDH\n"                                   \
    "-----END PRIVATE KEY-----\n"

#define TLS_WEB_TEST_EXPIRED                                                                       \
    "-----BEGIN CERTIFICATE-----\n"                                                                \
    "MIIBqzCCAVGgAwIBAgIUHEk7u4N9esBFdUN/pQUqhiwXH/QwCgYIKoZIzj0EAwIw\n"                           \
    "EjEQMA4GA1UEAwwHdGVzdCBDQTAeFw0yMDAxMDEwMDAwMDBaFw0yMTAxMDEwMDAw\n"                           \
    "MDBaMBIxEDAOBgNVBAMMB2V4cGlyZWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"                           \
    "AAQqMP2BxF4A7jmgyWpexwnaWuBWwE0lFc/cP+JX0jHR2E50EL1zYTzf9PPOO7CE\n"                           \
    "8Yka8FRRDCIGr7rIEPPxZVxpo4GEMIGBMB8GA1UdEQQYMBaCCWEuZXhhbXBsZYIJ\n"                           \
    "bG9jYWxob3N0MBMGA1UdJQQMMAoGCCsGAQUFBwMBMAkGA1UdEwQCMAAwHQYDVR0O\n"                           \
    "BBYEFFT8y8xVDogLOkFzU7+48DYjBK8sMB8GA1UdIwQYMBaAFPdaTM3odQ9CwVYM\n"                           \
    "0iWgXtpIH+G3MAoGCCqGSM49BAMCA0gAMEUCIHxcsyqNiMwpHA0yUEpXJn8J16Zb\n"                           \
    "12F1vfeSUMyVhJhfAiEA0COW6jPSx4M5w15WOpNlqK7qoA6LIbAAE1Jpcnv867o=\n"                           \
    "-----END CERTIFICATE-----\n"

#define TLS_WEB_TEST_EXPIRED_KEY                                                                   \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKQh0TIwIq3Fb+B7h\n"                           \
    "NCkk8hMoHKD0wMDHWQ2xaILA27ehRANCAAQqMP2BxF4A7jmgyWpexwnaWuBWwE0l\n"                           \
    "Fc/cP+JX0jHR2E50EL1zYTzf9PPOO7CE8Yka8FRRDCIGr7rIEPPxZVxp\n"                                   \
    "-----END PRIVATE KEY-----\n"

#endif

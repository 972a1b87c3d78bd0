/* A message is expanded to four numbers, two pairs; each pair is mapped to a curve of three times as many maps that has
 * points at all coordinates wanted, from there to the curve of G2, and their sum is brought into the group. */
#include "beacon/hash_to_g2.h"

#include "base/check.h"
#include "crypto/hash.h"

#include <string.h>

enum {
    BLOCK_LEN = 64,  /* of SHA-256: what it takes in at once */
    NUMBER_LEN = 64, /* bytes for each number, so that its remainder is even enough */
    NUMBERS = 4,
    BLOCKS = NUMBERS * NUMBER_LEN / 32,
};

/* SPEC RFC9380 §8.8.2: the curve y^2 = x^3 + Ax + B with A = 240u and B = 1012(1 + u), and Z = -(2 + u). */
static const struct fp2 iso_a = {
    .c1 = {{0xe53a000003135242, 0x01080c0fdef80285, 0xe7889edbe340f6bd, 0x0b51375126310601,
            0x02d6985717c744ab, 0x1220b4e979ea5467}}};
static const struct fp2 iso_b = {
    .c0 = {{0x22ea00000cf89db2, 0x6ec832df71380aa4, 0x6e1b94403db5a66e, 0x75bf3c53a79473ba,
            0x3dd3a569412c0a34, 0x125cdb5e74dc4fd1}},
    .c1 = {{0x22ea00000cf89db2, 0x6ec832df71380aa4, 0x6e1b94403db5a66e, 0x75bf3c53a79473ba,
            0x3dd3a569412c0a34, 0x125cdb5e74dc4fd1}}};
static const struct fp2 iso_z = {
    .c0 = {{0x87ebfffffff9555c, 0x656fffe5da8ffffa, 0x0fd0749345d33ad2, 0xd951e663066576f4,
            0xde291a3d41e980d3, 0x0815664c7dfe040d}},
    .c1 = {{0x43f5fffffffcaaae, 0x32b7fff2ed47fffd, 0x07e83a49a2e99d69, 0xeca8f3318332bb7a,
            0xef148d1ea0f4c069, 0x040ab3263eff0206}}};
static const struct fp two_256 = {
    {0x075b3cd7c5ce820f, 0x3ec6ba621c3edb0b, 0x168a13d82bff6bce, 0x87663c4bf8c449d2,
     0x15f34c83ddc8d830, 0x0f9628b49caa2e85}
};

/* SPEC RFC9380 §E.3: the isogeny of degree three, lowest powers first. */
enum { ISO_X_NUM = 4, ISO_X_DEN = 3, ISO_Y_NUM = 4, ISO_Y_DEN = 4 };
static const struct fp2 iso_x_num[ISO_X_NUM] = {
    {.c0 = {{0x47f671c71ce05e62, 0x06dd57071206393e, 0x7c80cd2af3fd71a2, 0x048103ea9e6cd062,
             0xc54516acc8d037f6, 0x13808f550920ea41}},
     .c1 = {{0x47f671c71ce05e62, 0x06dd57071206393e, 0x7c80cd2af3fd71a2, 0x048103ea9e6cd062,
             0xc54516acc8d037f6, 0x13808f550920ea41}}},
    {.c1 = {{0x5fe55555554c71d0, 0x873fffdd236aaaa3, 0x6a6b4619b26ef918, 0x21c2888408874945,
             0x2836cda7028cabc5, 0x0ac73310a7fd5abd}}},
    {.c0 = {{0x0a0c5555555971c3, 0xdb0c00101f9eaaae, 0xb1fb2f941d797997, 0xd3960742ef416e1c,
             0xb70040e2c20556f4, 0x149d7861e581393b}},
     .c1 = {{0xaff2aaaaaaa638e8, 0x439fffee91b55551, 0xb535a30cd9377c8c, 0x90e144420443a4a2,
             0x941b66d3814655e2, 0x0563998853fead5e}}},
    {.c0 = {{0x40aac71c71c725ed, 0x190955557a84e38e, 0xd817050a8f41abc3, 0xd86485d4c87f6fb1,
             0x696eb479f885d059, 0x198e1a74328002d2}}},
};
static const struct fp2 iso_x_den[ISO_X_DEN] = {
    {.c1 = {{0x1f3affffff13ab97, 0xf25bfc611da3ff3e, 0xca3757cb3819b208, 0x3e6427366f8cec18,
             0x03977bc86095b089, 0x04f69db13f39a952}}},
    {.c0 = {{0x447600000027552e, 0xdcb8009a43480020, 0x6f7ee9ce4a6e8b59, 0xb10330b7c0a95bc6,
             0x6140b1fcfb1e54b7, 0x0381be097f0bb4e1}},
     .c1 = {{0x7588ffffffd8557d, 0x41f3ff646e0bffdf, 0xf7b1e8d2ac426aca, 0xb3741acd32dbb6f8,
             0xe9daf5b9482d581f, 0x167f53e0ba7431b8}}},
    {.c0 = {{0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba, 0x77ce585370525745,
             0x5c071a97a256ec6d, 0x15f65ec3fa80e493}}},
};
static const struct fp2 iso_y_num[ISO_Y_NUM] = {
    {.c0 = {{0x96d8f684bdfc77be, 0xb530e4f43b66d0e2, 0x184a88ff379652fd, 0x57cb23ecfae804e1,
             0x0fd2e39eada3eba9, 0x08c8055e31c5d5c3}},
     .c1 = {{0x96d8f684bdfc77be, 0xb530e4f43b66d0e2, 0x184a88ff379652fd, 0x57cb23ecfae804e1,
             0x0fd2e39eada3eba9, 0x08c8055e31c5d5c3}}},
    {.c1 = {{0xbf0a71c71c91b406, 0x4d6d55d28b7638fd, 0x9d82f98e5f205aee, 0xa27aa27b1d1a18d5,
             0x02c3b2b2d2938e86, 0x0c7d13420b09807f}}},
    {.c0 = {{0xd7f9555555531c74, 0x21cffff748daaaa8, 0x5a9ad1866c9bbe46, 0x4870a2210221d251,
             0x4a0db369c0a32af1, 0x02b1ccc429ff56af}},
     .c1 = {{0xe205aaaaaaac8e37, 0xfcdc000768795556, 0x0c96011a8a1537dd, 0x1c06a963f163406e,
             0x010df44c82a881e6, 0x174f45260f808feb}}},
    {.c0 = {{0xa470bda12f67f35c, 0xc0fe38e23327b425, 0xc9d3d0f2c6f0678d, 0x1c55c9935b5a982e,
             0x27f6c0e2f0746764, 0x117c5e6e28aa9054}}},
};
static const struct fp2 iso_y_den[ISO_Y_DEN] = {
    {.c0 = {{0x0162fffffa765adf, 0x8f7bea480083fb75, 0x561b3c2259e93611, 0x11e19fc1a9c875d5,
             0xca713efc00367660, 0x03c6a03d41da1151}},
     .c1 = {{0x0162fffffa765adf, 0x8f7bea480083fb75, 0x561b3c2259e93611, 0x11e19fc1a9c875d5,
             0xca713efc00367660, 0x03c6a03d41da1151}}},
    {.c1 = {{0x5db0fffffd3b02c5, 0xd713f52358ebfdba, 0x5ea60761a84d161a, 0xbb2c75a34ea6c44a,
             0x0ac6735921c1119b, 0x0ee3d913bdacfbf6}}},
    {.c0 = {{0x66b10000003affc5, 0xcb1400e764ec0030, 0xa73e5eb56fa5d106, 0x8984c913a0fe09a9,
             0x11e10afb78ad7f13, 0x05429d0e3e918f52}},
     .c1 = {{0x534dffffffc4aae6, 0x5397ff174c67ffcf, 0xbff273eb870b251d, 0xdaf2827152870915,
             0x393a9cbaca9e2dc3, 0x14be74dbfaee5748}}},
    {.c0 = {{0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba, 0x77ce585370525745,
             0x5c071a97a256ec6d, 0x15f65ec3fa80e493}}},
};

/* SPEC RFC9380 §5.3.1: expand_message_xmd, for exactly the length that we need. */
static void expand(struct hash32 ret[static BLOCKS], struct span message, struct span domain)
{
    static const uint8_t padding[BLOCK_LEN];
    static const uint8_t length[] = {NUMBERS * NUMBER_LEN >> 8, (NUMBERS * NUMBER_LEN) & 0xff, 0};
    const uint8_t domain_len = (uint8_t)domain.n;
    struct hash32 first;
    sha256_of(&first,
              (const struct span[]){SPAN_OF(padding), message, SPAN_OF(length), domain,
                                    span_of(&domain_len, 1)},
              5);
    uint8_t mixed[32] = {0};
    for (size_t i = 0; i < BLOCKS; i++) {
        const uint8_t number = (uint8_t)(i + 1);
        for (size_t k = 0; k < sizeof mixed; k++) {
            mixed[k] = first.bytes[k] ^ (i > 0 ? ret[i - 1].bytes[k] : 0);
        }
        sha256_of(&ret[i],
                  (const struct span[]){SPAN_OF(mixed), span_of(&number, 1), domain,
                                        span_of(&domain_len, 1)},
                  4);
    }
}

/* SPEC RFC9380 §5.2: a number of 64 bytes, modulo p. Each half is below p. */
static void number_take(struct fp *r, const struct hash32 halves[static 2])
{
    uint8_t bytes[FP_LEN] = {0};
    struct fp high = {{0}};
    struct fp low = {{0}};
    memcpy(bytes + FP_LEN - 32, halves[0].bytes, 32);
    check(fp_decode(&high, bytes) == OK);
    memcpy(bytes + FP_LEN - 32, halves[1].bytes, 32);
    check(fp_decode(&low, bytes) == OK);
    fp_mul(&high, &high, &two_256);
    fp_add(r, &high, &low);
}

static void iso_equation(struct fp2 *r, const struct fp2 *x)
{
    struct fp2 t;
    fp2_sqr(&t, x);
    fp2_add(&t, &t, &iso_a);
    fp2_mul(&t, &t, x);
    fp2_add(r, &t, &iso_b);
}

/* SPEC RFC9380 §6.6.2: one of two candidates is the coordinate of a point; the sign of its other coordinate is that of u. */
static void map_to_iso(struct fp2 *ret_x, struct fp2 *ret_y, const struct fp2 *u)
{
    struct fp2 zuu;
    struct fp2 sum;
    struct fp2 x;
    struct fp2 y;
    fp2_sqr(&zuu, u);
    fp2_mul(&zuu, &zuu, &iso_z);
    fp2_sqr(&sum, &zuu);
    fp2_add(&sum, &sum, &zuu);
    struct fp2 one = {.c0 = fp_one};
    if (fp2_is_zero(&sum)) {
        fp2_mul(&y, &iso_z, &iso_a); /* x = B/(ZA) */
        fp2_inv(&y, &y);
        fp2_mul(&x, &y, &iso_b);
    } else {
        fp2_mul(&y, &sum, &iso_a); /* x = -B(sum + 1)/(sum*A) */
        fp2_inv(&y, &y);
        fp2_add(&sum, &sum, &one);
        fp2_mul(&x, &sum, &iso_b);
        fp2_mul(&x, &x, &y);
        fp2_neg(&x, &x);
    }
    iso_equation(&y, &x);
    if (!fp2_sqrt(&y, &y)) {
        fp2_mul(&x, &x, &zuu);
        iso_equation(&y, &x);
        check(fp2_sqrt(&y, &y)); /* one of the two always has a root */
    }
    if (fp2_is_odd(&y) != fp2_is_odd(u)) {
        fp2_neg(&y, &y);
    }
    *ret_x = x;
    *ret_y = y;
}

static void
polynomial(struct fp2 *r, const struct fp2 *coefficients, size_t count, const struct fp2 *x)
{
    struct fp2 t = coefficients[count - 1];
    for (size_t i = count - 1; i > 0; i--) {
        fp2_mul(&t, &t, x);
        fp2_add(&t, &t, &coefficients[i - 1]);
    }
    *r = t;
}

/* SPEC RFC9380 §E.3: from the other curve to that of G2. A denominator of zero gives infinity by itself, as z is then zero. */
static void iso_to_g2(struct g2_jacobian *r, const struct fp2 *x, const struct fp2 *y)
{
    struct fp2 x_num;
    struct fp2 x_den;
    struct fp2 y_num;
    struct fp2 y_den;
    struct fp2 t;
    polynomial(&x_num, iso_x_num, ISO_X_NUM, x);
    polynomial(&x_den, iso_x_den, ISO_X_DEN, x);
    polynomial(&y_num, iso_y_num, ISO_Y_NUM, x);
    polynomial(&y_den, iso_y_den, ISO_Y_DEN, x);
    fp2_mul(&y_num, &y_num, y);
    /* z = x_den*y_den, so x = x_num*x_den*y_den^2 and y = y_num*x_den^3*y_den^2. */
    fp2_mul(&r->z, &x_den, &y_den);
    fp2_mul(&t, &r->z, &y_den);
    fp2_mul(&r->x, &x_num, &t);
    fp2_mul(&t, &t, &x_den);
    fp2_mul(&t, &t, &x_den);
    fp2_mul(&r->y, &y_num, &t);
}

enum err hash_to_g2(struct g2 *ret_point, struct span message, struct span domain)
{
    struct hash32 blocks[BLOCKS];
    struct g2_jacobian sum = {0};
    if (domain.n == 0 || domain.n > HASH_TO_G2_DOMAIN_MAX) {
        return ERR_LIMIT;
    }
    expand(blocks, message, domain);
    for (size_t i = 0; i < NUMBERS; i += 2) {
        struct fp2 u;
        struct fp2 x;
        struct fp2 y;
        struct g2_jacobian point;
        number_take(&u.c0, &blocks[2 * i]);
        number_take(&u.c1, &blocks[2 * i + 2]);
        map_to_iso(&x, &y, &u);
        iso_to_g2(&point, &x, &y);
        g2_add(&sum, &sum, &point);
    }
    g2_clear_cofactor(&sum, &sum);
    return g2_affine(ret_point, &sum) ? OK : ERR_UNSUPPORTED;
}

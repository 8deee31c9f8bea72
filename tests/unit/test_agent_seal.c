/* agent/seal: hashes that others have computed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/seal.h"

static struct uk_err err;

/* From the paper of SipHash, appendix A. */
static void
makes_short_hashes(void **state)
{
    unsigned char bytes[16];

    for (unsigned char i = 0; i < sizeof(bytes); i++)
        bytes[i] = i;
    assert_true(uk_seal_short(bytes, bytes, 15) == 0xa129ca6149be45e5u);
}

/* python3: hashlib.blake2b(b'abc', digest_size=32, key=bytes(range(32))) */
static void
makes_macs(void **state)
{
    static const unsigned char wanted[UK_SEAL_HASH] = {
        0xd6, 0x3a, 0x32, 0xd3, 0xe4, 0x47, 0x38, 0xd7, 0x90, 0x7f, 0x96,
        0x43, 0x16, 0xc2, 0x41, 0xad, 0xab, 0xa0, 0xab, 0xfe, 0xab, 0xc3,
        0x23, 0x49, 0x67, 0x75, 0x78, 0xa1, 0x5a, 0x20, 0x3f, 0x7f};
    unsigned char key[UK_SEAL_KEY], mac[UK_SEAL_HASH];

    for (unsigned char i = 0; i < sizeof(key); i++)
        key[i] = i;
    uk_seal_mac(key, "abc", 3, mac);
    assert_memory_equal(mac, wanted, sizeof(wanted));
    key[31] ^= 1;
    uk_seal_mac(key, "abc", 3, mac);
    assert_memory_not_equal(mac, wanted, sizeof(wanted));
}

static void
stretches(void **state)
{
    unsigned char mac[UK_SEAL_HASH] = {1}, salt[UK_SEAL_SALT] = {2};
    unsigned char a[UK_SEAL_HASH], b[UK_SEAL_HASH];

    assert_int_equal(uk_seal_stretch(mac, salt, a, &err), UK_OK);
    assert_int_equal(uk_seal_stretch(mac, salt, b, &err), UK_OK);
    assert_true(uk_seal_equal(a, b));
    salt[15] ^= 1;
    assert_int_equal(uk_seal_stretch(mac, salt, b, &err), UK_OK);
    assert_false(uk_seal_equal(a, b));
    salt[15] ^= 1;
    mac[31] ^= 1;
    assert_int_equal(uk_seal_stretch(mac, salt, b, &err), UK_OK);
    assert_false(uk_seal_equal(a, b));
}

static void
gets_random_numbers(void **state)
{
    unsigned char a[32] = {0}, b[32] = {0};

    assert_int_equal(uk_seal_random(a, sizeof(a), &err), UK_OK);
    assert_int_equal(uk_seal_random(b, sizeof(b), &err), UK_OK);
    assert_memory_not_equal(a, b, sizeof(a));
}

static int
start(void **state)
{
    return uk_seal_start(&err) == UK_OK ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_short_hashes),
        cmocka_unit_test(makes_macs),
        cmocka_unit_test(stretches),
        cmocka_unit_test(gets_random_numbers),
    };

    return cmocka_run_group_tests_name("agent_seal", tests, start, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of coherent VRAM's place
 *
 * What vsvm_coherent.c takes for a range, and for one that nobody has.
 */

#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/vsvm_hw.h>

#include "../vsvm_coherent.h"

struct text_case {
	const char *text;
	/* Not set: it is none. */
	u64 start, end;
};

static const struct text_case text_cases[] = {
	{ "64M@0x38000000", 0x38000000, 0x3bffffff },
	{ "0x4000000@939524096", 0x38000000, 0x3bffffff },
	{ "2M@2M", 0x200000, 0x3fffff },
	{ "1G@4G", 0x100000000, 0x13fffffff },
	{ "64M@0x38000000\n", 0x38000000, 0x3bffffff },
	{ "2M@0xffffffffffe00000", 0xffffffffffe00000, U64_MAX },
	{ "" }, { "@" }, { "64M" }, { "64M@" }, { "@64M" }, { "64M$2M" }, { "64M@2M@2M" },
	{ "64M@2Mx" }, { "64M @2M" }, { "-2M@2M" }, { "x@y" },
	/* Not made of blocks, or none, or where the kernel would be. */
	{ "1M@2M" }, { "3M@2M" }, { "2M@1M" }, { "2M@0x201000" }, { "0x200001@2M" }, { "0@2M" },
	{ "2M@0" },
	/* Beyond the last address. */
	{ "4M@0xffffffffffe00000" },
};

static void test_parse(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(text_cases); i++) {
		const struct text_case *c = &text_cases[i];
		struct range range = {};

		KUNIT_EXPECT_EQ_MSG(test, vsvm_coherent_parse(c->text, &range),
				    c->end ? 0 : -EINVAL, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, range.start, c->start, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, range.end, c->end, "%s", c->text);
	}
}

static void test_check(struct kunit *test)
{
	const struct range nowhere = { BIT_ULL(51), BIT_ULL(51) + 0x1fffff };
	void *memory = kunit_kzalloc(test, 1, GFP_KERNEL);
	struct range ram;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	ram.start = virt_to_phys(memory) & ~0x1fffffULL;
	ram.end = ram.start + 0x1fffff;
	KUNIT_EXPECT_EQ(test, vsvm_coherent_check(&ram), -EBUSY);
	KUNIT_EXPECT_EQ(test, vsvm_coherent_check(&nowhere), -ENXIO);
}

/* Each device has as much as the others, made of whole blocks, and none has another's. */
static void test_split(struct kunit *test)
{
	const struct range range = { 0x38000000, 0x38000000 + 7 * VSVM_HW_VRAM_BLOCK - 1 };
	struct range part;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, vsvm_coherent_split(&range, 0, 1, &part), 0);
	KUNIT_EXPECT_EQ(test, part.start, range.start);
	KUNIT_EXPECT_EQ(test, part.end, range.end);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, vsvm_coherent_split(&range, i, 3, &part), 0);
		KUNIT_EXPECT_EQ(test, part.start, range.start + i * 2 * VSVM_HW_VRAM_BLOCK);
		KUNIT_EXPECT_EQ(test, range_len(&part), 2 * VSVM_HW_VRAM_BLOCK);
	}
	KUNIT_EXPECT_EQ(test, vsvm_coherent_split(&range, 6, 7, &part), 0);
	KUNIT_EXPECT_EQ(test, part.end, range.end);
	KUNIT_EXPECT_EQ(test, vsvm_coherent_split(&range, 0, 8, &part), -EINVAL);
}

static struct kunit_case coherent_cases[] = {
	KUNIT_CASE(test_parse),
	KUNIT_CASE(test_check),
	KUNIT_CASE(test_split),
	{}
};

static struct kunit_suite coherent_suite = {
	.name = "vsvm-coherent",
	.test_cases = coherent_cases,
};

kunit_test_suite(coherent_suite);

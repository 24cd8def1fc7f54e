// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of arguments
 *
 * What the ioctls take and refuse, as far as it depends on the arguments alone: ranges, bind
 * operations, streams, arrays, waits. vsvm_vm.c, vsvm_bind.c, vsvm_queue.c, vsvm_query.c,
 * vsvm_wait.c.
 */

#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <drm/vsvm_drm.h>

#include "../vsvm_bind.h"
#include "../vsvm_query.h"
#include "../vsvm_queue.h"
#include "../vsvm_vm.h"
#include "../vsvm_wait.h"

#define P(n)	((u64)(n) * PAGE_SIZE)
#define TOP	BIT_ULL(VSVM_VA_BITS)

struct range_case {
	const char *name;
	u64 start, size;
	bool good;
};

static const struct range_case range_cases[] = {
	{ "none", 0, 0, true },
	{ "none, but somewhere", P(1), 0, false },
	{ "none, at the end", TOP, 0, false },
	{ "first page", 0, P(1), true },
	{ "last page", TOP - P(1), P(1), true },
	{ "all", 0, TOP, true },
	{ "more than all", 0, TOP + P(1), false },
	{ "beyond the end", TOP, P(1), false },
	{ "over the end", TOP - P(1), P(2), false },
	{ "far beyond", U64_MAX - P(1) + 1, P(1), false },
	{ "wraps to 0", P(1), U64_MAX - P(1) + 1, false },
	{ "wraps beyond its start", P(2), U64_MAX - P(1) + 1, false },
	{ "start by a byte", 1, P(1), false },
	{ "start by half a page", P(1) / 2, P(1), false },
	{ "size by a byte", 0, P(1) + 1, false },
	{ "less than a page", P(1), P(1) - 1, false },
};

static void test_bo_range(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(range_cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, vsvm_vm_bo_range_ok(range_cases[i].start,
							      range_cases[i].size),
				    range_cases[i].good, "%s", range_cases[i].name);
}

struct bind_case {
	const char *name;
	struct drm_vsvm_bind_op op;
	bool good;
};

#define MAP	.op = DRM_VSVM_BIND_OP_MAP
#define UNMAP	.op = DRM_VSVM_BIND_OP_UNMAP

/* For a range for BOs of the pages 4..7. */
static const struct bind_case bind_cases[] = {
	{ "map all", { MAP, .addr = P(4), .size = P(4) }, true },
	{ "map the first page", { MAP, .addr = P(4), .size = P(1) }, true },
	{ "map the last page", { MAP, .addr = P(7), .size = P(1) }, true },
	{ "map for reading", { MAP, .flags = DRM_VSVM_BIND_READONLY, .addr = P(4), .size = P(1) },
	  true },
	{ "map with a handle and an offset",
	  { MAP, .handle = U32_MAX, .bo_offset = P(9), .addr = P(4), .size = P(1) }, true },
	{ "unmap all", { UNMAP, .addr = P(4), .size = P(4) }, true },
	{ "nothing", { MAP, .addr = P(4) }, false },
	{ "page before", { MAP, .addr = P(3), .size = P(1) }, false },
	{ "from the page before", { MAP, .addr = P(3), .size = P(2) }, false },
	{ "page behind", { MAP, .addr = P(8), .size = P(1) }, false },
	{ "to the page behind", { UNMAP, .addr = P(7), .size = P(2) }, false },
	{ "address 0", { UNMAP, .size = P(1) }, false },
	{ "more than all", { UNMAP, .addr = P(4), .size = P(5) }, false },
	{ "size that wraps", { UNMAP, .addr = P(5), .size = U64_MAX - P(1) + 1 }, false },
	{ "largest address", { UNMAP, .addr = U64_MAX - P(1) + 1, .size = P(1) }, false },
	{ "address by a byte", { MAP, .addr = P(4) + 1, .size = P(1) }, false },
	{ "size by a byte", { MAP, .addr = P(4), .size = P(1) + 1 }, false },
	{ "offset by a byte", { MAP, .addr = P(4), .size = P(1), .bo_offset = 1 }, false },
	{ "less than a page", { MAP, .addr = P(4), .size = 8 }, false },
	{ "pad", { MAP, .addr = P(4), .size = P(1), .pad = 1 }, false },
	{ "unknown flag", { MAP, .flags = DRM_VSVM_BIND_READONLY << 1, .addr = P(4),
			    .size = P(1) }, false },
	{ "last flag", { MAP, .flags = 0x80000000, .addr = P(4), .size = P(1) }, false },
	{ "unmap with a flag", { UNMAP, .flags = DRM_VSVM_BIND_READONLY, .addr = P(4),
				 .size = P(1) }, false },
	{ "unmap with a handle", { UNMAP, .handle = 1, .addr = P(4), .size = P(1) }, false },
	{ "unmap with an offset", { UNMAP, .bo_offset = P(1), .addr = P(4), .size = P(1) }, false },
	{ "no such operation", { .op = 2, .addr = P(4), .size = P(1) }, false },
	{ "last operation", { .op = U32_MAX, .addr = P(4), .size = P(1) }, false },
};

static void test_bind(struct kunit *test)
{
	struct vsvm_vm *vm = kunit_kzalloc(test, sizeof(*vm), GFP_KERNEL);
	struct drm_vsvm_bind_op op = { MAP, .size = P(1) };
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	/* No range for BOs: no operation is in it. */
	KUNIT_EXPECT_EQ(test, vsvm_bind_check(vm, &op), -EINVAL);
	vm->bo_start = P(4);
	vm->bo_end = P(8);
	for (i = 0; i < ARRAY_SIZE(bind_cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, vsvm_bind_check(vm, &bind_cases[i].op),
				    bind_cases[i].good ? 0 : -EINVAL, "%s", bind_cases[i].name);
	/* Everywhere. */
	vm->bo_start = 0;
	vm->bo_end = TOP;
	op.size = TOP;
	KUNIT_EXPECT_EQ(test, vsvm_bind_check(vm, &op), 0);
	op.addr = TOP - P(1);
	KUNIT_EXPECT_EQ(test, vsvm_bind_check(vm, &op), -EINVAL);
	op.size = P(1);
	KUNIT_EXPECT_EQ(test, vsvm_bind_check(vm, &op), 0);
	op.addr = TOP;
	KUNIT_EXPECT_EQ(test, vsvm_bind_check(vm, &op), -EINVAL);
}

/* Alignment alone: what lies where no memory is kills the queue, not the call. */
static void test_streams(struct kunit *test)
{
	struct drm_vsvm_exec_stream streams[3] = {
		{ .addr = U64_MAX - 7, .size = U64_MAX - 7, .fence_addr = U64_MAX - 7 },
	};
	__u64 *const fields[] = { &streams[2].addr, &streams[2].size, &streams[2].fence_addr };
	unsigned int i, bit;

	KUNIT_EXPECT_EQ(test, vsvm_queue_check_streams(streams, 0), 0);
	KUNIT_EXPECT_EQ(test, vsvm_queue_check_streams(streams, 3), 0);
	streams[2].fence_value = U64_MAX;
	KUNIT_EXPECT_EQ(test, vsvm_queue_check_streams(streams, 3), 0);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		for (bit = 0; bit < 64; bit++) {
			*fields[i] = BIT_ULL(bit);
			KUNIT_EXPECT_EQ_MSG(test, vsvm_queue_check_streams(streams, 3),
					    bit < 3 ? -EINVAL : 0, "field %u, bit %u", i, bit);
			/* What is behind the count is not looked at. */
			KUNIT_EXPECT_EQ(test, vsvm_queue_check_streams(streams, 2), 0);
		}
		*fields[i] = 0;
	}
}

struct array_case {
	const char *name;
	u32 count, stride;
	int ret;
};

/* For elements of 16 bytes, of which there may be 4. */
static const struct array_case array_cases[] = {
	{ "none", 0, 16, 0 },
	{ "one", 1, 16, 1 },
	{ "as many as may be", 4, 16, 4 },
	{ "one more", 5, 16, -EINVAL },
	{ "2^32 - 1", U32_MAX, 16, -EINVAL },
	{ "none, too short", 0, 8, -EINVAL },
	{ "no stride", 1, 0, -EINVAL },
	{ "one byte too short", 1, 15, -EINVAL },
	{ "too short", 1, 8, -EINVAL },
	{ "not a multiple of 8", 1, 20, -EINVAL },
	{ "longer", 2, 24, 2 },
	{ "as long as a page", 2, PAGE_SIZE, 2 },
	{ "longer than a page", 2, PAGE_SIZE + 8, -EINVAL },
	{ "2^32 - 8", 2, U32_MAX - 7, -EINVAL },
};

static void test_array(struct kunit *test)
{
	unsigned long user = kunit_vm_mmap(test, NULL, 0, P(2), PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	struct drm_vsvm_array array;
	unsigned int i, j;
	u64 *elements;
	u64 word;

	KUNIT_ASSERT_NE(test, user, 0);
	for (i = 0; i < ARRAY_SIZE(array_cases); i++) {
		const struct array_case *c = &array_cases[i];

		KUNIT_ASSERT_EQ(test, clear_user((void __user *)user, P(2)), 0);
		for (j = 0; c->ret > 0 && j < c->count; j++) {
			word = 100 + j;
			KUNIT_ASSERT_EQ(test, put_user(word, (u64 __user *)(user + j * c->stride +
									    8)), 0);
		}
		array = (struct drm_vsvm_array) { user, c->count, c->stride };
		elements = vsvm_array_get(&array, 16, 4);
		if (c->ret <= 0) {
			KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(elements), c->ret, "%s", c->name);
			KUNIT_EXPECT_TRUE_MSG(test, IS_ERR_OR_NULL(elements), "%s", c->name);
			continue;
		}
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, elements);
		for (j = 0; j < c->count; j++) {
			KUNIT_EXPECT_EQ_MSG(test, elements[2 * j], 0, "%s", c->name);
			KUNIT_EXPECT_EQ_MSG(test, elements[2 * j + 1], 100 + j, "%s", c->name);
		}
		kvfree(elements);
	}
}

/* What a newer program says beyond our elements must be nothing, in each of them. */
static void test_array_beyond(struct kunit *test)
{
	unsigned long user = kunit_vm_mmap(test, NULL, 0, P(1), PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	struct drm_vsvm_array array = { .ptr = user, .count = 2, .stride = 32 };
	static const u8 bad[] = { 16, 31, 48, 63 };
	void *elements;
	unsigned int i;

	KUNIT_ASSERT_NE(test, user, 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_ASSERT_EQ(test, clear_user((void __user *)user, 64), 0);
		KUNIT_ASSERT_EQ(test, put_user(1, (u8 __user *)(user + bad[i])), 0);
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(vsvm_array_get(&array, 16, 4)), -E2BIG,
				    "byte %u", bad[i]);
	}
	KUNIT_ASSERT_EQ(test, clear_user((void __user *)user, 64), 0);
	/* The first element is in the page, and the second is not. */
	array.ptr = user + P(1) - 16;
	array.stride = 16;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vsvm_array_get(&array, 16, 4)), -EFAULT);
	array.count = 1;
	elements = vsvm_array_get(&array, 16, 4);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, elements);
	if (!IS_ERR(elements))
		kvfree(elements);
	array.ptr = U64_MAX - 7;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vsvm_array_get(&array, 16, 4)), -EFAULT);
}

/* A program gets as much as it has room for, and is told how much that was. */
static void test_answer(struct kunit *test)
{
	unsigned long user = kunit_vm_mmap(test, NULL, 0, P(1), PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	static const struct {
		u64 room, written;
	} cases[] = { { 0, 0 }, { 1, 1 }, { 15, 15 }, { 16, 16 }, { 17, 16 }, { U64_MAX, 16 } };
	static const char answer[16] = "0123456789abcde";
	char got[24];
	unsigned int i;
	u64 size;

	KUNIT_ASSERT_NE(test, user, 0);
	size = 5;
	KUNIT_EXPECT_EQ(test, vsvm_query_answer(0, &size, answer, 16), 0);
	KUNIT_EXPECT_EQ(test, size, 16);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[24] = {};

		memcpy(want, answer, cases[i].written);
		KUNIT_ASSERT_EQ(test, clear_user((void __user *)user, sizeof(got)), 0);
		size = cases[i].room;
		KUNIT_EXPECT_EQ(test, vsvm_query_answer(user, &size, answer, 16), 0);
		KUNIT_EXPECT_EQ(test, size, cases[i].written);
		KUNIT_ASSERT_EQ(test, copy_from_user(got, (void __user *)user, sizeof(got)), 0);
		KUNIT_EXPECT_MEMEQ_MSG(test, got, want, sizeof(got), "room for %llu",
				       cases[i].room);
	}
	size = 16;
	KUNIT_EXPECT_EQ(test, vsvm_query_answer(user + P(1) - 8, &size, answer, 16), -EFAULT);
}

static void test_wait(struct kunit *test)
{
	/* For EQ, NE, GE, GT, LE, LT. */
	static const u32 ops[] = {
		DRM_VSVM_WAIT_EQ, DRM_VSVM_WAIT_NE, DRM_VSVM_WAIT_GE,
		DRM_VSVM_WAIT_GT, DRM_VSVM_WAIT_LE, DRM_VSVM_WAIT_LT,
	};
	static const struct {
		u64 memory, value, mask;
		bool want[6];
	} cases[] = {
		{ 0, 0, U64_MAX, { 1, 0, 1, 0, 1, 0 } },
		{ 1, 0, U64_MAX, { 0, 1, 1, 1, 0, 0 } },
		{ 0, 1, U64_MAX, { 0, 1, 0, 0, 1, 1 } },
		/* There is no sign. */
		{ U64_MAX, 0, U64_MAX, { 0, 1, 1, 1, 0, 0 } },
		{ BIT_ULL(63), BIT_ULL(63) - 1, U64_MAX, { 0, 1, 1, 1, 0, 0 } },
		{ U64_MAX, U64_MAX, U64_MAX, { 1, 0, 1, 0, 1, 0 } },
		/* A wider word than 32 bits. */
		{ BIT_ULL(32), 1, U64_MAX, { 0, 1, 1, 1, 0, 0 } },
		/* Bits that do not count, on either side. */
		{ 5, U64_MAX, 0, { 1, 0, 1, 0, 1, 0 } },
		{ 0x1ff, 0xff, 0xff, { 1, 0, 1, 0, 1, 0 } },
		{ 0xff, 0x1ff, 0xff, { 1, 0, 1, 0, 1, 0 } },
		{ 0x100, 0xff, 0xff, { 0, 1, 0, 0, 1, 1 } },
	};
	unsigned int i, op;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (op = 0; op < ARRAY_SIZE(ops); op++) {
			const struct drm_vsvm_wait_user_fence args = {
				.op = ops[op], .value = cases[i].value, .mask = cases[i].mask,
			};

			KUNIT_EXPECT_EQ_MSG(test, vsvm_wait_satisfied(&args, cases[i].memory),
					    cases[i].want[op], "case %u, op %u", i, op);
		}
	}
}

/* Never too short, never for ever unless asked for, and nothing for what is past. */
static void test_timeout(struct kunit *test)
{
	const s64 now = NSEC_PER_SEC, jiffy = NSEC_PER_SEC / HZ;

	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(S64_MIN, now), 0);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(-1, now), 0);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(0, now), 0);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(now - 1, now), 0);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(now, now), 0);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(now + 1, now), 1);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(now + jiffy, now), 2);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(now + 10 * jiffy, now), 11);
	KUNIT_EXPECT_EQ(test, vsvm_wait_jiffies(S64_MAX, now), MAX_SCHEDULE_TIMEOUT);
	KUNIT_EXPECT_LT(test, vsvm_wait_jiffies(S64_MAX - 1, 0), MAX_SCHEDULE_TIMEOUT);
	KUNIT_EXPECT_GT(test, vsvm_wait_jiffies(S64_MAX - 1, 0), 200LL * 365 * 24 * 3600 * HZ);
}

static struct kunit_case uapi_cases[] = {
	KUNIT_CASE(test_bo_range),
	KUNIT_CASE(test_bind),
	KUNIT_CASE(test_streams),
	KUNIT_CASE(test_array),
	KUNIT_CASE(test_array_beyond),
	KUNIT_CASE(test_answer),
	KUNIT_CASE(test_wait),
	KUNIT_CASE(test_timeout),
	{}
};

static struct kunit_suite uapi_suite = {
	.name = "vsvm-uapi",
	.test_cases = uapi_cases,
};

kunit_test_suite(uapi_suite);

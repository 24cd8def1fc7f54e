// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of whose fault it is
 *
 * Which records of a batch are the BOs', how those end, and which errors kill, vsvm_fault.c. The VM
 * is one without queues, file or process.
 */

#include <kunit/test.h>
#include <linux/xarray.h>

#include "../svm/svm.h"
#include "../vsvm_fault.h"
#include "../vsvm_vm.h"
#include "vsvm_test.h"

#define P(n)	((u64)(n) * PAGE_SIZE)
#define TOP	VSVM_TEST_END

struct fixture {
	struct vsvm_vm vm;
	struct vsvm_test_pt dev;
};

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	vsvm_test_pt_init(test, &f->dev, &f->vm.pt);
	mutex_init(&f->vm.bind_lock);
	xa_init(&f->vm.queues);
	/* Compared with NULL and never followed. */
	f->vm.mm = (struct mm_struct *)f;
	f->vm.bo_start = P(4);
	f->vm.bo_end = P(8);
	test->priv = f;
	return 0;
}

static void map(struct kunit *test, u64 addr, bool write)
{
	struct fixture *f = test->priv;
	u64 leaf = vsvm_test_leaf(&f->dev, 0, write);

	vsvm_test_map(test, &f->dev, addr, &leaf, 1);
}

static struct vsvm_svm_fault record(u64 addr, u8 access)
{
	return (struct vsvm_svm_fault) { .hw = { .addr = addr, .access = access } };
}

/* The process's come to the front, each once; the BOs' are served. */
static void test_split(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_svm_fault batch[] = {
		record(P(4), VSVM_ACCESS_READ),
		record(P(4) - 1, VSVM_ACCESS_READ),
		record(P(8) - 1, VSVM_ACCESS_READ),
		record(P(8), VSVM_ACCESS_READ),
		record(0, VSVM_ACCESS_READ),
		record(P(6), VSVM_ACCESS_READ),
		record(TOP - 1, VSVM_ACCESS_READ),
	};
	u64 sum = 0;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, vsvm_fault_serve_bos(&f->vm, batch, ARRAY_SIZE(batch)), 4);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_FALSE(test, batch[i].hw.addr >= P(4) && batch[i].hw.addr < P(8));
		KUNIT_EXPECT_EQ(test, batch[i].error, VSVM_ERROR_NONE);
		sum += batch[i].hw.addr;
	}
	KUNIT_EXPECT_EQ(test, sum, P(4) - 1 + P(8) + 0 + TOP - 1);
	for (sum = 0; i < ARRAY_SIZE(batch); i++) {
		KUNIT_EXPECT_EQ(test, batch[i].error, VSVM_ERROR_UNMAPPED);
		sum += batch[i].hw.addr;
	}
	KUNIT_EXPECT_EQ(test, sum, P(4) + P(8) - 1 + P(6));
}

static void test_split_ends(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_svm_fault batch[] = {
		record(0, VSVM_ACCESS_READ), record(TOP - 1, VSVM_ACCESS_READ),
	};

	KUNIT_EXPECT_EQ(test, vsvm_fault_serve_bos(&f->vm, batch, 0), 0);
	KUNIT_EXPECT_EQ(test, vsvm_fault_serve_bos(&f->vm, batch, 2), 2);
	/* No range for BOs: everything is the process's. */
	f->vm.bo_start = 0;
	f->vm.bo_end = 0;
	KUNIT_EXPECT_EQ(test, vsvm_fault_serve_bos(&f->vm, batch, 2), 2);
	/* Without a process it is the other way round, whatever the range. */
	f->vm.mm = NULL;
	KUNIT_EXPECT_EQ(test, vsvm_fault_serve_bos(&f->vm, batch, 2), 0);
	/* And so if the range is all there is. */
	f->vm.mm = (struct mm_struct *)f;
	f->vm.bo_end = TOP;
	KUNIT_EXPECT_EQ(test, vsvm_fault_serve_bos(&f->vm, batch, 2), 0);
}

/* What is bound by now is no error, if it allows the access. */
static void test_bound(struct kunit *test)
{
	/* For pages that are not bound, bound for reading, bound for writing. */
	static const struct {
		u8 access;
		u32 want[3];
	} cases[] = {
		{ VSVM_ACCESS_READ, { VSVM_ERROR_UNMAPPED, 0, 0 } },
		{ VSVM_ACCESS_PREFETCH, { VSVM_ERROR_UNMAPPED, 0, 0 } },
		{ VSVM_ACCESS_WRITE, { VSVM_ERROR_UNMAPPED, VSVM_ERROR_PERMISSION, 0 } },
		{ VSVM_ACCESS_ATOMIC, { VSVM_ERROR_UNMAPPED, VSVM_ERROR_PERMISSION, 0 } },
	};
	struct fixture *f = test->priv;
	unsigned int i, page;

	map(test, P(5), false);
	map(test, P(6), true);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (page = 0; page < 3; page++) {
			struct vsvm_svm_fault fault = record(P(5 + page) - 1, cases[i].access);

			KUNIT_EXPECT_EQ(test, vsvm_fault_serve_bos(&f->vm, &fault, 1), 0);
			KUNIT_EXPECT_EQ_MSG(test, fault.error, cases[i].want[page],
					    "access %u, page %u", cases[i].access, page);
		}
	}
}

struct report_case {
	const char *name;
	u32 error;
	u8 access;
	bool ahead;
	u64 replay;
	bool kills;
};

/* When the last replay was number 5. */
static const struct report_case report_cases[] = {
	{ "no error", 0, VSVM_ACCESS_READ, false, 5, false },
	{ "read", VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, false, 5, true },
	{ "write", VSVM_ERROR_PERMISSION, VSVM_ACCESS_WRITE, false, 5, true },
	{ "atomic", VSVM_ERROR_BUS, VSVM_ACCESS_ATOMIC, false, 5, true },
	{ "prefetch", VSVM_ERROR_UNMAPPED, VSVM_ACCESS_PREFETCH, false, 5, false },
	{ "ahead", VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE, true, 5, false },
	{ "before the last replay", VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, false, 4, false },
	{ "long before", VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, false, 0, false },
	{ "after the last replay", VSVM_ERROR_UNMAPPED, VSVM_ACCESS_READ, false, 6, true },
};

static void test_report(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, failed = 0;

	f->vm.faults.replay = 5;
	for (i = 0; i < ARRAY_SIZE(report_cases); i++) {
		const struct report_case *c = &report_cases[i];
		struct vsvm_svm_fault batch[2] = { {}, record(0, c->access) };

		batch[1].error = c->error;
		batch[1].hw.ahead = c->ahead;
		batch[1].hw.replay = c->replay;
		failed += c->kills;
		vsvm_fault_report(&f->vm, batch, 2);
		KUNIT_EXPECT_EQ_MSG(test, f->vm.faults.failed, failed, "%s", c->name);
		/* What is behind the count is not looked at. */
		vsvm_fault_report(&f->vm, batch, 1);
		KUNIT_EXPECT_EQ(test, f->vm.faults.failed, failed);
	}
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(test_split),
	KUNIT_CASE(test_split_ends),
	KUNIT_CASE(test_bound),
	KUNIT_CASE(test_report),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "vsvm-fault",
	.init = setup,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);

// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of what a fault may have
 *
 * The steps of svm/svm_fault.c and svm/svm_pages.c that need no process: which VMAs are refused,
 * which pages serve, which pages around them are looked at, and when a larger leaf does.
 */

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hmm.h>
#include <linux/magic.h>
#include <linux/mm.h>

#include "../svm/svm.h"
#include "../svm/svm_fault.h"
#include "../svm/svm_pages.h"

#define P(n)	((u64)(n) * PAGE_SIZE)
#define BLOCK	VSVM_PT_BLOCK_SIZE
#define WINDOW	P(VSVM_AROUND_MAX)
#define TOP	BIT_ULL(VSVM_VA_BITS)

struct vma_case {
	const char *name;
	vm_flags_t flags;
	u32 read, write;
};

#define UNSUPPORTED	VSVM_ERROR_UNSUPPORTED
#define PERMISSION	VSVM_ERROR_PERMISSION

static const struct vma_case vma_cases[] = {
	{ "nothing allowed", 0, PERMISSION, PERMISSION },
	{ "read", VM_READ, 0, PERMISSION },
	{ "read, write", VM_READ | VM_WRITE, 0, 0 },
	{ "write only", VM_WRITE, PERMISSION, PERMISSION },
	{ "execute only", VM_EXEC, PERMISSION, PERMISSION },
	{ "may become readable", VM_MAYREAD | VM_MAYWRITE, PERMISSION, PERMISSION },
	{ "shared, all", VM_READ | VM_WRITE | VM_EXEC | VM_SHARED, 0, 0 },
	{ "I/O", VM_READ | VM_WRITE | VM_IO, UNSUPPORTED, UNSUPPORTED },
	{ "PFN map", VM_READ | VM_WRITE | VM_PFNMAP, UNSUPPORTED, UNSUPPORTED },
	/* What it is comes before what it allows. */
	{ "I/O, nothing allowed", VM_IO, UNSUPPORTED, UNSUPPORTED },
	{ "mixed map", VM_READ | VM_WRITE | VM_MIXEDMAP, 0, 0 },
	{ "locked", VM_READ | VM_WRITE | VM_LOCKED, 0, 0 },
	{ "stack", VM_READ | VM_WRITE | VM_GROWSDOWN, 0, 0 },
};

static void test_vma(struct kunit *test)
{
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vma);
	for (i = 0; i < ARRAY_SIZE(vma_cases); i++) {
		const struct vma_case *c = &vma_cases[i];

		vm_flags_init(vma, c->flags);
		KUNIT_EXPECT_EQ_MSG(test, vsvm_svm_vma_error(vma, false), c->read, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, vsvm_svm_vma_error(vma, true), c->write, "%s", c->name);
	}
	/* Where there are no shadow stacks the flag is 0. */
	vm_flags_init(vma, VM_READ | VM_WRITE | VM_SHADOW_STACK);
	KUNIT_EXPECT_EQ(test, vsvm_svm_vma_error(vma, false), 0);
	KUNIT_EXPECT_EQ(test, vsvm_svm_vma_error(vma, true), VM_SHADOW_STACK ? PERMISSION : 0);
	KUNIT_EXPECT_EQ(test, vsvm_svm_vma_error(NULL, false), VSVM_ERROR_UNMAPPED);
	KUNIT_EXPECT_EQ(test, vsvm_svm_vma_error(NULL, true), VSVM_ERROR_UNMAPPED);
}

/* A file is a file like others, unless its file system is that of secret memory. */
static void test_vma_secret(struct kunit *test)
{
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);
	struct super_block *sb = kunit_kzalloc(test, sizeof(*sb), GFP_KERNEL);
	struct inode *inode = kunit_kzalloc(test, sizeof(*inode), GFP_KERNEL);
	struct file *file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, vma && sb && inode && file);
	vm_flags_init(vma, VM_READ | VM_WRITE);
	inode->i_sb = sb;
	file->f_inode = inode;
	vma->vm_file = file;
	sb->s_magic = TMPFS_MAGIC;
	KUNIT_EXPECT_EQ(test, vsvm_svm_vma_error(vma, true), 0);
	sb->s_magic = SECRETMEM_MAGIC;
	KUNIT_EXPECT_EQ(test, vsvm_svm_vma_error(vma, false), UNSUPPORTED);
	KUNIT_EXPECT_EQ(test, vsvm_svm_vma_error(vma, true), UNSUPPORTED);
}

static void test_pfn(struct kunit *test)
{
	static const struct {
		unsigned long pfn;
		bool read, write;
	} cases[] = {
		{ 0, false, false },
		{ 5, false, false },
		{ HMM_PFN_VALID, true, false },
		{ HMM_PFN_VALID | HMM_PFN_WRITE, true, true },
		{ HMM_PFN_WRITE, false, false },
		{ HMM_PFN_ERROR, false, false },
		{ HMM_PFN_ERROR | HMM_PFN_VALID, false, false },
		{ HMM_PFN_ERROR | HMM_PFN_VALID | HMM_PFN_WRITE, false, false },
		{ HMM_PFN_VALID | HMM_PFN_WRITE | 0xffff, true, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, vsvm_pages_serves(cases[i].pfn, false), cases[i].read,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, vsvm_pages_serves(cases[i].pfn, true), cases[i].write,
				    "case %u", i);
	}
}

struct window_case {
	const char *name;
	struct vsvm_span run, bounds, want;
};

static const struct window_case window_cases[] = {
	{ "first page", { 0, P(1) }, { 0, TOP }, { 0, WINDOW } },
	{ "last page", { TOP - P(1), TOP }, { 0, TOP }, { TOP - WINDOW, TOP } },
	{ "last page of a window", { WINDOW - P(1), WINDOW }, { 0, TOP }, { 0, WINDOW } },
	{ "first page of the next", { WINDOW, WINDOW + P(1) }, { 0, TOP }, { WINDOW, 2 * WINDOW } },
	{ "over two windows", { WINDOW - P(1), WINDOW + P(1) }, { 0, TOP }, { 0, 2 * WINDOW } },
	{ "a whole block", { BLOCK, 2 * BLOCK }, { 0, TOP }, { BLOCK, 2 * BLOCK } },
	{ "last page of a block", { 2 * BLOCK - P(1), 2 * BLOCK }, { 0, TOP },
	  { 2 * BLOCK - WINDOW, 2 * BLOCK } },
	{ "first page of a block", { BLOCK, BLOCK + P(1) }, { 0, TOP }, { BLOCK, BLOCK + WINDOW } },
	{ "bounds of the page alone", { P(5), P(6) }, { P(5), P(6) }, { P(5), P(6) } },
	{ "bounds cut before", { P(5), P(6) }, { P(4), TOP }, { P(4), WINDOW } },
	{ "bounds cut behind", { P(5), P(6) }, { 0, P(7) }, { 0, P(7) } },
	{ "bounds of the window", { P(5), P(6) }, { 0, WINDOW }, { 0, WINDOW } },
	{ "bounds a page wider", { WINDOW + P(5), WINDOW + P(6) },
	  { WINDOW - P(1), 2 * WINDOW + P(1) }, { WINDOW, 2 * WINDOW } },
};

static void test_window(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(window_cases); i++) {
		const struct window_case *c = &window_cases[i];
		struct vsvm_request req = { .start = c->run.start, .end = c->run.end };
		struct vsvm_span got = vsvm_pages_window(&req, VSVM_AROUND_MAX, c->bounds);

		KUNIT_EXPECT_EQ_MSG(test, got.start, c->want.start, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, got.end, c->want.end, "%s", c->name);
		KUNIT_EXPECT_LE(test, (got.end - got.start) >> PAGE_SHIFT, VSVM_SVM_RUN_PAGES);
	}
}

/* What HMM says of a page that is mapped with 2^order pages at once. */
static unsigned long hmm_pfn(u64 phys, unsigned int order, unsigned long flags)
{
	return PHYS_PFN(phys) | (unsigned long)order << HMM_PFN_ORDER_SHIFT | HMM_PFN_VALID | flags;
}

/* Of a page in system memory. */
static u64 block_leaf(unsigned long pfn, u64 addr, struct vsvm_span bounds)
{
	return vsvm_pages_block_leaf(NULL, pfn, addr, bounds);
}

static void test_block(struct kunit *test)
{
	/* Nothing looks at the memory: any block will do. */
	const u64 phys = 8 * BLOCK, write = VSVM_PTE_WRITE | VSVM_PTE_ATOMIC;
	const struct vsvm_span all = { 0, TOP };
	unsigned long pfn = hmm_pfn(phys, 9, HMM_PFN_WRITE);

	KUNIT_EXPECT_EQ(test, block_leaf(pfn, 3 * BLOCK, all),
			phys | VSVM_PTE_VALID | write);
	KUNIT_EXPECT_EQ(test, block_leaf(hmm_pfn(phys, 9, 0), 3 * BLOCK, all),
			phys | VSVM_PTE_VALID);
	/* Every page of it leads to its start. */
	KUNIT_EXPECT_EQ(test, block_leaf(hmm_pfn(phys + P(511), 9, 0), 4 * BLOCK - P(1), all),
			phys | VSVM_PTE_VALID);
	/* Smaller, and larger. */
	KUNIT_EXPECT_EQ(test, block_leaf(hmm_pfn(phys, 8, 0), 3 * BLOCK, all), 0);
	KUNIT_EXPECT_EQ(test, block_leaf(hmm_pfn(phys, 0, 0), 3 * BLOCK, all), 0);
	KUNIT_EXPECT_EQ(test, block_leaf(hmm_pfn(phys, 18, 0), 3 * BLOCK, all),
			phys | VSVM_PTE_VALID);
	/* As the block lies in memory it does not lie in the address space. */
	KUNIT_EXPECT_EQ(test, block_leaf(pfn, 3 * BLOCK + P(1), all), 0);
	KUNIT_EXPECT_EQ(test, block_leaf(hmm_pfn(phys + P(1), 9, 0), 3 * BLOCK, all), 0);
	/* At either end of the space. */
	KUNIT_EXPECT_NE(test, block_leaf(pfn, 0, all), 0);
	KUNIT_EXPECT_NE(test, block_leaf(pfn, TOP - BLOCK, all), 0);
}

static void test_block_bounds(struct kunit *test)
{
	static const struct {
		struct vsvm_span bounds;
		bool good;
	} cases[] = {
		{ { BLOCK, 2 * BLOCK }, true },
		{ { BLOCK - P(1), 2 * BLOCK + P(1) }, true },
		{ { BLOCK + P(1), 2 * BLOCK }, false },
		{ { BLOCK, 2 * BLOCK - P(1) }, false },
		{ { BLOCK + P(5), BLOCK + P(6) }, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, !!block_leaf(hmm_pfn(8 * BLOCK + P(5), 9, 0),
						       BLOCK + P(5), cases[i].bounds),
				    cases[i].good, "case %u", i);
}

/* A request in the midst of a block, with what is mapped beside it. */
static void test_window_beside(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int around, before;
		bool behind;
		struct vsvm_span want;
	} cases[] = {
		{ "nothing", 16, 0, false, { BLOCK + P(112), BLOCK + P(128) } },
		{ "a page before", 16, 1, false, { BLOCK + P(120), BLOCK + P(128) } },
		{ "a window before", 16, 64, false, { BLOCK + P(120), BLOCK + P(128) } },
		{ "much before", 16, 128, false, { BLOCK + P(120), BLOCK + P(256) } },
		{ "as much as there may be", 16, 256, false, { BLOCK + P(120), 2 * BLOCK } },
		{ "a page behind", 16, 0, true, { BLOCK + P(112), BLOCK + P(121) } },
		{ "on both sides", 64, 256, true, { BLOCK + P(120), BLOCK + P(121) } },
	};
	const struct vsvm_span all = { 0, TOP };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vsvm_request req = {
			.start = BLOCK + P(120),
			.end = BLOCK + P(121),
			.before = cases[i].before,
			.behind = cases[i].behind,
		};
		struct vsvm_span got = vsvm_pages_window(&req, cases[i].around, all);

		KUNIT_EXPECT_EQ_MSG(test, got.start, cases[i].want.start, "%s", cases[i].name);
		KUNIT_EXPECT_EQ_MSG(test, got.end, cases[i].want.end, "%s", cases[i].name);
	}
}

/* How the window of the next fault follows from what was beside this one. */
static void test_around(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int around, before;
		bool behind;
		unsigned int want;
	} cases[] = {
		{ "alone", 64, 0, false, 32 },
		{ "alone, smallest", 16, 0, false, 16 },
		{ "goes on", 16, 1, false, 32 },
		{ "goes on, largest", 64, 64, false, 64 },
		{ "goes on downwards", 32, 0, true, 64 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vsvm_request req = { .before = cases[i].before, .behind = cases[i].behind };

		KUNIT_EXPECT_EQ_MSG(test, vsvm_pages_around(cases[i].around, &req), cases[i].want,
				    "%s", cases[i].name);
	}
}

static struct kunit_case svm_fault_cases[] = {
	KUNIT_CASE(test_vma),
	KUNIT_CASE(test_vma_secret),
	KUNIT_CASE(test_pfn),
	KUNIT_CASE(test_window),
	KUNIT_CASE(test_window_beside),
	KUNIT_CASE(test_around),
	KUNIT_CASE(test_block),
	KUNIT_CASE(test_block_bounds),
	{}
};

static struct kunit_suite svm_fault_suite = {
	.name = "vsvm-svm-fault",
	.test_cases = svm_fault_cases,
};

kunit_test_suite(svm_fault_suite);

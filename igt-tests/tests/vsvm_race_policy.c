// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race policy
 * Description: Policies, attributes and prefetches against what changes memory meanwhile
 */
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("Policies, attributes and prefetches against what changes memory meanwhile");

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define PAGES	16
#define SIZE	(PAGES * PAGE)
#define ONLY_2M	DRM_VSVM_PAGE_SIZE_2M
#define WRITE	DRM_VSVM_PREFETCH_WRITE

static int call_page_size(struct call *c)
{
	return __vsvm_page_size(c->t->ctx.fd, c->t->ctx.vm, c->p, c->size, ONLY_2M);
}

static int call_unregister(struct call *c)
{
	return __vsvm_register(c->t->ctx.fd, c->t->ctx.vm, vsvm_ptr(c->p), c->size,
			       DRM_VSVM_REGISTER_REMOVE);
}

/* @to gets what was done */
static int call_prefetch(struct call *c)
{
	return __vsvm_prefetch(c->t->ctx.fd, c->t->ctx.vm, c->p, c->size, WRITE, c->to);
}

static void expect_return(struct call *c, int ret)
{
	igt_assert_eq(pthread_join(c->thread, NULL), 0);
	igt_assert_eq(c->ret, ret);
}

static void policy_init(struct svm *t, int fd, uint32_t policy, uint64_t window)
{
	uint32_t vm;

	vsvm_hold_release_all();
	igt_assert_eq(__vsvm_vm_create_policy(fd, policy, window, 0, 0, &vm), 0);
	svm_init_vm(t, fd, vm);
}

static uint8_t *small_block(void)
{
	uint8_t *p = svm_buffer(VSVM_2M);

	igt_assert_eq(madvise(p, VSVM_2M, MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, VSVM_2M / PAGE, 1);
	return p;
}

/* Something else is mapped before anybody has looked what became of the memory */
static void test_inherit(int fd, bool fixed)
{
	struct vsvm_hold hold;
	uint8_t *p = small_block();
	struct svm t;

	race_init(&t, fd);
	igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, VSVM_2M, ONLY_2M), 0);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, "update");
	if (!fixed)
		vsvm_unmap(p, VSVM_2M);
	svm_map_at(p, VSVM_2M);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_NOHUGEPAGE), 0);
	vsvm_hold_wait(&hold);
	svm_write(&t, p + 3 * PAGE, 7);
	igt_assert_eq_u64(*(uint64_t *)(p + 3 * PAGE), 7);
	/* and the new memory may have the same wish, which the update leaves alone */
	igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, VSVM_2M, ONLY_2M), 0);
	igt_assert(vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_PAGE_SIZE);
	svm_fini(&t);
	svm_buffer_free(p, VSVM_2M);
}

/*
 * The same, when the fault has already begun: it waits for another invalidation of its interval,
 * which has many mappings
 */
static void test_inherit_begun(int fd)
{
	uint8_t *p = small_block(), *other = svm_buffer(PAGE);
	struct call c = { .fn = call_dontneed, .p = other, .size = PAGE };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	policy_init(&t, fd, DRM_VSVM_INTERVAL_POLICY_MM, 0);
	svm_settle(&t);
	*other = 1;
	igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, VSVM_2M, ONLY_2M), 0);
	race_arm(&hold, &t, "invalidated", other, PAGE);
	call_start(&c);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	seqno = race_read(&t, p);
	race_wait_faults(&t, &before, 1);
	usleep(100000);
	svm_map_at(p, VSVM_2M);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_NOHUGEPAGE), 0);
	*(uint64_t *)p = 99;
	vsvm_hold_release(&hold);
	call_finish(&c);
	race_expect_value(&t, seqno, 99);
	svm_fini(&t);
	svm_buffer_free(other, PAGE);
	svm_buffer_free(p, VSVM_2M);
}

/* Its memory goes while the interval for an attribute is being made */
static void test_set_gone(int fd, size_t keep)
{
	struct call c = { .fn = call_page_size, .size = SIZE / 2 };
	struct vsvm_hold hold;
	struct svm t;

	vsvm_require_vma_policy();
	c.p = svm_buffer(SIZE);
	c.t = &t;
	race_init(&t, fd);
	race_arm(&hold, &t, "fault-cover", c.p, SIZE);
	call_start(&c);
	vsvm_hold_wait(&hold);
	vsvm_unmap((uint8_t *)c.p + keep, SIZE - keep);
	vsvm_hold_release(&hold);
	expect_return(&c, keep ? 0 : -ENOENT);
	vsvm_vm_sync(fd, t.ctx.vm);
	if (keep)
		svm_expect_interval(&t, c.p, keep);
	else
		igt_assert_eq(svm_intervals_in(&t, c.p, SIZE, NULL, 0), 0);
	svm_fini(&t);
	svm_buffer_free(c.p, SIZE);
}

/* Pages that were small when the fault looked, and are not any more */
static void test_grown_pages(int fd)
{
	struct drm_vsvm_vm_stats before;
	uint8_t *p = small_block();
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, VSVM_2M, ONLY_2M), 0);
	race_arm(&hold, &t, "fault-pages", p, PAGE);
	before = svm_stats(&t);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_HUGEPAGE), 0);
	igt_assert_eq(madvise(p, VSVM_2M, MADV_DONTNEED), 0);
	*(uint64_t *)p = 5;
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 5);
	igt_assert_lt_u64(before.leaves_2m, svm_stats(&t).leaves_2m);
	svm_fini(&t);
	svm_buffer_free(p, VSVM_2M);
}

static int call_page_size_4k(struct call *c)
{
	return __vsvm_page_size(c->t->ctx.fd, c->t->ctx.vm, c->p, c->size, DRM_VSVM_PAGE_SIZE_4K);
}

/* A large page of the CPU's, or none: then there is nothing to be seen here */
static uint8_t *large_block(void)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	uint8_t *p = svm_buffer(VSVM_2M);

	igt_assert_eq(madvise(p, VSVM_2M, MADV_HUGEPAGE), 0);
	svm_number_pages(p, VSVM_2M / PAGE, 1);
	while (madvise(p, VSVM_2M, MADV_COLLAPSE)) {
		igt_require_f(vsvm_now() < deadline, "no page of 2M: %m\n");
		usleep(10000);
	}
	return p;
}

/*
 * The fault has found that a large page may be mapped, and has it in hand. Who asks for small ones
 * has none but such when his call returns
 */
static void test_set_fault_first(int fd)
{
	uint8_t *p = large_block();
	struct call c = { .fn = call_page_size_4k, .p = p, .size = VSVM_2M };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	race_init(&t, fd);
	c.t = &t;
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-pages", p, PAGE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	call_start(&c);
	usleep(50000);
	igt_assert(!call_is_done(&c));
	vsvm_hold_release(&hold);
	expect_return(&c, 0);
	race_expect_value(&t, seqno, 1);
	igt_assert_eq_u64(svm_stats(&t).leaves_2m, before.leaves_2m + 1);
	svm_expect_pages(&t, p, VSVM_2M / PAGE, 1);
	igt_assert_eq_u64(svm_stats(&t).pages_2m, before.pages_2m);
	igt_assert_eq_u64(svm_stats(&t).leaves_2m, before.leaves_2m + 1);
	svm_fini(&t);
	svm_buffer_free(p, VSVM_2M);
}

/* The call is at work when the fault comes, which goes by what is said by then */
static void test_set_call_first(int fd)
{
	uint8_t *p = large_block();
	struct call c = { .fn = call_page_size_4k, .p = p, .size = VSVM_2M };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	vsvm_require_vma_policy();
	race_init(&t, fd);
	c.t = &t;
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-cover", p, VSVM_2M);
	call_start(&c);
	vsvm_hold_wait(&hold);
	seqno = race_read(&t, p);
	race_wait_faults(&t, &before, 1);
	usleep(50000);
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	vsvm_hold_release(&hold);
	expect_return(&c, 0);
	race_expect_value(&t, seqno, 1);
	svm_expect_pages(&t, p, VSVM_2M / PAGE, 1);
	igt_assert_eq_u64(svm_stats(&t).leaves_2m, before.leaves_2m);
	svm_fini(&t);
	svm_buffer_free(p, VSVM_2M);
}

/* When it is told to: a thread cannot be made while mmap_lock is held */
static int call_prefetch_then(struct call *c)
{
	race_wait_word((uint32_t *)&c->prot, 1);
	return call_prefetch(c);
}

/*
 * The memory goes, and is out of the GPU's reach. A prefetch waits until it is gone: what it would
 * find before is about to be freed
 */
static void test_prefetch_cpu_first(int fd)
{
	uint64_t done = 1;
	struct call c = { .fn = call_prefetch_then, .size = SIZE, .to = &done };
	struct call gone = { .fn = call_munmap, .size = SIZE };
	struct vsvm_hold hold, update;
	struct drm_vsvm_vm_stats before;
	struct svm t;

	c.p = svm_buffer(SIZE);
	gone.p = c.p;
	c.t = &t;
	race_init(&t, fd);
	svm_number_pages(c.p, PAGES, 1);
	svm_expect_pages(&t, c.p, PAGES, 1);
	race_arm(&hold, &t, "invalidated", c.p, SIZE);
	/* or the prefetch waits for that one */
	vsvm_hold_arm(&update, fd, t.ctx.vm, "update");
	call_start(&c);
	call_start(&gone);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	__atomic_store_n(&c.prot, 1, __ATOMIC_SEQ_CST);
	usleep(50000);
	igt_assert(!call_is_done(&c));
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	vsvm_hold_release(&hold);
	vsvm_hold_release(&update);
	call_finish(&gone);
	expect_return(&c, -EFAULT);
	igt_assert_eq_u64(done, 0);
	vsvm_vm_sync(fd, t.ctx.vm);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	svm_expect_error(&t, c.p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
	svm_buffer_free(c.p, SIZE);
}

/* In the background: the memory goes, and the fence comes */
static void test_async_munmap(int fd)
{
	uint64_t *fence = svm_buffer(PAGE);
	struct drm_vsvm_vm_stats before;
	uint8_t *p = svm_buffer(SIZE);
	struct vsvm_hold hold;
	struct svm t;

	race_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-pages", p, SIZE);
	igt_assert_eq(__vsvm_prefetch_async(fd, t.ctx.vm, p, SIZE, WRITE, fence, 1), 0);
	vsvm_hold_wait(&hold);
	vsvm_unmap(p, SIZE);
	igt_assert_eq_u64(READ_ONCE(*fence), 0);
	vsvm_hold_release(&hold);
	igt_assert_eq(__vsvm_wait(fd, 0, fence, 1, VSVM_WAIT_NS), 0);
	vsvm_vm_sync(fd, t.ctx.vm);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
	svm_buffer_free(fence, PAGE);
}

/* The memory goes when the prefetch has it in hand */
static void test_prefetch_munmap(int fd)
{
	uint64_t done = 1;
	struct call c = { .fn = call_prefetch, .size = SIZE, .to = &done };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	struct svm t;

	c.p = svm_buffer(SIZE);
	c.t = &t;
	race_init(&t, fd);
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-pages", c.p, SIZE);
	call_start(&c);
	vsvm_hold_wait(&hold);
	vsvm_unmap(c.p, SIZE);
	vsvm_hold_release(&hold);
	expect_return(&c, -EFAULT);
	igt_assert_eq_u64(done, 0);
	vsvm_vm_sync(fd, t.ctx.vm);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	svm_fini(&t);
	svm_buffer_free(c.p, SIZE);
}

/* Pages change under it: it gets what is there then */
static void test_prefetch_change(int fd)
{
	uint64_t done = 0;
	struct call c = { .fn = call_prefetch, .size = SIZE, .to = &done };
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	struct svm t;

	c.p = svm_buffer(SIZE);
	c.t = &t;
	race_init(&t, fd);
	svm_number_pages(c.p, PAGES, 1);
	race_arm(&hold, &t, "fault-pages", c.p, SIZE);
	call_start(&c);
	vsvm_hold_wait(&hold);
	svm_map_at(c.p, SIZE);
	svm_number_pages(c.p, PAGES, 100);
	vsvm_hold_release(&hold);
	expect_return(&c, 0);
	igt_assert_eq_u64(done, SIZE);
	before = svm_stats(&t);
	svm_expect_pages(&t, c.p, PAGES, 100);
	igt_assert_eq_u64(svm_stats(&t).faults, before.faults);
	svm_fini(&t);
	svm_buffer_free(c.p, SIZE);
}

/* The VM is destroyed under a prefetch, which notices at the next block */
static void test_prefetch_destroy(int fd)
{
	const size_t size = 64ull << 20;
	uint64_t done = 1;
	struct call c = { .fn = call_prefetch, .size = size, .to = &done };
	struct vsvm_hold hold;
	struct svm t = {};

	c.p = svm_buffer(size);
	c.t = &t;
	t.ctx.fd = fd;
	t.ctx.vm = vsvm_vm_create(fd);
	race_arm(&hold, &t, "fault-pages", c.p, size);
	call_start(&c);
	vsvm_hold_wait(&hold);
	vsvm_vm_destroy(fd, t.ctx.vm);
	expect_return(&c, -ENOENT);
	igt_assert_eq_u64(done, VSVM_2M);
	vsvm_hold_release_all();
	svm_expect_no_vms(fd, getpid());
	svm_buffer_free(c.p, size);
}

/* The same in the background: the fence comes, and with it the end */
static void test_async_destroy(int fd)
{
	const size_t size = 64ull << 20;
	uint64_t *fence = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(size);
	struct vsvm_hold hold;
	struct svm t = {};

	t.ctx.fd = fd;
	t.ctx.vm = vsvm_vm_create(fd);
	race_arm(&hold, &t, "fault-pages", p, size);
	igt_assert_eq(__vsvm_prefetch_async(fd, t.ctx.vm, p, size, WRITE, fence, 1), 0);
	vsvm_hold_wait(&hold);
	igt_assert_eq_u64(READ_ONCE(*fence), 0);
	vsvm_vm_destroy(fd, t.ctx.vm);
	igt_assert_eq(__vsvm_wait(fd, 0, fence, 1, VSVM_WAIT_NS), 0);
	vsvm_hold_release_all();
	svm_expect_no_vms(fd, getpid());
	svm_buffer_free(p, size);
	svm_buffer_free(fence, PAGE);
}

/* Ranges that are left when the VM goes are left alone, however many */
static void test_async_ranges(int fd)
{
	const unsigned int count = 1024;
	uint64_t *fence = svm_buffer(PAGE);
	uint8_t *p = svm_buffer(count * PAGE);
	unsigned char resident[1024];
	struct drm_vsvm_range ranges[1024];
	struct drm_vsvm_vm_prefetch args = {
		.flags = WRITE | DRM_VSVM_PREFETCH_ASYNC,
		.ranges = { vsvm_ptr(ranges), count, sizeof(ranges[0]) },
		.fence_addr = vsvm_ptr(fence),
		.fence_value = 1,
	};
	unsigned int pages = 0;
	struct vsvm_hold hold;
	struct svm t = {};

	igt_assert_eq(madvise(p, count * PAGE, MADV_NOHUGEPAGE), 0);
	for (unsigned int i = 0; i < count; i++)
		ranges[i] = (struct drm_vsvm_range){ vsvm_ptr(p + i * PAGE), PAGE };
	t.ctx.fd = fd;
	t.ctx.vm = vsvm_vm_create(fd);
	args.vm_id = t.ctx.vm;
	race_arm(&hold, &t, "fault-pages", p, count * PAGE);
	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_PREFETCH, &args), 0);
	vsvm_hold_wait(&hold);
	vsvm_vm_destroy(fd, t.ctx.vm);
	igt_assert_eq(__vsvm_wait(fd, 0, fence, 1, VSVM_WAIT_NS), 0);
	igt_assert_eq(mincore(p, count * PAGE, resident), 0);
	for (unsigned int i = 0; i < count; i++)
		pages += resident[i] & 1;
	igt_assert_eq(pages, 1);
	vsvm_hold_release_all();
	svm_buffer_free(p, count * PAGE);
	svm_buffer_free(fence, PAGE);
}

/* A range is removed under a fault: what that maps does not outlive the removal */
static void test_unregister(int fd)
{
	struct call c = { .fn = call_unregister, .size = SIZE };
	struct drm_vsvm_queue_query state;
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	int ret;

	c.p = svm_buffer(SIZE);
	c.t = &t;
	policy_init(&t, fd, DRM_VSVM_INTERVAL_POLICY_REGISTERED, 0);
	igt_assert_eq(__vsvm_register(fd, t.ctx.vm, vsvm_ptr(c.p), SIZE, 0), 0);
	svm_number_pages(c.p, PAGES, 1);
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-pages", c.p, SIZE);
	seqno = race_read(&t, c.p);
	vsvm_hold_wait(&hold);
	call_start(&c);
	usleep(50000);
	igt_assert(!call_is_done(&c));
	vsvm_hold_release(&hold);
	expect_return(&c, 0);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	/* the access came before the removal, or after it */
	ret = __vsvm_wait(fd, t.ctx.queue, t.ctx.fence, seqno, VSVM_WAIT_NS);
	if (ret) {
		igt_assert_eq(ret, -EIO);
		vsvm_queue_query(fd, t.ctx.queue, &state);
		igt_assert_eq_u32(state.error, VSVM_ERROR_UNREGISTERED);
		igt_assert_eq_u64(state.addr, vsvm_ptr(c.p));
		vsvm_ctx_new_queue(&t.ctx);
	} else {
		igt_assert_eq_u64(t.scratch[0], 1);
	}
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	svm_expect_error(&t, c.p, VSVM_ACCESS_READ, VSVM_ERROR_UNREGISTERED);
	svm_fini(&t);
	svm_buffer_free(c.p, SIZE);
}

/* A window was found empty, and is not when its interval goes */
static void test_window_refilled(int fd)
{
	uint8_t *p = vsvm_map_aligned(VSVM_2M, VSVM_2M);
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;

	policy_init(&t, fd, DRM_VSVM_INTERVAL_POLICY_WINDOW, VSVM_2M);
	svm_settle(&t);
	svm_write(&t, p, 1);
	vsvm_vm_sync(fd, t.ctx.vm);
	race_arm(&hold, &t, "update-vmas", p, VSVM_2M);
	before = svm_stats(&t);
	vsvm_unmap(p, VSVM_2M);
	vsvm_hold_wait(&hold);
	svm_map_at(p, VSVM_2M);
	*(uint64_t *)p = 2;
	seqno = race_read(&t, p);
	race_wait_faults(&t, &before, 1);
	igt_assert_eq(svm_intervals_in(&t, p, VSVM_2M, NULL, 0), 1);
	vsvm_hold_release(&hold);
	race_expect_value(&t, seqno, 2);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_interval(&t, p, VSVM_2M);
	/* it hears what happens now */
	svm_map_at(p, VSVM_2M);
	igt_assert_eq_u64(svm_read(&t, p), 0);
	svm_fini(&t);
	vsvm_unmap(p, VSVM_2M);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	for (int i = 0; i < 2; i++) {
		igt_describe("Memory mapped in place of other has its page size until an update");
		igt_subtest_f("inherit-%s", i ? "fixed" : "munmap")
			test_inherit(fd, i);
	}
	igt_describe("Memory mapped in place of other while a fault waits inherits its page size");
	igt_subtest("inherit-begun")
		test_inherit_begun(fd);
	igt_describe("An interval made for an attribute stays when its memory has gone");
	igt_subtest("set-gone")
		test_set_gone(fd, 0);
	igt_describe("An interval made for an attribute stays too large for what is mapped");
	igt_subtest("set-shrunk")
		test_set_gone(fd, SIZE / 2);
	igt_describe("An access dies of small pages that are no longer there");
	igt_subtest("grown-pages")
		test_grown_pages(fd);
	igt_describe("A page size is set, and a fault that had begun maps another one for good");
	igt_subtest("set-fault-first")
		test_set_fault_first(fd);
	igt_describe("A fault that came while a page size was being set does not go by it");
	igt_subtest("set-call-first")
		test_set_call_first(fd);
	igt_describe("A prefetch maps pages that were unmapped under it");
	igt_subtest("prefetch-munmap")
		test_prefetch_munmap(fd);
	igt_describe("A prefetch maps pages that are just being unmapped");
	igt_subtest("prefetch-munmap-cpu-first")
		test_prefetch_cpu_first(fd);
	igt_describe("A prefetch in the background maps unmapped pages, or has no end");
	igt_subtest("async-munmap")
		test_async_munmap(fd);
	igt_describe("A prefetch maps pages that were replaced under it");
	igt_subtest("prefetch-change")
		test_prefetch_change(fd);
	igt_describe("A prefetch goes on for a VM that was destroyed");
	igt_subtest("prefetch-destroy")
		test_prefetch_destroy(fd);
	igt_describe("A prefetch in the background keeps a destroyed VM, or its fence never comes");
	igt_subtest("async-destroy")
		test_async_destroy(fd);
	igt_describe("A prefetch in the background allocates memory for a VM that was destroyed");
	igt_subtest("async-ranges")
		test_async_ranges(fd);
	igt_describe("A removal returns while a fault under way still maps pages of its range");
	igt_subtest("unregister")
		test_unregister(fd);
	igt_describe("A window's interval goes, and what is mapped in it again is not heard of");
	igt_subtest("window-refilled")
		test_window_refilled(fd);

	igt_fixture()
		vsvm_hold_teardown(fd);
}

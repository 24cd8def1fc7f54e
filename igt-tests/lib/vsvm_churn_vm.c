// SPDX-License-Identifier: MIT
/*
 * Operations of vsvm_churn by which the process says something of its memory: to the VM (prefetch,
 * page size, registration), or to the kernel (mlock).
 *
 * Page sizes of 4K, or whatever is there, are never in the way of an access, so the model does not
 * know them. Who wants 2M and nothing else dies of it where the range is smaller: that is tried,
 * and taken back, within one operation. So is a registration that is removed.
 */
#include "vsvm_churn_gpu.h"
#include "vsvm_churn_ops.h"

#define PAGE		VSVM_PAGE_SIZE

/* Copies that were or were not made are made now */
static void settle(struct churn_thread *t, unsigned int a, unsigned int n)
{
	for (unsigned int i = a; i < a + n; i++)
		if (!churn_error(&t->m, i, true))
			churn_settle(t, i);
}

/* To VRAM, to the system, or (twice as often) to neither */
static uint32_t prefetch_flags(const struct churn_op *op)
{
	static const uint32_t to[] = {
		0, 0, DRM_VSVM_PREFETCH_TO_VRAM, DRM_VSVM_PREFETCH_TO_SYSTEM,
	};

	return to[op->bits >> 44 & 3] | (op->bits >> 32 & 1 ? DRM_VSVM_PREFETCH_WRITE : 0);
}

static int prefetch(struct churn_thread *t, unsigned int a, unsigned int n, uint32_t flags,
		    uint64_t *done)
{
	int ret;

	do {
		ret = __vsvm_prefetch(t->churn->config.fd, t->churn->vm, churn_addr(&t->m, a),
				      n * PAGE, flags, done);
	} while (ret == -EINTR);
	return ret;
}

void churn_do_prefetch(struct churn_thread *t)
{
	const unsigned int a = t->op.a, n = t->op.n;
	const bool write = t->op.bits >> 32 & 1;
	const unsigned int good = churn_run(&t->m, a, n, write);
	uint64_t done = 0;
	int ret = prefetch(t, a, n, prefetch_flags(&t->op), &done);

	churn_check(t, ret == (good < n ? -EFAULT : 0) && done == good * PAGE,
		    "prefetch of pages %u..%u for %s: %s, %llu bytes, expected %s of %u pages", a,
		    a + n - 1, write ? "writing" : "reading", strerror(-ret), (long long)done,
		    good < n ? "no more than" : "all", good);
	for (unsigned int i = a; write && i < a + good; i++)
		churn_copy(&t->m, i);
	churn_burst_step(t);
	if (write)
		settle(t, a + good, n - good);
}

/* In the background, while what it is about changes. The fence comes, whatever it has met */
void churn_do_prefetch_async(struct churn_thread *t)
{
	const bool write = t->op.bits >> 32 & 1;
	uint64_t *fence = &t->fences[3];
	const uint64_t value = *fence + 1;
	int ret;

	if (write)
		settle(t, t->op.a, t->op.n);
	ret = __vsvm_prefetch_async(t->churn->config.fd, t->churn->vm, churn_addr(&t->m, t->op.a),
				    t->op.n * PAGE, prefetch_flags(&t->op), fence, value);
	churn_check(t, !ret, "prefetch in the background: %s", strerror(-ret));
	switch (t->op.bits >> 33 & 3) {
	case 1:
		churn_do_munmap(t);
		break;
	case 2:
		churn_do_advise(t, MADV_DONTNEED, churn_is_mapped, true);
		break;
	case 3:
		churn_do_protect(t, PROT_READ);
		break;
	}
	do {
		ret = __vsvm_wait(t->churn->config.fd, 0, fence, value, 2 * VSVM_WAIT_NS);
	} while (ret == -EINTR);
	churn_check(t, !ret && *fence == value, "the fence of a prefetch: %s, %llu, expected %llu",
		    strerror(-ret), (long long)*fence, (long long)value);
	if (write)
		settle(t, t->op.a, t->op.n);
}

static int set_attr(struct churn_thread *t, unsigned int a, unsigned int n, uint32_t type,
		    uint32_t value)
{
	int ret;

	do {
		ret = __vsvm_attr(t->churn->config.fd, t->churn->vm, churn_addr(&t->m, a),
				  n * PAGE, type, value);
	} while (ret == -EINTR);
	return ret;
}

/* Of the pages of the operation; of what is not mapped there is none */
static void set_attr_of_op(struct churn_thread *t, uint32_t type, uint32_t value)
{
	unsigned int n = 0;
	int ret;

	while (n < t->op.n && churn_is_mapped(t, t->op.a + n))
		n++;
	ret = set_attr(t, t->op.a, t->op.n, type, value);
	churn_check(t, ret == (n < t->op.n ? -ENOENT : 0), "attribute %u of pages %u..%u: %s", type,
		    t->op.a, t->op.a + t->op.n - 1, strerror(-ret));
	churn_burst_step(t);
}

void churn_do_page_size(struct churn_thread *t)
{
	set_attr_of_op(t, DRM_VSVM_ATTR_PAGE_SIZE, t->op.bits >> 32 & 1 ? DRM_VSVM_PAGE_SIZE_4K :
									  DRM_VSVM_PAGE_SIZE_AUTO);
}

void churn_do_location(struct churn_thread *t)
{
	static const uint32_t locations[] = {
		DRM_VSVM_LOCATION_ANY, DRM_VSVM_LOCATION_SYSTEM, DRM_VSVM_LOCATION_VRAM,
		DRM_VSVM_LOCATION_VRAM,
	};

	set_attr_of_op(t, DRM_VSVM_ATTR_LOCATION, locations[t->op.bits >> 32 & 3]);
}

void churn_do_granularity(struct churn_thread *t)
{
	static const uint32_t sizes[] = { 0, 12, 16, 21 };

	set_attr_of_op(t, DRM_VSVM_ATTR_GRANULARITY, sizes[t->op.bits >> 32 & 3]);
}

void churn_do_accessed_by(struct churn_thread *t)
{
	set_attr_of_op(t, DRM_VSVM_ATTR_ACCESSED_BY, t->op.bits >> 32 & 1);
}

void churn_do_pinned(struct churn_thread *t)
{
	set_attr_of_op(t, DRM_VSVM_ATTR_PINNED, t->op.bits >> 32 & 1);
}

static bool is_private(struct churn_thread *t, unsigned int page)
{
	return churn_is_mapped(t, page) && !churn_is_shared(t, page);
}

/* Not by migration, for which there may be no VRAM, and not where an access would be an error */
void churn_do_atomic_mode(struct churn_thread *t)
{
	uint32_t mode = t->op.bits >> 32 & 1 ? DRM_VSVM_ATOMIC_EXCLUSIVE : DRM_VSVM_ATOMIC_DIRECT;
	unsigned int a = t->op.a, end = t->op.a + t->op.n, n;
	int ret;

	for (; (n = churn_next_run(t, is_private, &a, end)); a += n) {
		ret = set_attr(t, a, n, DRM_VSVM_ATTR_ATOMIC, mode);
		churn_check(t, !ret, "atomics of pages %u..%u: %s", a, a + n - 1, strerror(-ret));
		churn_burst_step(t);
	}
}

/* An access of one page, which has to die */
static void expect_death(struct churn_thread *t, unsigned int q, unsigned int page, bool write,
			 uint32_t error)
{
	if (write)
		vsvm_emit_fill(churn_stream(t), churn_page_ptr(t, page), 8, t->op.value, 8);
	else
		vsvm_emit_copy(churn_stream(t), vsvm_ptr(t->fences + 8),
			       churn_page_ptr(t, page), 8);
	churn_submit(t, q);
	churn_expect(t, q, error, write, churn_page_ptr(t, page));
}

/* 2M or nothing, where 2M cannot be */
void churn_do_page_size_2m(struct churn_thread *t)
{
	const unsigned int q = t->op.bits >> 8 & 1, most = VSVM_2M / PAGE / 8;
	const bool write = t->op.bits >> 32 & 1;
	unsigned int a = t->op.a, n = t->op.n < most ? t->op.n : most;
	uint64_t done = 0;
	int ret;

	n = churn_next_run(t, churn_is_mapped, &a, a + n);
	if (!n)
		return;
	ret = set_attr(t, a, n, DRM_VSVM_ATTR_PAGE_SIZE, DRM_VSVM_PAGE_SIZE_2M);
	churn_check(t, !ret, "page size of pages %u..%u: %s", a, a + n - 1, strerror(-ret));
	ret = prefetch(t, a, n, write ? DRM_VSVM_PREFETCH_WRITE : 0, &done);
	churn_check(t, ret == -EFAULT && !done, "prefetch of pages %u..%u as 2M: %s, %llu bytes", a,
		    a + n - 1, strerror(-ret), (long long)done);
	expect_death(t, q, a, write, churn_error(&t->m, a, write) ?: VSVM_ERROR_PAGE_SIZE);
	ret = set_attr(t, a, n, DRM_VSVM_ATTR_PAGE_SIZE, DRM_VSVM_PAGE_SIZE_AUTO);
	churn_check(t, !ret, "page size of pages %u..%u: %s", a, a + n - 1, strerror(-ret));
	/* It died when it had the pages. */
	if (write)
		settle(t, a, n);
	churn_check_gpu(t, q, a, n);
}

void churn_register_all(struct churn *c, uint64_t arenas, uint64_t size)
{
	const uint64_t end = arenas + c->config.threads * size, top = 1ull << VSVM_VA_BITS;
	int ret = __vsvm_register(c->config.fd, c->vm, 0, arenas, 0);

	for (unsigned int i = 0; !ret && i < c->config.threads; i++)
		ret = __vsvm_register(c->config.fd, c->vm, arenas + i * size, size, 0);
	ret = ret ?: __vsvm_register(c->config.fd, c->vm, end, top - end, 0);
	churn_check(NULL, !ret, "VM_REGISTER: %s", strerror(-ret));
}

/* The arena with the guard before it is a range of its own: it goes, and comes back */
void churn_do_register(struct churn_thread *t)
{
	const uint64_t start = vsvm_ptr(t->m.base) - PAGE, size = (CHURN_PAGES + 1) * PAGE;
	const int fd = t->churn->config.fd;
	uint32_t error;
	int ret;

	if (!t->churn->registered)
		return;
	churn_burst_may_die(t, VSVM_ERROR_UNREGISTERED);
	ret = __vsvm_register(fd, t->churn->vm, start, size, DRM_VSVM_REGISTER_REMOVE);
	churn_check(t, !ret, "removal of a range: %s", strerror(-ret));
	ret = __vsvm_register(fd, t->churn->vm, start, size, DRM_VSVM_REGISTER_REMOVE);
	churn_check(t, ret == -ENOENT, "second removal of a range: %s", strerror(-ret));
	if (!t->burst.kind) {
		/* what is in the file has not been looked at by then */
		error = churn_error(&t->m, t->op.a, false);
		if (!error || error == VSVM_ERROR_BUS)
			error = VSVM_ERROR_UNREGISTERED;
		expect_death(t, t->op.bits >> 8 & 1, t->op.a, false, error);
	}
	ret = __vsvm_register(fd, t->churn->vm, start, size, 0);
	churn_check(t, !ret, "registration of a range: %s", strerror(-ret));
	ret = __vsvm_register(fd, t->churn->vm, start, size, 0);
	churn_check(t, ret == -EEXIST, "second registration of a range: %s", strerror(-ret));
	churn_burst_step(t);
}

/* Where there are pages that cannot be had it says so, and has locked the others */
void churn_do_lock(struct churn_thread *t)
{
	unsigned int a = t->op.a, end = a + t->op.n, n;

	for (; (n = churn_next_run(t, churn_is_mapped, &a, end)); a += n) {
		bool good = churn_run(&t->m, a, n, false) == n;
		int ret = mlock(churn_addr(&t->m, a), n * PAGE) ? errno : 0;

		churn_check(t, !ret || !good || ret == EAGAIN, "mlock of pages %u..%u: %s", a,
			    a + n - 1, strerror(ret));
		settle(t, a, n);
		churn_burst_step(t);
		churn_check(t, !munlock(churn_addr(&t->m, a), n * PAGE),
			    "munlock of pages %u..%u: %m", a, a + n - 1);
	}
}

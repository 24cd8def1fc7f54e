// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm policy
 * Description: Each interval policy has the intervals that it documents, and no others
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Each interval policy has the intervals that it documents, and no others");

/*
 * All happens at addresses where a process has nothing by itself: so a window is as empty as the
 * test has made it, however large it is.
 */
#define AREA		0x200000000000ull
#define AREA_SIZE	(4 * G)
#define TOP		((uint64_t)1 << VSVM_VA_BITS)

#define K	1024ull
#define M	(1024 * K)
#define G	(1024 * M)
#define T	(1024 * G)

struct policy {
	const char *name;
	uint32_t number;
	uint64_t window;
};

static const struct policy policies[] = {
	{ "vma", DRM_VSVM_INTERVAL_POLICY_VMA },
	{ "window-4K", DRM_VSVM_INTERVAL_POLICY_WINDOW, 4 * K },
	{ "window-64K", DRM_VSVM_INTERVAL_POLICY_WINDOW, 64 * K },
	{ "window-2M", DRM_VSVM_INTERVAL_POLICY_WINDOW, 2 * M },
	{ "window-1G", DRM_VSVM_INTERVAL_POLICY_WINDOW, G },
	{ "mm", DRM_VSVM_INTERVAL_POLICY_MM },
	{ "registered", DRM_VSVM_INTERVAL_POLICY_REGISTERED },
};

struct span {
	uint64_t start, end;
};

/**
 * struct model - a VM, and the intervals that it ought to have in the area
 */
struct model {
	struct svm t;
	const struct policy *policy;
	struct span bos;
	struct span want[512];
	unsigned int count;
};

static void *at(uint64_t offset)
{
	return (void *)(uintptr_t)(AREA + offset);
}

static void *map_at(uint64_t offset, uint64_t size, int prot)
{
	void *p = mmap(at(offset), size, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	igt_assert_f(p == at(offset), "mmap at %p: %m\n", at(offset));
	return p;
}

static void clear_area(void)
{
	vsvm_unmap(at(0), AREA_SIZE);
}

static void model_add(struct model *m, uint64_t start, uint64_t end)
{
	unsigned int i;

	for (i = 0; i < m->count && m->want[i].start < start; i++)
		;
	if (i < m->count && m->want[i].start == start) {
		igt_assert_eq_u64(m->want[i].end, end);
		return;
	}
	igt_assert_lt(m->count, ARRAY_SIZE(m->want));
	memmove(&m->want[i + 1], &m->want[i], (m->count - i) * sizeof(m->want[0]));
	m->want[i] = (struct span){ start, end };
	m->count++;
}

/* A span without the range for BOs, on the side where an address is */
static void model_add_at(struct model *m, uint64_t addr, uint64_t start, uint64_t end)
{
	if (addr >= m->bos.end)
		start = start < m->bos.end ? m->bos.end : start;
	else
		end = end > m->bos.start ? m->bos.start : end;
	model_add(m, start, end);
}

static void model_register(struct model *m, uint64_t offset, uint64_t size)
{
	if (m->policy->number != DRM_VSVM_INTERVAL_POLICY_REGISTERED)
		return;
	igt_assert_eq(__vsvm_register(m->t.ctx.fd, m->t.ctx.vm, AREA + offset, size, 0), 0);
	model_add(m, AREA + offset, AREA + offset + size);
}

/* The area is empty, all of it may be used, some of it is the BOs' */
static void model_init(struct model *m, int fd, const struct policy *policy, uint64_t bo_offset,
		       uint64_t bo_size)
{
	uint64_t bo_start = bo_size ? AREA + bo_offset : 0;
	uint32_t vm;

	memset(m, 0, sizeof(*m));
	clear_area();
	m->policy = policy;
	m->bos = (struct span){ bo_start, bo_start + bo_size };
	igt_assert_eq(__vsvm_vm_create_policy(fd, policy->number, policy->window, bo_start, bo_size,
					      &vm), 0);
	svm_init_vm(&m->t, fd, vm);
	/* streams and results are the process's, and above the range for BOs */
	if (policy->number == DRM_VSVM_INTERVAL_POLICY_MM)
		model_add_at(m, vsvm_ptr(m->t.range), 0, TOP);
}

static void model_fini(struct model *m)
{
	svm_fini(&m->t);
	clear_area();
}

/* The GPU has touched a page of a mapping */
static void model_touched(struct model *m, uint64_t offset, uint64_t vma, uint64_t vma_size)
{
	uint64_t addr = AREA + offset;

	switch (m->policy->number) {
	case DRM_VSVM_INTERVAL_POLICY_VMA:
		model_add_at(m, addr, AREA + vma, AREA + vma + vma_size);
		break;
	case DRM_VSVM_INTERVAL_POLICY_WINDOW:
		model_add_at(m, addr, ALIGN_DOWN(addr, m->policy->window),
			     ALIGN_DOWN(addr, m->policy->window) + m->policy->window);
		break;
	case DRM_VSVM_INTERVAL_POLICY_MM:
		model_add_at(m, addr, 0, TOP);
		break;
	}
}

/* Mappings have gone, and VM_SYNC has been called */
static void model_follow(struct model *m)
{
	struct span old[ARRAY_SIZE(m->want)];
	unsigned int count = m->count;
	struct svm_vma vmas[16];
	unsigned int num_vmas;

	if (m->policy->number == DRM_VSVM_INTERVAL_POLICY_MM ||
	    m->policy->number == DRM_VSVM_INTERVAL_POLICY_REGISTERED)
		return;
	num_vmas = svm_vmas_in(at(0), AREA_SIZE, vmas, ARRAY_SIZE(vmas));
	igt_assert_lte(num_vmas, ARRAY_SIZE(vmas));
	memcpy(old, m->want, sizeof(old));
	m->count = 0;
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int v = 0; v < num_vmas; v++) {
			if (vmas[v].end <= old[i].start || vmas[v].start >= old[i].end)
				continue;
			if (m->policy->number == DRM_VSVM_INTERVAL_POLICY_WINDOW) {
				model_add(m, old[i].start, old[i].end);
				break;
			}
			model_add(m, vmas[v].start > old[i].start ? vmas[v].start : old[i].start,
				  vmas[v].end < old[i].end ? vmas[v].end : old[i].end);
		}
	}
}

/* What the VM says of itself is what it ought to have */
static void model_check(struct model *m)
{
	struct drm_vsvm_interval *list;
	unsigned int count, n = 0;

	vsvm_vm_sync(m->t.ctx.fd, m->t.ctx.vm);
	count = vsvm_vm_intervals(m->t.ctx.fd, m->t.ctx.vm, &list);
	for (unsigned int i = 0; i < count; i++) {
		if (list[i].end <= AREA ||
		    (list[i].start >= AREA + AREA_SIZE && list[i].end != TOP))
			continue;
		igt_assert_f(n < m->count && list[i].start == m->want[n].start &&
			     list[i].end == m->want[n].end,
			     "interval %#llx-%#llx, wanted as number %u of %u: %#llx-%#llx\n",
			     (long long)list[i].start, (long long)list[i].end, n, m->count,
			     n < m->count ? (long long)m->want[n].start : 0,
			     n < m->count ? (long long)m->want[n].end : 0);
		igt_assert_eq_u32(list[i].flags, 0);
		n++;
	}
	free(list);
	igt_assert_eq(n, m->count);
	igt_assert_eq_u64(svm_stats(&m->t).intervals, count);
}

static const struct span vmas_few[] = {
	{ 0, 16 * K },
	{ 192 * K, 256 * K },
	{ 2 * M - 4 * K, 2 * M + 4 * K },	/* in two windows of any size up to 2M */
	{ 5 * M + 12 * K, 5 * M + 16 * K },
	{ G - 2 * M, G + 2 * M },		/* in two of 1G */
};

/* One page after the other is touched; nothing else gets an interval */
static void test_touch(int fd, const struct policy *policy)
{
	static const struct { unsigned int vma; uint64_t page; } touch[] = {
		{ 0, 2 }, { 0, 3 }, { 1, 0 }, { 1, 15 }, { 2, 1 }, { 2, 0 }, { 4, 0 }, { 4, 512 },
		{ 4, 511 }, { 4, 1023 },
	};
	struct model m;

	model_init(&m, fd, policy, 0, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(vmas_few); i++)
		map_at(vmas_few[i].start, vmas_few[i].end - vmas_few[i].start, RW);
	model_register(&m, 0, 2 * M);
	model_register(&m, 2 * M, 4 * K);
	model_register(&m, G - 8 * M, 64 * M);
	model_check(&m);
	for (unsigned int i = 0; i < ARRAY_SIZE(touch); i++) {
		const struct span *vma = &vmas_few[touch[i].vma];
		uint64_t offset = vma->start + touch[i].page * PAGE;

		svm_write(&m.t, at(offset), i);
		model_touched(&m, offset, vma->start, vma->end - vma->start);
		model_check(&m);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(touch); i++)
		igt_assert_eq_u64(*(uint64_t *)at(vmas_few[touch[i].vma].start +
						  touch[i].page * PAGE), i);
	model_fini(&m);
}

/* Mappings that are neighbours and differ in what is allowed, touched in one go */
static void test_neighbours(int fd, const struct policy *policy)
{
	const unsigned int count = 256;
	const uint64_t base = G - 128 * PAGE;
	struct model m;

	model_init(&m, fd, policy, 0, 0);
	map_at(base, count * PAGE, RW);
	svm_number_pages(at(base), count, 77);
	for (unsigned int i = 0; i < count; i += 2)
		igt_assert_eq(mprotect(at(base + i * PAGE), PAGE, PROT_READ), 0);
	model_register(&m, 0, 2 * G);
	svm_expect_pages(&m.t, at(base), count, 77);
	for (unsigned int i = 0; i < count; i++)
		model_touched(&m, base + i * PAGE, base + i * PAGE, PAGE);
	model_check(&m);
	model_fini(&m);
}

/* One mapping below, in and above the range for BOs, whose ends are no window's */
static void test_bo_range(int fd, const struct policy *policy)
{
	const uint64_t bo = 3 * M + 12 * K, bo_end = 4 * M + 20 * K, size = 8 * M;
	const uint64_t touch[] = {
		bo - PAGE, bo_end, 0, size - PAGE, bo - 64 * K, bo_end + 64 * K,
	};
	struct model m;

	model_init(&m, fd, policy, bo, bo_end - bo);
	map_at(0, size, RW);
	model_register(&m, 0, bo);
	model_register(&m, bo_end, G);
	model_check(&m);
	for (unsigned int i = 0; i < ARRAY_SIZE(touch); i++) {
		svm_write(&m.t, at(touch[i]), i + 1);
		model_touched(&m, touch[i], 0, size);
		model_check(&m);
	}
	svm_expect_error(&m.t, at(bo), VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&m.t, at(bo_end - 8), VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	model_check(&m);
	for (unsigned int i = 0; i < ARRAY_SIZE(touch); i++)
		igt_assert_eq_u64(*(uint64_t *)at(touch[i]), i + 1);
	model_fini(&m);
}

/* What is unmapped shrinks, splits and removes intervals, or does not; then it is mapped anew */
static void test_munmap(int fd, const struct policy *policy)
{
	const uint64_t size = 6 * M;
	struct drm_vsvm_vm_stats before, after;
	struct model m;

	model_init(&m, fd, policy, 0, 0);
	map_at(0, size, RW);
	/* what nobody may touch is a mapping all the same */
	map_at(size, 64 * K, PROT_NONE);
	model_register(&m, 0, 3 * M);
	model_register(&m, 3 * M, 3 * M);
	before = svm_stats(&m.t);
	for (uint64_t i = 0; i < size; i += 512 * K) {
		svm_write(&m.t, at(i), i);
		model_touched(&m, i, 0, size);
	}
	model_check(&m);
	igt_assert_lte_u64(before.pages + size / (512 * K), svm_stats(&m.t).pages);

	vsvm_unmap(at(0), 64 * K);
	vsvm_unmap(at(3 * M - 4 * K), 8 * K);
	vsvm_unmap(at(size - 4 * K), 4 * K);
	vsvm_vm_sync(fd, m.t.ctx.vm);
	model_follow(&m);
	model_check(&m);
	svm_expect_error(&m.t, at(4 * K), VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&m.t, at(3 * M), VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	igt_assert_eq_u64(svm_read(&m.t, at(512 * K)), 512 * K);

	/* a window that has nothing but what cannot be read stays */
	vsvm_unmap(at(0), size);
	vsvm_vm_sync(fd, m.t.ctx.vm);
	model_follow(&m);
	model_check(&m);
	vsvm_unmap(at(size), 64 * K);
	vsvm_vm_sync(fd, m.t.ctx.vm);
	model_follow(&m);
	model_check(&m);
	after = svm_stats(&m.t);
	igt_assert_eq_u64(after.pages, before.pages);
	igt_assert_eq_u64(after.pt_bytes, before.pt_bytes);

	map_at(M, M, RW);
	igt_assert_eq_u64(svm_read(&m.t, at(M)), 0);
	model_touched(&m, M, M, M);
	model_check(&m);
	model_fini(&m);
}

/* Memory moves: what the GPU wrote goes along, and its old place is no longer listened to */
static void test_mremap(int fd, const struct policy *policy)
{
	const uint64_t size = 128 * K, to = 2 * G + 32 * K;
	struct model m;

	model_init(&m, fd, policy, 0, 0);
	map_at(0, size, RW);
	model_register(&m, 0, size);
	model_register(&m, 2 * G, M);
	svm_write(&m.t, at(4 * K), 4711);
	model_touched(&m, 4 * K, 0, size);
	model_check(&m);
	igt_assert(mremap(at(0), size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at(to)) == at(to));
	vsvm_vm_sync(fd, m.t.ctx.vm);
	model_follow(&m);
	model_check(&m);
	svm_expect_error(&m.t, at(4 * K), VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	igt_assert_eq_u64(svm_read(&m.t, at(to + 4 * K)), 4711);
	model_touched(&m, to + 4 * K, to, size);
	model_check(&m);
	model_fini(&m);
}

/* A mapping grows, without the kernel saying so */
static void test_growth(int fd, const struct policy *policy)
{
	const uint64_t first = 2 * M - 32 * K;
	struct model m;

	model_init(&m, fd, policy, 0, 0);
	map_at(first, 16 * K, RW);
	model_register(&m, 0, 16 * M);
	svm_write(&m.t, at(first), 1);
	model_touched(&m, first, first, 16 * K);
	model_check(&m);
	igt_assert(mremap(at(first), 16 * K, 64 * K, 0) == at(first));
	svm_write(&m.t, at(first + 60 * K), 2);
	if (policy->number == DRM_VSVM_INTERVAL_POLICY_VMA)
		m.count = 0;
	model_touched(&m, first + 60 * K, first, 64 * K);
	model_check(&m);
	/* at both ends, by neighbours that become one with it */
	map_at(first + 64 * K, 64 * K, RW);
	map_at(first - 64 * K, 64 * K, RW);
	svm_write(&m.t, at(first - 64 * K), 3);
	svm_write(&m.t, at(first + 124 * K), 4);
	if (policy->number == DRM_VSVM_INTERVAL_POLICY_VMA)
		m.count = 0;
	model_touched(&m, first - 64 * K, first - 64 * K, 192 * K);
	model_touched(&m, first + 124 * K, first - 64 * K, 192 * K);
	model_check(&m);
	igt_assert_eq_u64(svm_read(&m.t, at(first)), 1);
	igt_assert_eq_u64(svm_read(&m.t, at(first + 60 * K)), 2);
	model_fini(&m);
}

/* Faults here, changes of memory there, in whatever windows and mappings they are */
static void test_beside(int fd, const struct policy *policy)
{
	const unsigned int count = 32, rounds = 40;
	struct drm_vsvm_vm_stats before;
	struct vsvm_rng rng = { 1 };
	struct model m;

	model_init(&m, fd, policy, 0, 0);
	for (unsigned int i = 0; i < count; i++)
		map_at(i * 8 * PAGE, 4 * PAGE, RW);
	model_register(&m, 0, G);
	before = svm_stats(&m.t);
	for (unsigned int round = 0; round < rounds; round++) {
		uint64_t offset = vsvm_rand(&rng) % count * 8 * PAGE;

		/* zeroed here, read back from the same neighbourhood */
		svm_number_pages(at(offset), 4, round);
		svm_expect_pages(&m.t, at(offset), 4, round);
		vsvm_unmap(at(offset), 4 * PAGE);
		if (round % 2)
			svm_expect_error(&m.t, at(offset + PAGE), VSVM_ACCESS_READ,
					 VSVM_ERROR_UNMAPPED);
		map_at(offset, 4 * PAGE, RW);
		svm_expect_zeros(&m.t, at(offset), 4);
	}
	clear_area();
	vsvm_vm_sync(fd, m.t.ctx.vm);
	igt_assert_eq_u64(svm_stats(&m.t).pages, before.pages);
	model_fini(&m);
}

static int create(int fd, const struct drm_vsvm_vm_create *args)
{
	struct drm_vsvm_vm_create create = *args;
	int ret = vsvm_ioctl(fd, DRM_IOCTL_VSVM_VM_CREATE, &create);

	if (!ret)
		vsvm_vm_destroy(fd, create.vm_id);
	return ret;
}

static void test_bad(int fd)
{
	static const uint64_t windows[] = {
		0, 1, 2 * K, 4095, 4097, 12 * K, 2 * M - 4 * K, 2 * M + 4 * K, 2 * T, T + 4 * K,
		1ull << 63, ~0ull,
	};
	struct drm_vsvm_vm_create args;

	for (unsigned int i = 0; i < ARRAY_SIZE(windows); i++) {
		args = (struct drm_vsvm_vm_create){
			.flags = DRM_VSVM_VM_SVM,
			.interval_policy = DRM_VSVM_INTERVAL_POLICY_WINDOW,
			.interval_window = windows[i],
		};
		igt_assert_eq(create(fd, &args), -EINVAL);
	}
	for (uint32_t i = 0; i <= DRM_VSVM_INTERVAL_POLICY_REGISTERED; i++) {
		args = (struct drm_vsvm_vm_create){
			.flags = DRM_VSVM_VM_SVM,
			.interval_policy = i,
			.interval_window = i == DRM_VSVM_INTERVAL_POLICY_WINDOW ? 64 * K : 0,
		};
		igt_assert_eq(create(fd, &args), 0);
		args.location = DRM_VSVM_LOCATION_VRAM;
		igt_assert_eq(create(fd, &args), 0);
		args.location++;
		igt_assert_eq(create(fd, &args), -EINVAL);
		/* without SVM there is nothing to listen to, or to move */
		args.flags = 0;
		args.location = DRM_VSVM_LOCATION_VRAM;
		igt_assert_eq(create(fd, &args), -EINVAL);
		args.location = DRM_VSVM_LOCATION_ANY;
		igt_assert_eq(create(fd, &args), i ? -EINVAL : 0);
		if (i == DRM_VSVM_INTERVAL_POLICY_WINDOW)
			continue;
		args.interval_window = 64 * K;
		igt_assert_eq(create(fd, &args), -EINVAL);
		args.flags = DRM_VSVM_VM_SVM;
		igt_assert_eq(create(fd, &args), -EINVAL);
	}
	args = (struct drm_vsvm_vm_create){ .flags = DRM_VSVM_VM_SVM };
	args.interval_policy = DRM_VSVM_INTERVAL_POLICY_REGISTERED + 1;
	igt_assert_eq(create(fd, &args), -EINVAL);
	args.interval_policy = ~0u;
	igt_assert_eq(create(fd, &args), -EINVAL);
}

static void test_windows(int fd)
{
	uint8_t *p = svm_buffer(PAGE);
	struct drm_vsvm_interval found;
	struct svm t;
	uint32_t vm;

	for (uint64_t window = 4 * K; window <= T; window *= 2) {
		igt_assert_eq(__vsvm_vm_create_policy(fd, DRM_VSVM_INTERVAL_POLICY_WINDOW, window,
						      0, 0, &vm), 0);
		svm_init_vm(&t, fd, vm);
		svm_write(&t, p, window);
		igt_assert(vsvm_vm_find_interval(fd, vm, p, &found));
		igt_assert_eq_u64(found.start, ALIGN_DOWN(vsvm_ptr(p), window));
		igt_assert_eq_u64(found.end - found.start, window);
		svm_fini(&t);
		igt_assert_eq_u64(*(uint64_t *)p, window);
	}
	svm_buffer_free(p, PAGE);
}

/* A program that was built when there were no policies */
static void test_old_struct(int fd)
{
	const size_t sizes[] = {
		offsetof(struct drm_vsvm_vm_create, interval_policy),
		offsetof(struct drm_vsvm_vm_create, interval_window),
		offsetof(struct drm_vsvm_vm_create, counter_threshold),
		sizeof(struct drm_vsvm_vm_create),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long request = DRM_IOCTL_VSVM_VM_CREATE;
		struct drm_vsvm_vm_create args = { .flags = DRM_VSVM_VM_SVM };
		uint8_t *p = svm_buffer(3 * PAGE);
		struct svm t;

		/* what the old program has behind its structure is its own */
		memset((uint8_t *)&args + sizes[i], 0x5a, sizeof(args) - sizes[i]);
		request &= ~((unsigned long)_IOC_SIZEMASK << _IOC_SIZESHIFT);
		request |= sizes[i] << _IOC_SIZESHIFT;
		igt_assert_eq(vsvm_ioctl(fd, request, &args), 0);
		if (i == 0)
			igt_assert_eq_u32(args.interval_policy, 0x5a5a5a5a);
		svm_init_vm(&t, fd, args.vm_id);
		svm_write(&t, p + PAGE, 1);
		svm_expect_interval(&t, p, 3 * PAGE);
		svm_fini(&t);
		svm_buffer_free(p, 3 * PAGE);
	}
}

/* VMs of one process listen each in their own way */
static void test_together(int fd)
{
	const unsigned int count = ARRAY_SIZE(policies);
	struct model m[ARRAY_SIZE(policies)];

	for (unsigned int i = 0; i < count; i++)
		model_init(&m[i], fd, &policies[i], 0, 0);
	map_at(0, 256 * K, RW);
	for (unsigned int i = 0; i < count; i++) {
		model_register(&m[i], 0, M);
		svm_write(&m[i].t, at(i * 36 * K), i + 1);
		model_touched(&m[i], i * 36 * K, 0, 256 * K);
		for (unsigned int j = 0; j <= i; j++)
			model_check(&m[j]);
	}
	vsvm_unmap(at(128 * K), 128 * K);
	for (unsigned int i = 0; i < count; i++) {
		vsvm_vm_sync(fd, m[i].t.ctx.vm);
		model_follow(&m[i]);
		model_check(&m[i]);
		for (unsigned int j = 0; j * 36 * K < 128 * K; j++)
			igt_assert_eq_u64(svm_read(&m[i].t, at(j * 36 * K)), j + 1);
		svm_expect_error(&m[i].t, at(128 * K), VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	}
	for (unsigned int i = 0; i < count; i++)
		model_fini(&m[i]);
}

int igt_main()
{
	static const struct {
		const char *name;
		void (*run)(int fd, const struct policy *policy);
		const char *describe;
	} tests[] = {
		{ "touch", test_touch,
		  "A page that the GPU touches gets the interval of its policy, and no other" },
		{ "neighbours", test_neighbours,
		  "Neighbouring mappings get the intervals of the policy, however many" },
		{ "bo-range", test_bo_range,
		  "No interval reaches into the range for BOs, from either side" },
		{ "munmap", test_munmap,
		  "After munmap intervals are what the policy says, and no page stays mapped" },
		{ "mremap", test_mremap,
		  "What the GPU wrote moves with its memory, and the old place faults" },
		{ "growth", test_growth,
		  "Memory that a mapping has grown by is heard of as well" },
		{ "beside", test_beside,
		  "Faults beside memory that comes and goes get what is there" },
	};
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		/* the area is free, and this is the moment to find out */
		map_at(0, AREA_SIZE, PROT_NONE);
		clear_area();
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++)
		for (unsigned int j = 0; j < ARRAY_SIZE(policies); j++) {
			igt_describe(tests[i].describe);
			igt_subtest_f("%s-%s", tests[i].name, policies[j].name)
				tests[i].run(fd, &policies[j]);
		}

	igt_describe("A policy or window that is none is refused, and not taken for another");
	igt_subtest("create-bad")
		test_bad(fd);
	igt_describe("Every power of two from 4 KiB to 1 TiB is a window");
	igt_subtest("windows")
		test_windows(fd);
	igt_describe("A program that knows of no policies has an interval for each mapping");
	igt_subtest("create-old")
		test_old_struct(fd);
	igt_describe("VMs with different policies in one process all see the same memory");
	igt_subtest("together")
		test_together(fd);

	igt_fixture()
		close(fd);
}

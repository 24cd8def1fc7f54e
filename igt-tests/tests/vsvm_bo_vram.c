// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm bo vram
 * Description: BOs that prefer VRAM: contents wherever they are, and who makes room for whom
 *
 * Loads the module with little VRAM; at the end it is loaded as it was.
 */
#include <fcntl.h>

#include "vsvm_bo_vram.h"

IGT_TEST_DESCRIPTION("BOs that prefer VRAM: what is in them, and who makes room for whom");

static void expect_zeros(const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		igt_assert_f(!p[i], "byte %zu is %#x\n", i, p[i]);
}

static void test_contents(void)
{
	/* a block, and less than one */
	const uint64_t size = VSVM_2M + 5 * PAGE;
	int fd = bo_module(MIB);
	struct svm t;
	struct bo bo;
	uint8_t *at;

	at = bo_vm(&t, fd, 2 * VSVM_2M);
	bo_init(&bo, &t, at, size);
	/* nobody has used it: it is nowhere */
	expect_vram(fd, 0);
	/* what the CPU has written, where only it has been */
	vsvm_rand_fill(&bo.k.rng, bo.k.want, size);
	memcpy(bo.map, bo.k.want, size);
	expect_vram(fd, 0);
	bo_expect(&bo, &t);
	expect_vram(fd, size);
	/* what either side writes where it is */
	known_write(&bo.k, &t);
	bo_expect(&bo, &t);
	vsvm_rand_fill(&bo.k.rng, bo.k.want, size);
	memcpy(bo.map, bo.k.want, size);
	bo_expect(&bo, &t);
	/* and none of that has moved it */
	expect_vram(fd, size);
	igt_assert_eq_u64(svm_stats(&t).bo_bytes, size);
	bo_fini(&bo, &t);
	expect_vram(fd, 0);
	igt_assert_eq_u64(svm_stats(&t).bo_bytes, 0);
	svm_fini(&t);
	vsvm_unmap(at, 2 * VSVM_2M);
}

/* Chunks that others have written go from BO to BO, and to a process */
static void test_zero(void)
{
	struct vsvm_rng rng = { 4 };
	int fd = bo_module(MIB);
	uint8_t *at, *p;
	struct svm t;
	struct bo bo;

	at = bo_vm(&t, fd, VRAM);
	for (int round = 0; round < 3; round++) {
		/* all of VRAM */
		bo_init(&bo, &t, at, VRAM);
		if (round == 1) {
			/* the CPU's first touch is of some pages only */
			for (uint64_t i = 0; i < VRAM; i += VSVM_2M / 2)
				expect_zeros(bo.map + i, PAGE);
		}
		known_expect_gpu(&bo.k, &t);
		expect_zeros(bo.map, VRAM);
		expect_vram(fd, VRAM);
		vsvm_rand_fill(&rng, bo.k.want, VRAM);
		svm_copy(&t, at, bo.k.want, VRAM);
		bo_fini(&bo, &t);
	}
	p = vram_buffer(&t, VRAM / PAGE);
	svm_expect_zeros(&t, p, VRAM / PAGE);
	vram_expect_pages(&t, VRAM / PAGE);
	expect_zeros(p, VRAM);
	svm_buffer_free(p, VRAM);
	svm_fini(&t);
	vsvm_unmap(at, VRAM);
}

static uint64_t pt_bytes(struct svm *t)
{
	return svm_stats(t).pt_bytes;
}

/* A block at a multiple of 2M has one entry, and no table for entries of 4K */
static void test_large(void)
{
	int fd = bo_module(MIB);
	uint64_t before;
	struct svm t;
	struct bo bo;
	uint8_t *at;

	at = bo_vm(&t, fd, 4 * VSVM_2M);
	bo_init(&bo, &t, at, 3 * VSVM_2M);
	/* the tables on the way, which are there for all of the range, and those of the memory */
	svm_copy(&t, bo.k.got, bo.k.want, bo.k.size);
	svm_write(&t, at, 1);
	before = pt_bytes(&t);
	known_write(&bo.k, &t);
	igt_assert_eq_u64(pt_bytes(&t), before);
	bo_expect(&bo, &t);
	/* of a part of it, entries of 4K: those beside it stay */
	vsvm_unbind(fd, t.ctx.vm, vsvm_ptr(at) + VSVM_2M + 7 * PAGE, PAGE);
	igt_assert_eq_u64(pt_bytes(&t), before + PAGE);
	svm_expect_error(&t, at + VSVM_2M + 7 * PAGE, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	vsvm_bind(fd, t.ctx.vm, bo.handle, VSVM_2M + 7 * PAGE,
		  vsvm_ptr(at) + VSVM_2M + 7 * PAGE, PAGE, 0);
	bo_expect(&bo, &t);
	/* not aligned: entries of 4K, of two tables for each block */
	vsvm_unbind(fd, t.ctx.vm, vsvm_ptr(at), 3 * VSVM_2M);
	vsvm_bind(fd, t.ctx.vm, bo.handle, 0, vsvm_ptr(at) + PAGE, 3 * VSVM_2M, 0);
	bo.k.p = at + PAGE;
	bo_expect(&bo, &t);
	igt_assert_eq_u64(pt_bytes(&t), before + 4 * PAGE);
	expect_vram(fd, 3 * VSVM_2M);
	bo_fini(&bo, &t);
	svm_fini(&t);
	vsvm_unmap(at, 4 * VSVM_2M);
}

/* Parts of a BO, at any place, in two VMs, while it is moved to and fro */
static void test_parts(void)
{
	enum { PARTS = 24 };
	const uint64_t size = 2 * VSVM_2M + 100 * PAGE, pages = size / PAGE, room = 128;
	struct vsvm_rng rng = { 5 };
	struct { uint64_t offset, count; uint8_t *at; struct svm *t; } part[PARTS];
	uint8_t *at[2], *got = svm_buffer(room * PAGE);
	int fd = bo_module(MIB);
	struct bo bo, other;
	struct svm t[2];

	for (int i = 0; i < 2; i++)
		at[i] = bo_vm(&t[i], fd, size + VRAM + PARTS * room * PAGE);
	bo_init(&bo, &t[0], at[0] + PARTS * room * PAGE, size);
	bo_init(&other, &t[1], at[1] + PARTS * room * PAGE, VRAM);
	known_write(&bo.k, &t[0]);
	for (int i = 0; i < PARTS; i++) {
		part[i].count = 1 + vsvm_rand(&rng) % (room - 1);
		/* some of them across the border of two blocks */
		part[i].offset = i % 3 ? vsvm_rand(&rng) % (pages - part[i].count) :
				       BLOCK_PAGES - part[i].count / 2;
		part[i].t = &t[i % 2];
		part[i].at = at[i % 2] + i * room * PAGE;
		vsvm_bind(fd, part[i].t->ctx.vm, bo.handle, part[i].offset * PAGE,
			  vsvm_ptr(part[i].at), part[i].count * PAGE, 0);
	}
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < PARTS; i++) {
			uint64_t start = part[i].offset * PAGE, bytes = part[i].count * PAGE;

			svm_copy(part[i].t, got, part[i].at, bytes);
			igt_assert_f(!memcmp(got, bo.k.want + start, bytes), "part %d\n", i);
			vsvm_rand_fill(&rng, bo.k.want + start, bytes);
			svm_copy(part[i].t, part[i].at, bo.k.want + start, bytes);
		}
		bo_expect(&bo, &t[0]);
		/* all of it makes room, and its entries go in both VMs */
		known_write(&other.k, &t[1]);
		expect_vram(fd, VRAM);
		bo_expect_map(&bo);
	}
	bo_expect(&other, &t[1]);
	bo_expect(&bo, &t[0]);
	/* what is bound is there, whatever else of it goes */
	vsvm_unbind(fd, t[0].ctx.vm, vsvm_ptr(bo.k.p), size);
	for (int i = 0; i < PARTS; i++) {
		svm_copy(part[i].t, got, part[i].at, PAGE);
		igt_assert(!memcmp(got, bo.k.want + part[i].offset * PAGE, PAGE));
		vsvm_unbind(fd, part[i].t->ctx.vm, vsvm_ptr(part[i].at), part[i].count * PAGE);
	}
	bo_fini(&bo, &t[0]);
	bo_fini(&other, &t[1]);
	expect_vram(fd, 0);
	for (int i = 0; i < 2; i++) {
		svm_fini(&t[i]);
		vsvm_unmap(at[i], size + VRAM + PARTS * room * PAGE);
	}
	svm_buffer_free(got, room * PAGE);
}

/* What has no right, and what is not bound, in a BO that is mapped by faults */
static void test_errors(void)
{
	int fd = bo_module(MIB);
	struct svm t;
	struct bo bo;
	uint8_t *at;

	at = bo_vm(&t, fd, 4 * VSVM_2M);
	bo_init(&bo, &t, at, VSVM_2M);
	vsvm_bind(fd, t.ctx.vm, bo.handle, 0, vsvm_ptr(at) + 2 * VSVM_2M, VSVM_2M,
		  DRM_VSVM_BIND_READONLY);
	/* before and after it is mapped for reading */
	svm_expect_error(&t, at + 2 * VSVM_2M + 8, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	expect_vram(fd, 0);
	igt_assert_eq_u64(svm_read(&t, at + 2 * VSVM_2M), 0);
	expect_vram(fd, VSVM_2M);
	svm_expect_error(&t, at + 2 * VSVM_2M + 8, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_write(&t, at, 7);
	igt_assert_eq_u64(svm_read(&t, at + 2 * VSVM_2M), 7);
	svm_expect_errors(&t, at + VSVM_2M, VSVM_ERROR_UNMAPPED);
	svm_expect_errors(&t, at + 3 * VSVM_2M, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&t, at + 2 * VSVM_2M - 8, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	vsvm_unbind(fd, t.ctx.vm, vsvm_ptr(at) + 2 * VSVM_2M, VSVM_2M);
	svm_expect_errors(&t, at + 2 * VSVM_2M, VSVM_ERROR_UNMAPPED);
	igt_assert_eq_u64(*(uint64_t *)bo.map, 7);
	bo.k.want[0] = 7;
	bo_expect(&bo, &t);
	bo_fini(&bo, &t);
	svm_fini(&t);
	vsvm_unmap(at, 4 * VSVM_2M);
}

/* BOs and memory, together four times as much as VRAM, written and read at random places */
static void test_oversubscribed(void)
{
	const uint64_t size = VRAM / 2;
	enum { COUNT = 4 };
	struct vsvm_rng rng = { 6 };
	struct drm_vsvm_vm_stats stats;
	int fd = bo_module(MIB);
	struct bo bo[COUNT];
	struct known memory;
	uint8_t *at, *p;
	struct svm t;

	at = bo_vm(&t, fd, COUNT * size);
	for (int i = 0; i < COUNT; i++)
		bo_init(&bo[i], &t, at + i * size, size);
	p = vram_buffer(&t, 2 * VRAM / PAGE);
	known_init(&memory, p, 2 * VRAM);

	known_write(&memory, &t);
	for (int i = 0; i < COUNT; i++) {
		known_write(&bo[i].k, &t);
		/* memory has made room, and then the other BOs */
		igt_assert_lte_u64(size / 1024, region_kib(fd, "resident", "vram"));
		igt_assert_lte_u64(region_kib(fd, "resident", "vram"), VRAM / 1024);
	}
	expect_vram(fd, VRAM);
	vram_expect_pages(&t, 0);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.pages_to_vram, stats.pages_evicted);
	for (int round = 0; round < 60; round++) {
		struct bo *b = &bo[vsvm_rand(&rng) % COUNT];
		uint64_t i = vsvm_rand(&rng) % (size / PAGE - 16) * PAGE;
		uint64_t j = vsvm_rand(&rng) % (memory.size / PAGE - 16) * PAGE;

		known_write_part(&b->k, &t, i + 8 * round, 15 * PAGE);
		known_write_part(&memory, &t, j, 15 * PAGE);
		/* from one to the other, which both may be in VRAM or not */
		svm_copy(&t, b->k.p + i, memory.p + j, 15 * PAGE);
		memcpy(b->k.want + i, memory.want + j, 15 * PAGE);
		if (round % 8 == 0) {
			memset(b->map + i, round, PAGE);
			memset(b->k.want + i, round, PAGE);
		}
	}
	for (int i = 0; i < COUNT; i++)
		bo_expect(&bo[i], &t);
	known_expect(&memory, &t);
	for (int i = 0; i < COUNT; i++) {
		bo_expect(&bo[i], &t);
		bo_fini(&bo[i], &t);
	}
	vram_end(&t, &memory);
	vsvm_unmap(at, COUNT * size);
	expect_vram(fd, 0);
}

/* A file for each BO of 2M, so that fdinfo says which one is in VRAM */
struct owner {
	struct svm t;
	struct bo bo;
	uint8_t *at;
};

static void owner_init(struct owner *o)
{
	o->at = bo_vm(&o->t, vsvm_open_node(), VSVM_2M);
	bo_init(&o->bo, &o->t, o->at, VSVM_2M);
}

static void owner_fini(struct owner *o)
{
	int fd = o->t.ctx.fd;

	bo_fini(&o->bo, &o->t);
	svm_fini(&o->t);
	vsvm_unmap(o->at, VSVM_2M);
	close(fd);
}

/* The one that was used longest ago makes room: with a fault, or without any */
static void test_lru(void)
{
	struct owner o[CHUNKS + 2];
	uint64_t faults;

	bo_module(MIB);
	for (unsigned int i = 0; i < ARRAY_SIZE(o); i++)
		owner_init(&o[i]);
	for (unsigned int i = 0; i < CHUNKS + 1; i++) {
		known_write(&o[i].bo.k, &o[i].t);
		expect_vram(o[i].t.ctx.fd, VSVM_2M);
	}
	/* the last one has had the first one go, and what is in use looked at */
	for (unsigned int i = 0; i < CHUNKS + 1; i++)
		expect_vram(o[i].t.ctx.fd, i ? VSVM_2M : 0);
	usleep(300000);
	faults = svm_stats(&o[1].t).faults;
	svm_read(&o[1].t, o[1].at);
	igt_assert_eq_u64(svm_stats(&o[1].t).faults, faults);
	known_write(&o[CHUNKS + 1].bo.k, &o[CHUNKS + 1].t);
	for (unsigned int i = 0; i < CHUNKS + 2; i++)
		expect_vram(o[i].t.ctx.fd, i && i != 2 ? VSVM_2M : 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(o); i++) {
		bo_expect(&o[i].bo, &o[i].t);
		owner_fini(&o[i]);
	}
}

/* BOs and memory of processes are in one list: the older of the two makes room for either */
static void test_fair(void)
{
	struct owner o[CHUNKS];
	int fd = bo_module(MIB);
	struct known k;
	struct svm t;

	for (unsigned int i = 0; i < CHUNKS; i++)
		owner_init(&o[i]);
	svm_init(&t, fd);
	/* two blocks of BOs, then two of memory */
	known_write(&o[0].bo.k, &o[0].t);
	known_write(&o[1].bo.k, &o[1].t);
	known_init(&k, vram_buffer(&t, 3 * BLOCK_PAGES), 3 * VSVM_2M);
	known_write_part(&k, &t, 0, 2 * VSVM_2M);
	vram_expect_pages(&t, 2 * BLOCK_PAGES);
	igt_assert_eq_u64(svm_stats(&t).pages_evicted, 0);
	/* memory wants room: the oldest is a BO */
	known_write_part(&k, &t, 2 * VSVM_2M, VSVM_2M);
	expect_vram(o[0].t.ctx.fd, 0);
	expect_vram(o[1].t.ctx.fd, VSVM_2M);
	vram_expect_pages(&t, 3 * BLOCK_PAGES);
	/* BOs want room: the oldest is a BO, then memory */
	known_write(&o[2].bo.k, &o[2].t);
	expect_vram(o[1].t.ctx.fd, 0);
	igt_assert_eq_u64(svm_stats(&t).pages_evicted, 0);
	known_write(&o[3].bo.k, &o[3].t);
	igt_assert_eq_u64(svm_stats(&t).pages_evicted, BLOCK_PAGES);
	expect_vram(o[2].t.ctx.fd, VSVM_2M);
	known_expect_gpu(&k, &t);
	for (unsigned int i = 0; i < CHUNKS; i++) {
		bo_expect(&o[i].bo, &o[i].t);
		owner_fini(&o[i]);
	}
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* What CPUs have mapped is right when it moves under them, also for a child and in a part */
static void test_cpu(void)
{
	const uint64_t size = 2 * VSVM_2M;
	int go[2], fd = bo_module(MIB);
	struct bo bo, other;
	struct svm t;
	uint8_t *at;
	char c = 0;

	igt_assert_eq(pipe(go), 0);
	at = bo_vm(&t, fd, size + VRAM);
	bo_init(&bo, &t, at, size);
	bo_init(&other, &t, at + size, VRAM);
	known_write(&bo.k, &t);
	bo_expect(&bo, &t);
	igt_fork(child, 1) {
		igt_assert_eq(read(go[0], &c, 1), 1);
		bo_expect_map(&bo);
		memset(bo.map + PAGE, 0x77, PAGE);
	}
	/* mapped by both, and in VRAM; then not */
	expect_vram(fd, size);
	known_write(&other.k, &t);
	expect_vram(fd, VRAM);
	igt_assert_eq(write(go[1], &c, 1), 1);
	igt_waitchildren();
	memset(bo.k.want + PAGE, 0x77, PAGE);
	bo_expect(&bo, &t);
	/* what is left of a mapping is of the same part of the BO as before */
	known_write(&other.k, &t);
	vsvm_unmap(bo.map, VSVM_2M + PAGE);
	igt_assert(!memcmp(bo.map + VSVM_2M + PAGE, bo.k.want + VSVM_2M + PAGE, VSVM_2M - PAGE));
	known_write(&bo.k, &t);
	igt_assert(!memcmp(bo.map + VSVM_2M + PAGE, bo.k.want + VSVM_2M + PAGE, VSVM_2M - PAGE));
	bo_expect(&other, &t);
	bo_fini(&bo, &t);
	bo_fini(&other, &t);
	svm_fini(&t);
	vsvm_unmap(at, size + VRAM);
	close(go[0]);
	close(go[1]);
}

static int export(int fd, uint32_t handle)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };

	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	return prime.fd;
}

static uint32_t import(int fd, int buf)
{
	struct drm_prime_handle prime = { .fd = buf };

	igt_assert_eq(vsvm_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	return prime.handle;
}

/* An exported BO leaves VRAM for good; each who has it sees the same */
static void test_prime(void)
{
	const uint64_t size = VSVM_2M + PAGE;
	uint8_t *at, *at2, *map;
	int buf, fd2, fd = bo_module(MIB);
	struct svm t, u;
	struct bo bo;
	uint32_t bo2;

	fd2 = vsvm_open_node();
	at = bo_vm(&t, fd, 2 * VSVM_2M);
	at2 = bo_vm(&u, fd2, 2 * VSVM_2M);
	bo_init(&bo, &t, at, size);
	known_write(&bo.k, &t);
	expect_vram(fd, size);
	buf = export(fd, bo.handle);
	expect_vram(fd, 0);
	bo_expect(&bo, &t);
	expect_vram(fd, 0);
	/* through the dma-buf */
	map = mmap(NULL, size, RW, MAP_SHARED, buf, 0);
	igt_assert(map != MAP_FAILED);
	igt_assert(!memcmp(map, bo.k.want, size));
	memset(map, 0x5a, PAGE);
	memset(bo.k.want, 0x5a, PAGE);
	bo_expect(&bo, &t);
	/* another file of the same device has the same BO */
	bo2 = import(fd2, buf);
	close(buf);
	igt_assert_eq_u64(region_kib(fd, "shared", "memory"), size / 1024);
	vsvm_bind(fd2, u.ctx.vm, bo2, 0, vsvm_ptr(at2), size, 0);
	svm_fill(&u, at2 + PAGE, PAGE, 0x1234567812345678);
	for (uint64_t i = PAGE; i < 2 * PAGE; i += 8)
		*(uint64_t *)(bo.k.want + i) = 0x1234567812345678;
	bo_expect(&bo, &t);
	igt_assert(!memcmp(map, bo.k.want, size));
	expect_vram(fd, 0);
	expect_vram(fd2, 0);
	vsvm_unmap(map, size);
	bo_fini(&bo, &t);
	vsvm_bo_close(fd2, bo2);
	svm_fini(&t);
	svm_fini(&u);
	vsvm_unmap(at, 2 * VSVM_2M);
	vsvm_unmap(at2, 2 * VSVM_2M);
	close(fd2);
}

/* Another device imports it: vgem, if there is one. It pins, and maps for DMA and for CPUs */
static void test_prime_other(void)
{
	const uint64_t size = VSVM_2M + PAGE;
	int buf, vgem, fd = bo_module(MIB);
	struct svm t;
	struct bo bo;
	uint8_t *at, *map;

	igt_require(!system("modprobe vgem 2>/dev/null"));
	vgem = drm_open_driver(DRIVER_VGEM);
	at = bo_vm(&t, fd, 2 * VSVM_2M);
	bo_init(&bo, &t, at, size);
	known_write(&bo.k, &t);
	expect_vram(fd, size);
	buf = export(fd, bo.handle);
	import(vgem, buf);
	expect_vram(fd, 0);
	known_write(&bo.k, &t);
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, buf, 0);
	igt_assert(map != MAP_FAILED);
	igt_assert(!memcmp(map, bo.k.want, size));
	vsvm_unmap(map, size);
	close(vgem);
	/* and nobody has it imported any more */
	bo_expect(&bo, &t);
	expect_vram(fd, 0);
	close(buf);
	bo_expect(&bo, &t);
	bo_fini(&bo, &t);
	svm_fini(&t);
	vsvm_unmap(at, 2 * VSVM_2M);
}

/* Each file counts what it has a handle of, where that is; a VM's limit is for BOs and memory */
static void test_fdinfo(void)
{
	uint32_t plain, nowhere;
	int fd = bo_module(MIB);
	struct svm t;
	struct bo bo;
	uint8_t *at, *p;

	at = bo_vm(&t, fd, 4 * VSVM_2M);
	plain = vsvm_bo_create(fd, 64 * PAGE);
	nowhere = vsvm_bo_create_vram(fd, 128 * PAGE);
	bo_init(&bo, &t, at, 2 * VSVM_2M);
	igt_assert_eq_u64(region_kib(fd, "total", "memory"),
			  (2 * VSVM_2M + 192 * PAGE) / 1024);
	igt_assert_eq_u64(region_kib(fd, "total", "vram"), 0);
	/* one block of two */
	svm_write(&t, at, 1);
	igt_assert_eq_u64(region_kib(fd, "total", "memory"), (VSVM_2M + 192 * PAGE) / 1024);
	igt_assert_eq_u64(region_kib(fd, "total", "vram"), VSVM_2M / 1024);
	igt_assert_eq_u64(region_kib(fd, "shared", "vram"), 0);
	expect_vram(fd, VSVM_2M);
	/* memory counts for the file too */
	p = vram_buffer(&t, 4);
	svm_write(&t, p, 1);
	vram_expect_pages(&t, 1);
	expect_vram(fd, VSVM_2M + PAGE);
	vram_touch(p);
	expect_vram(fd, VSVM_2M);
	svm_write(&t, at + VSVM_2M, 1);
	expect_vram(fd, 2 * VSVM_2M);
	/* not of this file any more, but bound still */
	vsvm_unmap(bo.map, bo.k.size);
	vsvm_bo_close(fd, bo.handle);
	expect_vram(fd, 0);
	igt_assert_eq_u64(svm_read(&t, at), 1);
	igt_assert_eq_u64(region_kib(fd, "total", "memory"), 192 * PAGE / 1024);
	vsvm_bo_close(fd, plain);
	vsvm_bo_close(fd, nowhere);
	known_fini(&bo.k);
	svm_buffer_free(p, 4 * PAGE);
	svm_fini(&t);
	vsvm_unmap(at, 4 * VSVM_2M);
}

/* Streams and fences in a BO that goes and comes, in a VM without SVM */
static void test_stream(void)
{
	const uint64_t tool_gpu = 1ull << 40, data_gpu = 2ull << 40, size = 64 * PAGE;
	int fd = bo_module(MIB);
	uint32_t vm, queue, tool, data;
	struct vsvm_stream s;
	struct bo other;
	uint8_t *at, *map, *data_map;
	struct svm t;

	at = bo_vm(&t, fd, VRAM);
	bo_init(&other, &t, at, VRAM);
	vm = vsvm_vm_create_bo(fd);
	queue = vsvm_queue_create(fd, vm);
	tool = vsvm_bo_create_vram(fd, size);
	map = vsvm_bo_mmap(fd, tool, size);
	vsvm_bind(fd, vm, tool, 0, tool_gpu, size, 0);
	data = vsvm_bo_create_vram(fd, size);
	data_map = vsvm_bo_mmap(fd, data, size);
	vsvm_bind(fd, vm, data, 0, data_gpu, size, 0);
	for (uint64_t round = 1; round <= 4; round++) {
		struct drm_vsvm_exec_stream stream;

		vsvm_stream_init_at(&s, map + PAGE, tool_gpu + PAGE, size - PAGE);
		vsvm_emit_fill(&s, data_gpu, size, round, 8);
		vsvm_emit_barrier(&s);
		vsvm_emit_atomic(&s, VSVM_ATOMIC_ADD, 8, data_gpu + 8, 100, 0, 0);
		stream = (struct drm_vsvm_exec_stream) {
			tool_gpu + PAGE, s.size, tool_gpu, round,
		};
		vsvm_exec(fd, queue, &stream, 1);
		vsvm_wait(fd, queue, (uint64_t *)map, round);
		/* half of the rounds, where all of it has gone meanwhile */
		if (round % 2)
			known_write(&other.k, &t);
		igt_assert_eq_u64(*(uint64_t *)data_map, round);
		igt_assert_eq_u64(*(uint64_t *)(data_map + 8), round + 100);
		igt_assert_eq_u64(*(uint64_t *)(data_map + size - 8), round);
	}
	bo_expect(&other, &t);
	vsvm_queue_destroy(fd, queue);
	vsvm_vm_destroy(fd, vm);
	vsvm_unmap(map, size);
	vsvm_unmap(data_map, size);
	vsvm_bo_close(fd, tool);
	vsvm_bo_close(fd, data);
	bo_fini(&other, &t);
	expect_vram(fd, 0);
	svm_fini(&t);
	vsvm_unmap(at, VRAM);
}

/* Where there is no VRAM, and flags that are none */
static void test_none(void)
{
	int fd = bo_module(0);
	uint32_t handle;
	struct svm t;
	struct bo bo;
	uint8_t *at;

	for (int bit = 1; bit < 32; bit++) {
		igt_assert_eq(__vsvm_bo_create_flags(fd, PAGE, 1u << bit, &handle), -EINVAL);
		igt_assert_eq(__vsvm_bo_create_flags(fd, PAGE, DRM_VSVM_BO_VRAM | 1u << bit,
						     &handle), -EINVAL);
	}
	igt_assert_eq(__vsvm_bo_create_flags(fd, 0, DRM_VSVM_BO_VRAM, &handle), -EINVAL);
	igt_assert_eq(__vsvm_bo_create_flags(fd, 1ull << 50, DRM_VSVM_BO_VRAM, &handle), -EINVAL);
	at = bo_vm(&t, fd, 2 * VSVM_2M);
	bo_init(&bo, &t, at, 2 * VSVM_2M);
	known_write(&bo.k, &t);
	bo_expect(&bo, &t);
	expect_vram(fd, 0);
	bo_fini(&bo, &t);
	svm_fini(&t);
	vsvm_unmap(at, 2 * VSVM_2M);
}

/* Processes whose BOs are together more than VRAM, at the same time */
static void test_processes(void)
{
	bo_module(MIB);
	igt_fork(child, 3) {
		struct svm t;
		struct bo bo;
		uint8_t *at;

		at = bo_vm(&t, vsvm_open_node(), VRAM);
		bo_init(&bo, &t, at, VRAM);
		bo.k.rng.state = child + 1;
		for (unsigned int round = 0; round < 3; round++) {
			known_write(&bo.k, &t);
			bo_expect(&bo, &t);
		}
		bo_fini(&bo, &t);
		svm_fini(&t);
	}
	igt_waitchildren();
}

int igt_main()
{
	igt_fixture() {
		vsvm_module_save();
	}

	igt_describe("A CPU and a GPU see different bytes in a BO that is in VRAM");
	igt_subtest("contents")
		test_contents();
	igt_describe("A new BO, or a process, has what another BO had in VRAM");
	igt_subtest("zero")
		test_zero();
	igt_describe("A BO in VRAM takes many entries, or loses more than is unbound");
	igt_subtest("large")
		test_large();
	igt_describe("Parts of a BO, in several VMs, are not the same when it moves");
	igt_subtest("parts")
		test_parts();
	igt_describe("A BO that is mapped by faults gives rights that its binding has not");
	igt_subtest("errors")
		test_errors();
	igt_describe("BOs and memory that share too little VRAM lose bytes");
	igt_subtest("oversubscribed")
		test_oversubscribed();
	igt_describe("A BO that is used makes room before one that is not");
	igt_subtest("lru")
		test_lru();
	igt_describe("BOs never make room for memory, or memory for BOs");
	igt_subtest("fair")
		test_fair();
	igt_describe("A CPU has what a BO was before it moved, or another part of it");
	igt_subtest("cpu")
		test_cpu();
	igt_describe("An importer has memory that is not the BO any more");
	igt_subtest("prime")
		test_prime();
	igt_describe("Another device cannot import a BO that was in VRAM");
	igt_subtest("prime-other")
		test_prime_other();
	igt_describe("Nobody can tell who has VRAM");
	igt_subtest("fdinfo")
		test_fdinfo();
	igt_describe("Streams and fences do not work from a BO that moves");
	igt_subtest("stream")
		test_stream();
	igt_describe("Programs that ask for VRAM do not work where there is none");
	igt_subtest("none")
		test_none();
	igt_describe("Programs that need more VRAM than there is get each other's bytes");
	igt_subtest("processes")
		test_processes();

	igt_fixture() {
		vsvm_module_end();
	}
}

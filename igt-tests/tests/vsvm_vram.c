// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram
 * Description: Memory of the process goes to VRAM and comes back, and no byte is lost
 */
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Memory of the process goes to VRAM and comes back, and no byte is lost");

#define PAGES	64
#define SIZE	(PAGES * PAGE)

static struct drm_vsvm_attr_op query(struct svm *t, const void *p, uint64_t size, uint32_t type)
{
	struct drm_vsvm_attr_op op = {
		.addr = vsvm_ptr(p), .size = size, .type = type, .value = 77,
	};
	struct drm_vsvm_vm_attr args = {
		.vm_id = t->ctx.vm,
		.flags = DRM_VSVM_ATTR_QUERY,
		.ops = { vsvm_ptr(&op), 1, sizeof(op) },
	};

	igt_assert_eq(vsvm_ioctl(t->ctx.fd, DRM_IOCTL_VSVM_VM_ATTR, &args), 0);
	igt_assert_eq_u64(op.addr, vsvm_ptr(p));
	igt_assert_eq_u32(op.type, type);
	return op;
}

static void expect_attr(struct svm *t, const void *p, uint64_t size, uint32_t type, uint32_t value,
			uint64_t whole)
{
	struct drm_vsvm_attr_op op = query(t, p, size, type);

	igt_assert_eq_u32(op.value, value);
	igt_assert_eq_u64(op.size, whole);
}

/* KiB that fdinfo says of the file's memory in VRAM */
static uint64_t fdinfo_kib(int fd)
{
	char path[64], line[128], unit[8] = "";
	unsigned long long value = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	igt_assert(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "drm-resident-vram: %llu %7s", &value, unit) < 1)
			continue;
		found = true;
		if (!strcmp(unit, "MiB"))
			value *= 1024;
		else if (strcmp(unit, "KiB"))
			value /= 1024;
	}
	fclose(f);
	igt_assert_f(found, "no drm-resident-vram in fdinfo\n");
	return value;
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		vram_require(fd);
	}

	igt_describe("A read by the GPU brings what the CPU has written to VRAM, and sees it");
	igt_subtest("read") {
		struct drm_vsvm_vm_stats stats;
		struct svm t;
		uint8_t *p;

		svm_init(&t, fd);
		p = vram_buffer(&t, PAGES);
		svm_number_pages(p, PAGES, 100);
		svm_expect_pages(&t, p, PAGES, 100);
		stats = svm_stats(&t);
		igt_assert_eq_u64(stats.pages_to_vram, PAGES);
		igt_assert_eq_u64(stats.vram_pages, PAGES);
		igt_assert_eq_u64(stats.pages_faulted, 0);
		vram_check(p, PAGES, 100);
		stats = svm_stats(&t);
		igt_assert_eq_u64(stats.pages_faulted, PAGES);
		igt_assert_eq_u64(stats.vram_pages, 0);
		svm_buffer_free(p, SIZE);
		svm_fini(&t);
	}

	igt_describe("What the GPU has written in VRAM is what the CPU finds");
	igt_subtest("write") {
		struct svm t;
		uint8_t *p;

		svm_init(&t, fd);
		p = vram_buffer(&t, PAGES);
		svm_number_pages(p, PAGES, 100);
		vram_number_gpu(&t, p, PAGES, 7000);
		vram_expect_pages(&t, PAGES);
		vram_check(p, PAGES, 7000);
		vram_expect_pages(&t, 0);
		/* and again, by what came back */
		vram_number_gpu(&t, p, PAGES, 8000);
		vram_expect_pages(&t, PAGES);
		vram_check(p, PAGES, 8000);
		svm_buffer_free(p, SIZE);
		svm_fini(&t);
	}

	igt_describe("A page of 2M goes as one and comes back as one");
	igt_subtest("huge") {
		struct drm_vsvm_vm_stats stats;
		struct svm t;
		uint8_t *p;

		svm_init(&t, fd);
		p = vram_huge(&t, 1);
		svm_number_pages(p, BLOCK_PAGES, 100);
		svm_expect_pages(&t, p, BLOCK_PAGES, 100);
		stats = svm_stats(&t);
		igt_assert_eq_u64(stats.pages_to_vram, BLOCK_PAGES);
		igt_assert_eq_u64(stats.pages_2m, BLOCK_PAGES);
		vram_number_gpu(&t, p, BLOCK_PAGES, 9000);
		vram_check(p, BLOCK_PAGES, 9000);
		vram_expect_pages(&t, 0);
		igt_assert_eq_u64(vsvm_huge_kib(p), VSVM_2M / 1024);
		svm_buffer_free(p, VSVM_2M);
		svm_fini(&t);
	}

	igt_describe("When the process unmaps what is in VRAM, the VRAM is free again");
	igt_subtest("munmap") {
		struct svm t;
		uint8_t *p;

		svm_init(&t, fd);
		p = vram_buffer(&t, PAGES);
		vram_number_gpu(&t, p, PAGES, 1);
		vram_expect_pages(&t, PAGES);
		svm_buffer_free(p, SIZE);
		vram_expect_pages(&t, 0);
		svm_fini(&t);
	}

	igt_describe("A query tells what was set, and how far it goes");
	igt_subtest("query") {
		struct svm t;
		uint8_t *p;

		svm_init(&t, fd);
		p = vram_buffer(&t, PAGES);
		igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p + 16 * PAGE, 16 * PAGE,
					  DRM_VSVM_ATTR_GRANULARITY, 14), 0);
		igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p + 48 * PAGE, 16 * PAGE,
					  DRM_VSVM_ATTR_LOCATION, DRM_VSVM_LOCATION_SYSTEM), 0);
		/* one attribute goes on where another changes */
		expect_attr(&t, p, SIZE, DRM_VSVM_ATTR_LOCATION, DRM_VSVM_LOCATION_VRAM,
			    48 * PAGE);
		expect_attr(&t, p + 48 * PAGE, 32 * PAGE, DRM_VSVM_ATTR_LOCATION,
			    DRM_VSVM_LOCATION_SYSTEM, 16 * PAGE);
		expect_attr(&t, p, SIZE, DRM_VSVM_ATTR_GRANULARITY, 0, 16 * PAGE);
		expect_attr(&t, p + 16 * PAGE, SIZE, DRM_VSVM_ATTR_GRANULARITY, 14, 16 * PAGE);
		expect_attr(&t, p + 20 * PAGE, PAGE, DRM_VSVM_ATTR_GRANULARITY, 14, PAGE);
		expect_attr(&t, p, SIZE, DRM_VSVM_ATTR_PAGE_SIZE, 0, SIZE);
		/* what is mapped there anew has none */
		vsvm_unmap(p, SIZE);
		svm_map_at(p, SIZE);
		expect_attr(&t, p, SIZE, DRM_VSVM_ATTR_LOCATION, DRM_VSVM_LOCATION_ANY, SIZE);
		svm_buffer_free(p, SIZE);
		svm_fini(&t);
	}

	igt_describe("fdinfo tells how much of a file's memory is in VRAM");
	igt_subtest("fdinfo") {
		struct svm t;
		uint8_t *p;

		svm_init(&t, fd);
		p = vram_buffer(&t, PAGES);
		igt_assert_eq_u64(fdinfo_kib(fd), 0);
		vram_number_gpu(&t, p, PAGES, 1);
		igt_assert_eq_u64(fdinfo_kib(fd), SIZE / 1024);
		svm_buffer_free(p, SIZE);
		igt_assert_eq_u64(fdinfo_kib(fd), 0);
		svm_fini(&t);
	}

	igt_describe("Memory that CPU and GPU use by turns without end stops going to and fro");
	igt_subtest("thrash") {
		struct drm_vsvm_vm_stats stats;
		unsigned int rounds = 0;
		struct svm t;
		uint8_t *p;

		svm_init(&t, fd);
		p = vram_buffer(&t, 1);
		do {
			*(uint64_t *)p = rounds;
			igt_assert_eq_u64(svm_read(&t, p), rounds);
			stats = svm_stats(&t);
		} while (!stats.kept_thrashing && ++rounds < 1000);
		igt_assert_f(rounds < 1000, "it moved %llu times\n",
			     (long long)stats.pages_to_vram);
		igt_assert_eq_u64(stats.vram_pages, 0);
		/* who asks for it gets it all the same */
		vram_prefetch(&t, p, PAGE);
		vram_expect_pages(&t, 1);
		/* and it is not forever */
		igt_assert_eq_u64(*(uint64_t *)p, rounds);
		sleep(2);
		svm_write(&t, p, 5);
		vram_expect_pages(&t, 1);
		igt_assert_eq_u64(*(uint64_t *)p, 5);
		svm_buffer_free(p, PAGE);
		svm_fini(&t);
	}

	igt_fixture()
		drm_close_driver(fd);
}

// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram
 * Description: Memory of the process goes to VRAM and comes back, and no byte is lost
 */
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("Memory of the process goes to VRAM and comes back, and no byte is lost");

#define PAGES	64
#define SIZE	(PAGES * PAGE)

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		vram_require(fd);
	}

	igt_describe("A read by the GPU brings what the CPU has written to VRAM, and sees it there");
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

	igt_fixture()
		drm_close_driver(fd);
}

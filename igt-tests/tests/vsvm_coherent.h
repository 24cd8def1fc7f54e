/* SPDX-License-Identifier: MIT */
/*
 * What the tests of VRAM that CPUs can map have in common, beyond vsvm_vram.h.
 *
 * The module is loaded with reserved memory of the guest's as VRAM; at the end it is loaded as it
 * was. Where a page is says the CPU's page table: its number is one of those.
 */
#ifndef VSVM_COHERENT_H
#define VSVM_COHERENT_H

#include "vsvm_modprobe.h"
#include "vsvm_race.h"
#include "vsvm_vram.h"

/** struct coherent - that memory, and the device */
static struct {
	/** @start: physical address of what is reserved */
	uint64_t start;
	/** @size: bytes of it */
	uint64_t size;
	/** @fd: the device, -1: not open */
	int fd;
} coherent = { .fd = -1 };

/** coherent_setup() - for the first fixture; skips where nothing is reserved */
static inline void coherent_setup(void)
{
	vsvm_module_save();
	vsvm_reserved(&coherent.start, &coherent.size);
}

/** coherent_shut() - close the device */
static inline void coherent_shut(void)
{
	vsvm_hold_release_all();
	if (coherent.fd >= 0)
		close(coherent.fd);
	coherent.fd = -1;
}

/** coherent_params() - parameters of the module for so much coherent VRAM */
static inline const char *coherent_params(unsigned int mib)
{
	static char params[512];

	igt_require_f((uint64_t)mib << 20 <= coherent.size, "only %llu MiB are reserved\n",
		      (long long)coherent.size >> 20);
	snprintf(params, sizeof(params), "%s coherent=%uM@%#llx hold_points=1",
		 vsvm_module_found(), mib, (long long)coherent.start);
	return params;
}

/** coherent_begin() - the device with so much; whatever a subtest has left open is closed */
static inline int coherent_begin(unsigned int mib)
{
	struct drm_vsvm_dev_info info;

	coherent_shut();
	vsvm_module_reload(coherent_params(mib));
	coherent.fd = vsvm_open_node();
	vsvm_dev_info(coherent.fd, &info);
	igt_assert_eq_u64(info.vram_size, (uint64_t)mib << 20);
	igt_assert(info.flags & DRM_VSVM_DEV_VRAM_COHERENT);
	return coherent.fd;
}

/** coherent_teardown() - for the last fixture */
static inline void coherent_teardown(void)
{
	coherent_shut();
	if (vsvm_module_loaded() && access(VSVM_DRIVER_DIR "/vsvm", F_OK))
		vsvm_driver_write("bind");
	vsvm_module_reload(vsvm_module_found());
}

/** coherent_has() - is the page at an address in VRAM, and mapped by the CPU? */
static inline bool coherent_has(const void *p)
{
	uint64_t word = vsvm_pagemap(p), addr = (word & VSVM_PM_PFN) * PAGE;

	return word & VSVM_PM_PRESENT && addr >= coherent.start &&
	       addr < coherent.start + coherent.size;
}

/** coherent_count() - pages of a range that are in VRAM, and mapped by the CPU */
static inline unsigned int coherent_count(const void *p, size_t size)
{
	unsigned int count = 0;

	for (size_t i = 0; i < size; i += PAGE)
		count += coherent_has((const uint8_t *)p + i);
	return count;
}

/** coherent_expect() - so many pages of a range are in VRAM */
#define coherent_expect(p, size, count) \
	igt_assert_eq_u32(coherent_count(p, size), count)

/** coherent_await() - wait until so many are */
static inline void coherent_await(const void *p, size_t size, unsigned int count)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (coherent_count(p, size) != count) {
		igt_assert_f(vsvm_now() < deadline, "%u pages in VRAM, not %u\n",
			     coherent_count(p, size), count);
		usleep(10000);
	}
}

/** coherent_stay() - all of a known buffer is in VRAM, and no access has brought any back */
static inline void coherent_stay(struct svm *t, const struct known *k)
{
	coherent_expect(k->p, k->size, k->size / PAGE);
	vram_expect_pages(t, k->size / PAGE);
	igt_assert_eq_u64(svm_stats(t).pages_faulted, 0);
}

#endif /* VSVM_COHERENT_H */

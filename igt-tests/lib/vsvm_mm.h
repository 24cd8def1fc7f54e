/* SPDX-License-Identifier: MIT */
/*
 * What the kernel does with the pages of a process, and how to have it do that: where a page is,
 * swap, settings below /proc and /sys that are put back at the end.
 *
 * Needs root, as the guest's tests are. A helper asserts that it succeeds, but for what a kernel
 * may lack: that skips.
 */
#ifndef VSVM_MM_H
#define VSVM_MM_H

#include "vsvm_lib.h"

/* Words of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst) */
/** VSVM_PM_PFN - the page's number */
#define VSVM_PM_PFN		((1ull << 55) - 1)
/** VSVM_PM_SOFT_DIRTY - written since /proc/PID/clear_refs was told to forget */
#define VSVM_PM_SOFT_DIRTY	0x0080000000000000ull
/** VSVM_PM_SWAPPED - in swap; not so for shared memory, whose page table says nothing then */
#define VSVM_PM_SWAPPED		0x4000000000000000ull
/** VSVM_PM_PRESENT - in the CPU's page table */
#define VSVM_PM_PRESENT		0x8000000000000000ull

/** vsvm_pagemap() - what the kernel says of the page at an address */
uint64_t vsvm_pagemap(const void *p);
/** vsvm_pfn() - number of the page at an address, which has to be there */
uint64_t vsvm_pfn(const void *p);
/** vsvm_pagemap_count() - pages whose word has all of some bits */
unsigned int vsvm_pagemap_count(const void *p, size_t size, uint64_t bits);

/** vsvm_smaps() - a number of /proc/self/smaps ("Swap") for the mapping that has an address, KiB */
uint64_t vsvm_smaps(const void *p, const char *name);
/** __vsvm_number() - the number behind a name in a file, as of "name 42"; false if there is none */
bool __vsvm_number(const char *path, const char *name, uint64_t *value);
/** vsvm_number() - the same; skips where it is not there */
uint64_t vsvm_number(const char *path, const char *name);

/**
 * vsvm_set() - write a setting, a file below /proc or /sys; skips where there is none
 *
 * What it was comes back by vsvm_set_back(), at the latest when the program ends.
 */
void vsvm_set(const char *path, const char *f, ...);
/** vsvm_set_back() - all settings as they were */
void vsvm_set_back(void);
/** vsvm_tell() - write a command to such a file; skips where there is none */
void vsvm_tell(const char *path, const char *f, ...);

/** __vsvm_swapfile_on() - a swap file of so many pages; false if it cannot be had */
bool __vsvm_swapfile_on(unsigned int pages);
/** vsvm_swapfile_on() - the same; skips where it cannot be had */
void vsvm_swapfile_on(unsigned int pages);
/** vsvm_swapfile_off() - bring back all that is in it, and remove it */
void vsvm_swapfile_off(void);
/** vsvm_page_out() - have the pages of a private or shared mapping in swap, each of them */
void vsvm_page_out(void *p, size_t size);

/** vsvm_collapse() - have 2M pages where 4K pages are; false if this memory cannot be so */
bool vsvm_collapse(void *p, size_t size);
/** vsvm_huge_kib() - KiB of the mapping at an address that the CPU has as 2M pages */
uint64_t vsvm_huge_kib(const void *p);

#endif /* VSVM_MM_H */

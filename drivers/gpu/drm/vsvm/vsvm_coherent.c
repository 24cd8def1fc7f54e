// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Coherent VRAM
 *
 * The memory that is VRAM when the module is loaded with coherent=SIZE@START: a physical range that
 * the machine has and the kernel does not use, because its command line says memmap=SIZE$START or
 * the firmware says that it is for a special purpose. It stands for the memory of a GPU that
 * processors reach through their own caches.
 *
 * The module takes what it is told, and then writes there, so it wants to be sure: all of the range
 * has to be reserved in the kernel's list of physical memory, and none of it the system's
 * (vsvm_coherent_check()). Whether there is a chip behind a reserved address nobody knows but who
 * has reserved it.
 *
 * Several devices have equal parts of it. One device at a time has a part, from before its hardware
 * is made to after that has gone, which is when the last file is closed. So a device that is bound
 * again while files of its former life are open fails with -EBUSY: their BOs are where its own
 * would be.
 *
 * Locking: none; the list has its own.
 */

#define pr_fmt(fmt) "vsvm: " fmt

#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vsvm_hw.h>

#include "vsvm_coherent.h"

static char *coherent = "";
module_param(coherent, charp, 0444);
MODULE_PARM_DESC(coherent,
		 "reserved memory to be VRAM that CPUs can map, SIZE@START; replaces vram_mib");

/* What @coherent says; empty if nothing. */
static struct range coherent_range = { .start = 1, .end = 0 };

/**
 * vsvm_coherent_parse() - read a range
 * @text: SIZE@START, in any base, with suffixes K, M, G as memparse() knows
 * @range: out: the range, end inclusive
 *
 * Return: 0, or -EINVAL if it is none, not made of whole blocks of VRAM, or at address 0.
 */
int vsvm_coherent_parse(const char *text, struct range *range)
{
	u64 size, start;
	char *end;

	size = memparse(text, &end);
	if (end == text || *end != '@')
		return -EINVAL;
	text = end + 1;
	start = memparse(text, &end);
	if (end == text || strcmp(skip_spaces(end), ""))
		return -EINVAL;

	if (!size || !start || !IS_ALIGNED(size | start, VSVM_HW_VRAM_BLOCK) ||
	    size - 1 > PHYS_ADDR_MAX - start)
		return -EINVAL;
	range->start = start;
	range->end = start + size - 1;
	return 0;
}

static int add_size(struct resource *res, void *data)
{
	u64 *size = data;

	*size += resource_size(res);
	return 0;
}

/* How much of a range is reserved, in one way? */
static u64 reserved(const struct range *range, unsigned long desc)
{
	u64 size = 0;

	walk_iomem_res_desc(desc, IORESOURCE_MEM, range->start, range->end, &size, add_size);
	return size;
}

/**
 * vsvm_coherent_check() - is all of a range memory that nobody has?
 * @range: range
 *
 * Context: process.
 * Return: 0, -EBUSY if some of it is the system's memory, -ENXIO if some of it is not reserved.
 */
int vsvm_coherent_check(const struct range *range)
{
	if (region_intersects(range->start, range_len(range), IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return -EBUSY;
	if (reserved(range, IORES_DESC_RESERVED) + reserved(range, IORES_DESC_SOFT_RESERVED) !=
	    range_len(range))
		return -ENXIO;
	return 0;
}

/**
 * vsvm_coherent_module_init() - look at what the module is told
 *
 * Return: 0, also if that is nothing; -EINVAL as vsvm_coherent_parse(), or as
 * vsvm_coherent_check().
 */
int vsvm_coherent_module_init(void)
{
	int ret;

	if (!*skip_spaces(coherent))
		return 0;
	ret = vsvm_coherent_parse(coherent, &coherent_range);
	if (ret) {
		pr_err("coherent=%s: not SIZE@START in multiples of %llu KiB\n", coherent,
		       VSVM_HW_VRAM_BLOCK >> 10);
		return ret;
	}
	ret = vsvm_coherent_check(&coherent_range);
	if (ret)
		pr_err("coherent=%s: %s; reserve it by memmap=SIZE$START\n", coherent,
		       ret == -EBUSY ? "the system's memory" : "not reserved");
	return ret;
}

/**
 * vsvm_coherent_range() - which memory is to be VRAM?
 *
 * Return: the range, NULL if VRAM is not to be coherent.
 */
const struct range *vsvm_coherent_range(void)
{
	return range_len(&coherent_range) ? &coherent_range : NULL;
}

/**
 * vsvm_coherent_split() - the part of a range that one of several devices has
 * @range: range, as vsvm_coherent_parse() knows it
 * @index: which device, below @count
 * @count: how many there are
 * @part: out: its part, made of whole blocks of VRAM, as many as each other's
 *
 * Return: 0, or -EINVAL if there are not enough blocks for each to have one.
 */
int vsvm_coherent_split(const struct range *range, unsigned int index, unsigned int count,
			struct range *part)
{
	u64 size = range_len(range) / VSVM_HW_VRAM_BLOCK / count * VSVM_HW_VRAM_BLOCK;

	if (!size)
		return -EINVAL;
	part->start = range->start + index * size;
	part->end = part->start + size - 1;
	return 0;
}

/**
 * vsvm_coherent_claim() - have a part of the range for a device
 * @range: the part
 *
 * Context: process.
 * Return: 0, or -EBUSY if somebody has some of it.
 */
int vsvm_coherent_claim(const struct range *range)
{
	if (request_mem_region(range->start, range_len(range), "vsvm"))
		return 0;
	pr_err("coherent=%s: in use by another driver, or by files of a device that was unbound\n",
	       coherent);
	return -EBUSY;
}

/**
 * vsvm_coherent_release() - undo vsvm_coherent_claim()
 * @range: the part
 */
void vsvm_coherent_release(const struct range *range)
{
	release_mem_region(range->start, range_len(range));
}

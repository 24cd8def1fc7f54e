/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_PEER_H_
#define _VSVM_PEER_H_

#include <linux/bitfield.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>

#include "vsvm_vram.h"

extern unsigned int vsvm_num_devices;

int vsvm_peer_join(struct vsvm_vram *vram);
void vsvm_peer_close(struct vsvm_vram *vram);
void vsvm_peer_leave(struct vsvm_vram *vram);
unsigned int vsvm_peer_count(const struct vsvm_vram *vram);
bool __vsvm_peer_has_pfn(const struct vsvm_vram *vram, unsigned long pfn);
struct vsvm_vram *vsvm_peer_by_pfn(unsigned long pfn);
struct vsvm_vram *vsvm_peer_by_number(unsigned int number);
void vsvm_peer_span(unsigned long *first, unsigned long *count);
void vsvm_peer_ask(struct vsvm_vram *vram,
		   void (*ask)(struct vsvm_vram *device, struct vsvm_vram *vram,
			       unsigned int peer));

/**
 * vsvm_peer_any() - may there be memory of a process in VRAM of another device?
 *
 * Who sees such a page sees the device counted too, for it was before it had any.
 */
static inline bool vsvm_peer_any(void)
{
	return unlikely(READ_ONCE(vsvm_num_devices) > 1);
}

/**
 * vsvm_peer_has_pfn() - is this the number of a page of another device's?
 * @vram: own VRAM
 * @pfn: number of a page, which need not be in use any more
 */
static inline bool vsvm_peer_has_pfn(const struct vsvm_vram *vram, unsigned long pfn)
{
	return vsvm_peer_any() && __vsvm_peer_has_pfn(vram, pfn);
}

/**
 * vsvm_peer_bits() - VRAM of a device in an entry of another one's page table
 * @vram: whose page table it is
 * @owner: whose VRAM it is
 *
 * Return: %VSVM_PTE_VRAM and %VSVM_PTE_PEER for it.
 */
static inline u64 vsvm_peer_bits(const struct vsvm_vram *vram, const struct vsvm_vram *owner)
{
	return VSVM_PTE_VRAM |
	       (owner == vram ? 0 : FIELD_PREP(VSVM_PTE_PEER, READ_ONCE(owner->number)));
}

/**
 * vsvm_peer_copy_from() - VRAM of a device as a source for another one's copy engine
 * @vram: whose copy engine it is
 * @owner: whose VRAM it is
 *
 * Return: for &vsvm_hw_copy.flags.
 */
static inline u32 vsvm_peer_copy_from(const struct vsvm_vram *vram, const struct vsvm_vram *owner)
{
	return VSVM_HW_COPY_FROM_VRAM |
	       (owner == vram ? 0 : FIELD_PREP(VSVM_HW_COPY_PEER, READ_ONCE(owner->number)));
}

#endif

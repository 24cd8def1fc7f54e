// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: phyr and DMA
 *
 * Mapping a list for a device gives a list again, with the device's addresses of the same bytes at
 * the same offsets. Where the device calls memory what the CPU calls it, and most do, that is the
 * same list with one more reference, and nothing is copied or kept. This is found out by looking at
 * the addresses, not at the device, so it holds for bounce buffers and for part of a list too.
 *
 * Where one address differs, the list of the device is made like all lists. Its chunks are its own:
 * an address may be aligned to less than its chunk was, and the chunk becomes several; an IOMMU may
 * put one piece after the other, and they become one. Unmapping has to be by what was mapped, so it
 * goes through the CPU's list as mapping did, and looks only for addresses in the other.
 *
 * Locking: none. Mapping may sleep, whatever the mapper does.
 *
 * Limits: memory is mapped chunk by chunk. An IOMMU could take one address for all of a list
 * (dma_iova_try_alloc()) and give a list of a few words; that is not done. There is no call for
 * handing memory back and forth between CPU and device: who needs dma_sync_single_for_cpu() and the
 * like has to walk both lists. Memory of other devices (P2PDMA) has no place in a list.
 */

#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/vsvm_phyr.h>

/**
 * struct mapping - a list on its way to a device
 */
struct mapping {
	/** @mapper: who maps */
	const struct vsvm_phyr_mapper *mapper;
	/** @it: what comes next */
	struct vsvm_phyr_iter it;
	/** @pieces: calls that are done */
	u64 pieces;
	/** @ranges: what they gave; NULL as long as it is what the CPU calls it */
	struct vsvm_phyr_range *ranges;
};

static u64 piece_size(const struct vsvm_phyr_iter *it, const struct vsvm_phyr_mapper *mapper)
{
	return min(it->size, mapper->max);
}

static u64 count_pieces(const struct vsvm_phyr *list, const struct vsvm_phyr_mapper *mapper)
{
	struct vsvm_phyr_iter it;
	u64 count = 0;

	vsvm_phyr_for_each(&it, list)
		count += (it.size - 1) / mapper->max + 1;
	return count;
}

/* Calls @each for each piece as it was or will be mapped, but not for more than @count. */
static void for_pieces(const struct vsvm_phyr *list, const struct vsvm_phyr_mapper *mapper,
		       u64 count, void (*each)(void *arg, u64 addr, u64 size), void *arg)
{
	struct vsvm_phyr_iter it;
	u64 size;

	for (vsvm_phyr_iter_init(&it, list, 0, U64_MAX); it.size && count; count--) {
		size = piece_size(&it, mapper);
		each(arg, it.addr, size);
		vsvm_phyr_iter_consume(&it, size);
	}
}

static void add_same(void *arg, u64 addr, u64 size)
{
	struct vsvm_phyr_range **next = arg;

	*(*next)++ = (struct vsvm_phyr_range) { addr, size };
}

/* The first address that differs: from now on they are kept. */
static int keep_addresses(struct mapping *m, const struct vsvm_phyr *list, gfp_t gfp)
{
	struct vsvm_phyr_range *next;

	m->ranges = kvmalloc_objs(*m->ranges, count_pieces(list, m->mapper), gfp);
	if (!m->ranges)
		return -ENOMEM;
	next = m->ranges;
	for_pieces(list, m->mapper, m->pieces, add_same, &next);
	return 0;
}

static int map_piece(struct mapping *m, const struct vsvm_phyr *list, gfp_t gfp)
{
	const struct vsvm_phyr_mapper *mapper = m->mapper;
	u64 dma, size = piece_size(&m->it, mapper);
	int ret;

	ret = mapper->map(mapper->ctx, m->it.addr, size, &dma);
	if (ret)
		return ret;
	/* A device that sees no more than a part of a page has no use for a list. */
	if (dma & (VSVM_PHYR_PAGE - 1))
		ret = -EIO;
	else if (!m->ranges && dma != m->it.addr)
		ret = keep_addresses(m, list, gfp);
	if (ret) {
		mapper->unmap(mapper->ctx, dma, size);
		return ret;
	}
	if (m->ranges)
		m->ranges[m->pieces] = (struct vsvm_phyr_range) { dma, size };
	m->pieces++;
	vsvm_phyr_iter_consume(&m->it, size);
	return 0;
}

static void unmap_same(void *arg, u64 addr, u64 size)
{
	const struct vsvm_phyr_mapper *mapper = arg;

	mapper->unmap(mapper->ctx, addr, size);
}

static void undo(struct mapping *m, const struct vsvm_phyr *list)
{
	u64 i;

	if (!m->ranges)
		for_pieces(list, m->mapper, m->pieces, unmap_same, (void *)m->mapper);
	else
		for (i = 0; i < m->pieces; i++)
			m->mapper->unmap(m->mapper->ctx, m->ranges[i].addr, m->ranges[i].size);
}

/**
 * vsvm_phyr_map() - map a list by somebody
 * @list: list; stays as it is
 * @mapper: who maps; must be the same for vsvm_phyr_unmap()
 * @gfp: for a new list
 *
 * Context: may sleep, if @gfp or @mapper does.
 * Return: a list of as many bytes, with the addresses that @mapper gave: @list itself, with one
 * more reference, if they are the same. Or ERR_PTR, and nothing is mapped: -EIO if @mapper gave an
 * address within a page; -EOVERFLOW if what it gave goes beyond the last address; -ENOMEM; or what
 * it said.
 */
struct vsvm_phyr *vsvm_phyr_map(struct vsvm_phyr *list, const struct vsvm_phyr_mapper *mapper,
				gfp_t gfp)
{
	struct mapping m = { .mapper = mapper };
	struct vsvm_phyr *mapped;
	int ret = 0;

	vsvm_phyr_iter_init(&m.it, list, 0, U64_MAX);
	while (m.it.size && !ret)
		ret = map_piece(&m, list, gfp);

	if (ret)
		mapped = ERR_PTR(ret);
	else if (m.ranges)
		mapped = vsvm_phyr_from_ranges(m.ranges, m.pieces, gfp);
	else
		mapped = vsvm_phyr_get(list);
	if (IS_ERR(mapped))
		undo(&m, list);
	kvfree(m.ranges);
	return mapped;
}

/**
 * struct unmapping - a list on its way back
 */
struct unmapping {
	/** @mapper: who maps */
	const struct vsvm_phyr_mapper *mapper;
	/** @mapped: his addresses */
	struct vsvm_phyr_iter mapped;
};

static void unmap_piece(void *arg, u64 addr, u64 size)
{
	struct unmapping *u = arg;
	u64 dma = u->mapped.addr;
	u64 part, left;

	/* Chunks of the other list begin and end elsewhere. */
	for (left = size; left; left -= part) {
		part = min(left, u->mapped.size);
		vsvm_phyr_iter_consume(&u->mapped, part);
	}
	u->mapper->unmap(u->mapper->ctx, dma, size);
}

/**
 * vsvm_phyr_unmap() - undo vsvm_phyr_map()
 * @list: what was mapped
 * @mapped: what came of it; its reference is dropped
 * @mapper: who mapped it
 *
 * Context: may sleep.
 */
void vsvm_phyr_unmap(const struct vsvm_phyr *list, struct vsvm_phyr *mapped,
		     const struct vsvm_phyr_mapper *mapper)
{
	struct unmapping u = { .mapper = mapper };

	vsvm_phyr_iter_init(&u.mapped, mapped, 0, U64_MAX);
	for_pieces(list, mapper, U64_MAX, unmap_piece, &u);
	vsvm_phyr_put(mapped);
}

/**
 * struct dma_user - a device, as a mapper has it
 */
struct dma_user {
	/** @dev: device */
	struct device *dev;
	/** @dir: who writes */
	enum dma_data_direction dir;
};

static int dma_map(void *ctx, u64 phys, u64 size, u64 *dma)
{
	struct dma_user *user = ctx;
	dma_addr_t addr = dma_map_phys(user->dev, phys, size, user->dir, 0);

	if (dma_mapping_error(user->dev, addr))
		return -EIO;
	*dma = addr;
	return 0;
}

static void dma_unmap(void *ctx, u64 dma, u64 size)
{
	struct dma_user *user = ctx;

	dma_unmap_phys(user->dev, dma, size, user->dir, 0);
}

static struct vsvm_phyr_mapper dma_mapper(struct dma_user *user)
{
	u64 max = ALIGN_DOWN((u64)dma_max_mapping_size(user->dev), VSVM_PHYR_PAGE);

	return (struct vsvm_phyr_mapper) {
		.max = max(max, VSVM_PHYR_PAGE),
		.map = dma_map,
		.unmap = dma_unmap,
		.ctx = user,
	};
}

/**
 * vsvm_phyr_dma_map() - map a list for a device, through the kernel's DMA API
 * @dev: device
 * @list: list of system memory; stays as it is
 * @dir: who is going to write
 * @gfp: for a new list
 *
 * Context: may sleep, if @gfp does.
 * Return: as vsvm_phyr_map(); -EIO if the device cannot reach a page.
 */
struct vsvm_phyr *vsvm_phyr_dma_map(struct device *dev, struct vsvm_phyr *list,
				    enum dma_data_direction dir, gfp_t gfp)
{
	struct dma_user user = { dev, dir };
	struct vsvm_phyr_mapper mapper = dma_mapper(&user);

	return vsvm_phyr_map(list, &mapper, gfp);
}

/**
 * vsvm_phyr_dma_unmap() - undo vsvm_phyr_dma_map()
 * @dev: device
 * @list: what was mapped
 * @mapped: what came of it; its reference is dropped
 * @dir: as it was mapped
 *
 * Context: may sleep.
 */
void vsvm_phyr_dma_unmap(struct device *dev, const struct vsvm_phyr *list,
			 struct vsvm_phyr *mapped, enum dma_data_direction dir)
{
	struct dma_user user = { dev, dir };
	struct vsvm_phyr_mapper mapper = dma_mapper(&user);

	vsvm_phyr_unmap(list, mapped, &mapper);
}

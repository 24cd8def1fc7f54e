// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: phyr
 *
 * A list of physical ranges that takes eight bytes a chunk, for what describes memory for longer
 * than a call. The idea is from linux-mm, January 2022: a chunk has a power of two of pages and
 * lies at a multiple of its size, so a word has room for both, the address in its high bits and the
 * order in the low ones, which are zero in the address of a page.
 *
 * A list stands for a sequence of pages, and one sequence has one list only. Pages that follow each
 * other in memory, a run, become the largest chunks that lie in the run at a multiple of their
 * size. Hence
 *
 * - no list of such chunks is shorter: each of its chunks lies in one of ours, for ours are those
 *   that cannot grow, and none of ours is without one;
 * - a run of n pages takes at most max(1, 2 * log2(n)) chunks, log2() rounded down. Along a run
 *   orders rise, then fall. No order comes more than twice: of three neighbours of one order two
 *   are halves of a larger chunk, which lies in the run. So 2k chunks have at least
 *   2 * (1 + 2 + ... + 2^(k-1)) = 2^(k+1) - 2 pages, and 2k + 1 chunks 2^k more, 3 * 2^k - 2; for
 *   k >= 1 that makes log2(n) at least k and k + 1;
 * - lists are equal if and only if their words are: to split a list and to put the parts together
 *   again gives the same words.
 *
 * An address in the list is found by its offset, which needs an index, for the chunks before it
 * have any sizes. It costs nothing: an order needs 6 of the low 12 bits (it is 51 at most), and the
 * other 6 hold the index. Of each %BLOCK chunks the first %SLICES have the number of pages before
 * the block, 6 bits each, lowest first. So a search halves the blocks, then looks at less than
 * %BLOCK + %SLICES chunks; a last block of less than %SLICES chunks has no complete number, and is
 * searched with the one before it.
 *
 * Locking: none. A list never changes once it is made, and lives as long as its references. It
 * keeps no reference to the pages: that is for whoever has it.
 *
 * Limits: no bytes, only pages of 4 KiB; no holes; not more than 2^32 - 1 chunks, and 2^64 bytes
 * less one page. Nothing says what kind of memory it is: lists are of system memory, or of
 * addresses of one device.
 */

#include <linux/bitfield.h>
#include <linux/err.h>
#include <linux/hmm.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vsvm_phyr.h>

/* Chunks that one number of the index is for, and those that hold it. */
#define BLOCK		64
#define SLICE_BITS	6
#define SLICES		9

/* The page after the last one there can be. */
#define END_PAGE	BIT_ULL(64 - VSVM_PHYR_SHIFT)

/**
 * struct fill - a list in the making
 */
struct fill {
	/** @chunks: where they go; NULL to count only */
	u64 *chunks;
	/** @room: how many chunks @chunks has room for */
	u64 room;
	/** @count: chunks so far */
	u64 count;
	/** @pages: pages of these */
	u64 pages;
	/** @block: pages before the block of chunks that is being filled */
	u64 block;
	/** @run: first page of the run that is not chunks yet */
	u64 run;
	/** @run_pages: its pages, 0 if there is none */
	u64 run_pages;
};

static void put_chunk(struct fill *fill, u64 page, unsigned int order)
{
	unsigned int slice = fill->count % BLOCK;
	u64 chunk = page << VSVM_PHYR_SHIFT | order;

	if (!slice)
		fill->block = fill->pages;
	if (slice < SLICES)
		chunk |= FIELD_PREP(VSVM_PHYR_INDEX, (fill->block >> (SLICE_BITS * slice)) &
						     (BIT(SLICE_BITS) - 1));
	if (fill->count < fill->room)
		fill->chunks[fill->count] = chunk;
	fill->count++;
	fill->pages += 1ULL << order;
}

/* Ends the run: the largest chunk that may begin where we are and ends in it, again and again. */
static void put_run(struct fill *fill)
{
	while (fill->run_pages) {
		unsigned int order = ilog2(fill->run_pages);

		if (fill->run)
			order = min_t(unsigned int, order, __ffs64(fill->run));
		put_chunk(fill, fill->run, order);
		fill->run += 1ULL << order;
		fill->run_pages -= 1ULL << order;
	}
}

/* Pages that follow those that were put before. */
static int put_pages(struct fill *fill, u64 page, u64 pages)
{
	u64 before = fill->pages + fill->run_pages;

	if (!pages)
		return -EINVAL;
	if (page >= END_PAGE || pages > END_PAGE - page || pages > VSVM_PHYR_MAX_PAGES - before)
		return -EOVERFLOW;
	if (fill->run_pages && page == fill->run + fill->run_pages) {
		fill->run_pages += pages;
		return 0;
	}
	put_run(fill);
	fill->run = page;
	fill->run_pages = pages;
	return 0;
}

static int put_bytes(struct fill *fill, u64 addr, u64 size)
{
	if ((addr | size) & (VSVM_PHYR_PAGE - 1))
		return -EINVAL;
	return put_pages(fill, addr >> VSVM_PHYR_SHIFT, size >> VSVM_PHYR_SHIFT);
}

/**
 * struct source - what a list is made from
 */
struct source {
	/** @put: put all of it; called twice, and has to put the same */
	int (*put)(struct fill *fill, const struct source *source);
	/** @from: array, table or list */
	const void *from;
	/** @count: of what an array has */
	size_t count;
	/** @offset: part of a list, in bytes */
	u64 offset;
	/** @size: of that part */
	u64 size;
};

static int put_source(struct fill *fill, const struct source *source)
{
	int ret = source->put(fill, source);

	put_run(fill);
	return ret;
}

/* First to count, then to fill: so a list is as large as it has to be, and never moved. */
static struct vsvm_phyr *build(const struct source *source, gfp_t gfp)
{
	struct fill fill = {};
	struct vsvm_phyr *list;
	int ret;

	ret = put_source(&fill, source);
	if (ret)
		return ERR_PTR(ret);
	if (!fill.count)
		return ERR_PTR(-EINVAL);
	if (fill.count > U32_MAX)
		return ERR_PTR(-EOVERFLOW);
	/* More than this is refused with a warning. */
	if (struct_size(list, chunks, fill.count) > INT_MAX)
		return ERR_PTR(-ENOMEM);

	list = kvmalloc_flex(*list, chunks, fill.count, gfp);
	if (!list)
		return ERR_PTR(-ENOMEM);
	kref_init(&list->ref);
	list->count = fill.count;
	list->pages = fill.pages;

	fill = (struct fill) { .chunks = list->chunks, .room = list->count };
	ret = put_source(&fill, source);
	if (WARN_ON_ONCE(ret || fill.count != list->count || fill.pages != list->pages)) {
		kvfree(list);
		return ERR_PTR(-EINVAL);
	}
	return list;
}

static int put_ranges(struct fill *fill, const struct source *source)
{
	const struct vsvm_phyr_range *ranges = source->from;
	int ret = 0;
	size_t i;

	for (i = 0; i < source->count && !ret; i++)
		ret = put_bytes(fill, ranges[i].addr, ranges[i].size);
	return ret;
}

/**
 * vsvm_phyr_from_ranges() - make a list from addresses and sizes
 * @ranges: multiples of a page, none empty
 * @count: how many
 * @gfp: for the list, as kvmalloc() takes it
 *
 * Context: may sleep, if @gfp does.
 * Return: the list, or ERR_PTR: -EINVAL if there is none, or one is empty or not aligned;
 * -EOVERFLOW if one goes beyond the last address, or all together have 2^64 bytes or more; -ENOMEM.
 */
struct vsvm_phyr *vsvm_phyr_from_ranges(const struct vsvm_phyr_range *ranges, size_t count,
					gfp_t gfp)
{
	struct source source = { .put = put_ranges, .from = ranges, .count = count };

	return build(&source, gfp);
}

/*
 * The order that HMM says is of no use: neighbours are found without it, beyond the bounds of a
 * page of the CPU too, and who trusts it would step over a hole.
 */
static int put_hmm_pfns(struct fill *fill, const struct source *source)
{
	const unsigned long *pfns = source->from;
	int ret = 0;
	size_t i;

	for (i = 0; i < source->count && !ret; i++) {
		if ((pfns[i] & (HMM_PFN_VALID | HMM_PFN_ERROR)) != HMM_PFN_VALID)
			return -EFAULT;
		ret = put_bytes(fill, hmm_pfn_to_phys(pfns[i]), PAGE_SIZE);
	}
	return ret;
}

/**
 * vsvm_phyr_from_hmm_pfns() - make a list from what hmm_range_fault() found
 * @pfns: its answer, a page each
 * @count: pages
 * @gfp: for the list
 *
 * A hole, which is an entry that is not valid or is an error, is an error: an offset in the list is
 * to be the offset in memory. Whether pages may be written is lost, and device memory is not told
 * from RAM. The list says what was there before the next invalidation, no more.
 *
 * Context: may sleep, if @gfp does.
 * Return: the list, or ERR_PTR: -EFAULT for a hole, else as vsvm_phyr_from_ranges().
 */
struct vsvm_phyr *vsvm_phyr_from_hmm_pfns(const unsigned long *pfns, size_t count, gfp_t gfp)
{
	struct source source = { .put = put_hmm_pfns, .from = pfns, .count = count };

	return build(&source, gfp);
}

static int put_page_array(struct fill *fill, const struct source *source)
{
	struct page *const *pages = source->from;
	int ret = 0;
	size_t i;

	for (i = 0; i < source->count && !ret; i++)
		ret = put_bytes(fill, page_to_phys(pages[i]), PAGE_SIZE);
	return ret;
}

/**
 * vsvm_phyr_from_pages() - make a list from pages
 * @pages: pages, which need not be the first of their folio
 * @count: how many
 * @gfp: for the list
 *
 * Context: may sleep, if @gfp does.
 * Return: the list, or ERR_PTR as vsvm_phyr_from_ranges().
 */
struct vsvm_phyr *vsvm_phyr_from_pages(struct page *const *pages, size_t count, gfp_t gfp)
{
	struct source source = { .put = put_page_array, .from = pages, .count = count };

	return build(&source, gfp);
}

static int put_folios(struct fill *fill, const struct source *source)
{
	struct folio *const *folios = source->from;
	int ret = 0;
	size_t i;

	for (i = 0; i < source->count && !ret; i++)
		ret = put_bytes(fill, PFN_PHYS(folio_pfn(folios[i])), folio_size(folios[i]));
	return ret;
}

/**
 * vsvm_phyr_from_folios() - make a list from whole folios
 * @folios: folios
 * @count: how many
 * @gfp: for the list
 *
 * The caller keeps them from being split meanwhile, by his references.
 *
 * Context: may sleep, if @gfp does.
 * Return: the list, or ERR_PTR as vsvm_phyr_from_ranges().
 */
struct vsvm_phyr *vsvm_phyr_from_folios(struct folio *const *folios, size_t count, gfp_t gfp)
{
	struct source source = { .put = put_folios, .from = folios, .count = count };

	return build(&source, gfp);
}

static int put_sgt(struct fill *fill, const struct source *source)
{
	const struct sg_table *sgt = source->from;
	struct scatterlist *sg;
	unsigned int i;
	int ret = 0;

	for_each_sgtable_sg(sgt, sg, i) {
		ret = put_bytes(fill, sg_phys(sg), sg->length);
		if (ret)
			break;
	}
	return ret;
}

/**
 * vsvm_phyr_from_sgt() - make a list from the memory of an sg_table
 * @sgt: table; all its entries begin and end with a page
 * @gfp: for the list
 *
 * Context: may sleep, if @gfp does.
 * Return: the list, or ERR_PTR as vsvm_phyr_from_ranges().
 */
struct vsvm_phyr *vsvm_phyr_from_sgt(const struct sg_table *sgt, gfp_t gfp)
{
	struct source source = { .put = put_sgt, .from = sgt };

	return build(&source, gfp);
}

static int put_sgt_dma(struct fill *fill, const struct source *source)
{
	const struct sg_table *sgt = source->from;
	struct scatterlist *sg;
	unsigned int i;
	int ret = 0;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		ret = put_bytes(fill, sg_dma_address(sg), sg_dma_len(sg));
		if (ret)
			break;
	}
	return ret;
}

/**
 * vsvm_phyr_from_sgt_dma() - make a list from the DMA addresses of an sg_table
 * @sgt: table that is mapped; all its segments begin and end with a page
 * @gfp: for the list
 *
 * Context: may sleep, if @gfp does.
 * Return: the list, or ERR_PTR as vsvm_phyr_from_ranges().
 */
struct vsvm_phyr *vsvm_phyr_from_sgt_dma(const struct sg_table *sgt, gfp_t gfp)
{
	struct source source = { .put = put_sgt_dma, .from = sgt };

	return build(&source, gfp);
}

static int put_slice(struct fill *fill, const struct source *source)
{
	struct vsvm_phyr_iter it;
	int ret = 0;

	vsvm_phyr_for_each_in(&it, source->from, source->offset, source->size) {
		ret = put_bytes(fill, it.addr, it.size);
		if (ret)
			break;
	}
	return ret;
}

/**
 * vsvm_phyr_slice() - make a list of a part of a list
 * @list: list
 * @offset: where the part begins, in bytes, a multiple of a page
 * @size: its bytes, likewise, and not 0
 * @gfp: for the new list
 *
 * Context: may sleep, if @gfp does.
 * Return: the new list, or ERR_PTR: -EINVAL if it is not a part of @list or cuts a page; -ENOMEM.
 */
struct vsvm_phyr *vsvm_phyr_slice(const struct vsvm_phyr *list, u64 offset, u64 size, gfp_t gfp)
{
	struct source source = { .put = put_slice, .from = list, .offset = offset, .size = size };
	u64 all = vsvm_phyr_size(list);

	if ((offset | size) & (VSVM_PHYR_PAGE - 1))
		return ERR_PTR(-EINVAL);
	if (!size || offset >= all || size > all - offset)
		return ERR_PTR(-EINVAL);
	return build(&source, gfp);
}

/**
 * vsvm_phyr_split() - make two lists of one
 * @list: list; stays as it is
 * @offset: where the second one begins, in bytes: a multiple of a page, within the list
 * @gfp: for the new lists
 * @head: set to the list of what is before @offset
 * @tail: set to the list of the rest
 *
 * Context: may sleep, if @gfp does.
 * Return: 0; -EINVAL if one of the two would be empty or @offset cuts a page; -ENOMEM. After an
 * error @head and @tail are as before.
 */
int vsvm_phyr_split(const struct vsvm_phyr *list, u64 offset, gfp_t gfp, struct vsvm_phyr **head,
		    struct vsvm_phyr **tail)
{
	struct vsvm_phyr *first, *second;

	first = vsvm_phyr_slice(list, 0, offset, gfp);
	if (IS_ERR(first))
		return PTR_ERR(first);
	second = vsvm_phyr_slice(list, offset, vsvm_phyr_size(list) - offset, gfp);
	if (IS_ERR(second)) {
		vsvm_phyr_put(first);
		return PTR_ERR(second);
	}
	*head = first;
	*tail = second;
	return 0;
}

static int put_lists(struct fill *fill, const struct source *source)
{
	const struct vsvm_phyr *const *lists = source->from;
	int ret = 0;
	size_t i;

	for (i = 0; i < source->count && !ret; i++) {
		struct source all = { .from = lists[i], .size = U64_MAX };

		ret = put_slice(fill, &all);
	}
	return ret;
}

/**
 * vsvm_phyr_concat() - make one list of two
 * @head: list; stays as it is
 * @tail: list of what follows; likewise
 * @gfp: for the new list
 *
 * Context: may sleep, if @gfp does.
 * Return: the new list, or ERR_PTR: -EOVERFLOW if it has 2^64 bytes or more; -ENOMEM.
 */
struct vsvm_phyr *vsvm_phyr_concat(const struct vsvm_phyr *head, const struct vsvm_phyr *tail,
				   gfp_t gfp)
{
	const struct vsvm_phyr *lists[] = { head, tail };
	struct source source = { .put = put_lists, .from = lists, .count = ARRAY_SIZE(lists) };

	return build(&source, gfp);
}

/**
 * vsvm_phyr_get() - one more reference
 * @list: list
 *
 * Context: any.
 * Return: @list.
 */
struct vsvm_phyr *vsvm_phyr_get(struct vsvm_phyr *list)
{
	kref_get(&list->ref);
	return list;
}

static void release(struct kref *ref)
{
	kvfree(container_of(ref, struct vsvm_phyr, ref));
}

/**
 * vsvm_phyr_put() - one reference less; the last one frees the list
 * @list: list or NULL
 *
 * Context: may sleep.
 */
void vsvm_phyr_put(struct vsvm_phyr *list)
{
	if (list)
		kref_put(&list->ref, release);
}

/**
 * vsvm_phyr_equal() - do two lists have the same pages in the same order?
 * @a: list
 * @b: list
 *
 * Context: any.
 * Return: true if so.
 */
bool vsvm_phyr_equal(const struct vsvm_phyr *a, const struct vsvm_phyr *b)
{
	return a == b || (a->count == b->count &&
			  !memcmp(a->chunks, b->chunks, flex_array_size(a, chunks, a->count)));
}

/**
 * vsvm_phyr_bytes() - the memory that a list takes
 * @list: list
 *
 * Context: any.
 * Return: bytes asked for; the allocator may have given more.
 */
size_t vsvm_phyr_bytes(const struct vsvm_phyr *list)
{
	return struct_size(list, chunks, list->count);
}

/* Pages before a block of chunks, which has all of its number. */
static u64 block_start(const struct vsvm_phyr *list, u32 block)
{
	const u64 *chunks = &list->chunks[block * BLOCK];
	unsigned int i;
	u64 start = 0;

	for (i = 0; i < SLICES; i++)
		start |= FIELD_GET(VSVM_PHYR_INDEX, chunks[i]) << (SLICE_BITS * i);
	return start;
}

/* The chunk that has a page of the list; *@start is set to the pages before that chunk. */
static u32 find_chunk(const struct vsvm_phyr *list, u64 page, u64 *start)
{
	/* Blocks with a number; the first one's is 0 in any case. */
	u32 low = 0, high = max(1, list->count / BLOCK + (list->count % BLOCK >= SLICES));
	u32 index;

	/* low begins at or before page, high after it or not at all */
	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (block_start(list, middle) <= page)
			low = middle;
		else
			high = middle;
	}

	*start = low ? block_start(list, low) : 0;
	for (index = low * BLOCK;; index++) {
		u64 pages = 1ULL << vsvm_phyr_chunk_order(list->chunks[index]);

		if (page - *start < pages)
			return index;
		*start += pages;
	}
}

/**
 * vsvm_phyr_iter_init() - go to a part of a list
 * @it: set to its first piece
 * @list: list
 * @offset: where the part begins, in bytes; need not be a multiple of a page
 * @size: its bytes; likewise. The end of the list ends it earlier
 *
 * Takes the logarithm of the list's length, and at most 72 chunks.
 *
 * Context: any.
 * Return: @it.
 */
struct vsvm_phyr_iter *vsvm_phyr_iter_init(struct vsvm_phyr_iter *it, const struct vsvm_phyr *list,
					   u64 offset, u64 size)
{
	u64 all = vsvm_phyr_size(list), start, in_chunk, chunk;

	*it = (struct vsvm_phyr_iter) { .list = list };
	if (offset >= all || !size)
		return it;
	size = min(size, all - offset);

	it->index = find_chunk(list, offset >> VSVM_PHYR_SHIFT, &start);
	chunk = list->chunks[it->index];
	in_chunk = offset - (start << VSVM_PHYR_SHIFT);
	it->addr = vsvm_phyr_chunk_addr(chunk) + in_chunk;
	it->size = min(size, vsvm_phyr_chunk_size(chunk) - in_chunk);
	it->left = size - it->size;
	return it;
}

/**
 * vsvm_phyr_iter_consume() - go on
 * @it: iterator, not at the end
 * @size: by so many bytes, at most what is left of the piece
 *
 * Context: any.
 */
void vsvm_phyr_iter_consume(struct vsvm_phyr_iter *it, u64 size)
{
	u64 chunk;

	it->addr += size;
	it->size -= size;
	if (it->size || !it->left)
		return;
	chunk = it->list->chunks[++it->index];
	it->addr = vsvm_phyr_chunk_addr(chunk);
	it->size = min(it->left, vsvm_phyr_chunk_size(chunk));
	it->left -= it->size;
}

/**
 * vsvm_phyr_lookup() - the memory at an offset
 * @list: list
 * @offset: in bytes
 * @found: set to its address, and to the bytes from there to the end of the chunk
 *
 * Takes what vsvm_phyr_iter_init() takes.
 *
 * Context: any.
 * Return: 0, or -ERANGE beyond the end.
 */
int vsvm_phyr_lookup(const struct vsvm_phyr *list, u64 offset, struct vsvm_phyr_range *found)
{
	struct vsvm_phyr_iter it;

	vsvm_phyr_iter_init(&it, list, offset, U64_MAX);
	if (!it.size)
		return -ERANGE;
	found->addr = it.addr;
	found->size = it.size;
	return 0;
}

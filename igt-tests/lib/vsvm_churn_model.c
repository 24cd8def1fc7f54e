// SPDX-License-Identifier: MIT
/*
 * What every byte of an arena may be; vsvm_churn_model.h says how.
 */
#include "vsvm_churn_model.h"

#define POOL_PAGES	(4 * (CHURN_PAGES + CHURN_OBJECTS * CHURN_OBJECT_PAGES))

static const uint64_t zeros[CHURN_WORDS];

static bool all_zero(const uint64_t *words)
{
	return !memcmp(words, zeros, sizeof(zeros));
}

static uint64_t *words_alloc(struct churn_model *m)
{
	uint64_t *words = m->free;

	if (words) {
		m->free = (uint64_t *)(uintptr_t)words[0];
	} else {
		if (m->pool_used == POOL_PAGES)
			abort();
		words = m->pool + CHURN_WORDS * m->pool_used++;
	}
	memset(words, 0, VSVM_PAGE_SIZE);
	return words;
}

static void words_free(struct churn_model *m, uint64_t **words)
{
	if (!*words)
		return;
	(*words)[0] = (uintptr_t)m->free;
	m->free = *words;
	*words = NULL;
}

static void words_copy(struct churn_model *m, uint64_t **to, const uint64_t *from)
{
	if (!from) {
		words_free(m, to);
		return;
	}
	if (!*to)
		*to = words_alloc(m);
	memcpy(*to, from, VSVM_PAGE_SIZE);
}

/* The slot becomes zeros */
static void slot_clear(struct churn_model *m, struct churn_slot *slot)
{
	words_free(m, &slot->w);
	words_free(m, &slot->alt);
	slot->lazy = CHURN_DEFINITE;
	slot->taint = false;
	slot->gen++;
}

void churn_model_init(struct churn_model *m, uint8_t *base)
{
	memset(m, 0, sizeof(*m));
	m->base = base;
	m->pool = mmap(NULL, POOL_PAGES * VSVM_PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->pool == MAP_FAILED)
		abort();
	for (unsigned int i = 0; i < CHURN_OBJECTS; i++)
		m->objects[i].fd = -1;
	for (unsigned int i = 0; i < CHURN_PAGES; i++)
		churn_map(m, i, CHURN_ANON, 0, 0);
}

void churn_model_fini(struct churn_model *m)
{
	for (unsigned int i = 0; i < CHURN_OBJECTS; i++)
		if (m->objects[i].fd >= 0)
			close(m->objects[i].fd);
	munmap(m->pool, POOL_PAGES * VSVM_PAGE_SIZE);
}

static bool has_object(const struct churn_page *p)
{
	return p->backing == CHURN_PRIVATE || p->backing == CHURN_SHARED;
}

uint32_t churn_error(const struct churn_model *m, unsigned int page, bool write)
{
	const struct churn_page *p = &m->pages[page];

	if (!p->backing)
		return VSVM_ERROR_UNMAPPED;
	if (!(p->prot & PROT_READ) || (write && !(p->prot & PROT_WRITE)))
		return VSVM_ERROR_PERMISSION;
	if (has_object(p) && p->offset >= m->objects[p->object].pages)
		return VSVM_ERROR_BUS;
	return VSVM_ERROR_NONE;
}

unsigned int churn_run(const struct churn_model *m, unsigned int page, unsigned int max,
		       bool write)
{
	unsigned int n = 0;

	while (n < max && page + n < CHURN_PAGES && !churn_error(m, page + n, write))
		n++;
	return n;
}

struct churn_slot *churn_slot(struct churn_model *m, unsigned int page)
{
	struct churn_page *p = &m->pages[page];

	if (p->backing == CHURN_ANON || p->copied)
		return &p->own;
	return &m->objects[p->object].slots[p->offset];
}

void churn_map(struct churn_model *m, unsigned int page, uint8_t backing, unsigned int object,
	       unsigned int offset)
{
	struct churn_page *p = &m->pages[page];

	churn_unmap(m, page);
	p->backing = backing;
	p->prot = PROT_READ | PROT_WRITE;
	p->object = object;
	p->offset = offset;
	if (has_object(p))
		m->objects[object].refs++;
}

static void object_put(struct churn_model *m, unsigned int object)
{
	struct churn_object *o = &m->objects[object];

	if (--o->refs || object < CHURN_FILES)
		return;
	close(o->fd);
	o->fd = -1;
	for (unsigned int i = 0; i < o->pages; i++)
		slot_clear(m, &o->slots[i]);
}

void churn_unmap(struct churn_model *m, unsigned int page)
{
	struct churn_page *p = &m->pages[page];

	slot_clear(m, &p->own);
	if (has_object(p))
		object_put(m, p->object);
	p->backing = CHURN_NOTHING;
	p->prot = 0;
	p->copied = false;
	p->settle = false;
	p->wipe = false;
	p->dontfork = false;
	p->gen++;
}

void churn_move(struct churn_model *m, unsigned int from, unsigned int to, bool keep)
{
	struct churn_page *src = &m->pages[from], *dst = &m->pages[to];
	const uint32_t src_gen = src->gen + 1, src_own_gen = src->own.gen + 1;
	uint32_t dst_gen, dst_own_gen;

	churn_unmap(m, to);
	dst_gen = dst->gen + 1;
	dst_own_gen = dst->own.gen + 1;
	*dst = *src;
	dst->gen = dst_gen;
	dst->own.gen = dst_own_gen;

	/* the memory has gone along */
	src->own = (struct churn_slot){ .gen = src_own_gen };
	src->copied = false;
	src->settle = false;
	src->gen = src_gen;
	if (keep) {
		if (has_object(src))
			m->objects[src->object].refs++;
	} else {
		src->backing = CHURN_NOTHING;
		src->prot = 0;
		src->wipe = false;
		src->dontfork = false;
	}
}

void churn_protect(struct churn_model *m, unsigned int page, int prot)
{
	if (m->pages[page].prot == prot)
		return;
	m->pages[page].prot = prot;
	m->pages[page].gen++;
}

void churn_drop(struct churn_model *m, unsigned int page)
{
	struct churn_page *p = &m->pages[page];

	if (p->backing == CHURN_SHARED)
		return;
	slot_clear(m, &p->own);
	p->copied = false;
	p->settle = false;
	p->gen++;
}

void churn_lazy_free(struct churn_model *m, unsigned int page)
{
	struct churn_page *p = &m->pages[page];

	p->own.lazy = CHURN_FREE;
	p->own.gen++;
	p->gen++;
}

void churn_copy(struct churn_model *m, unsigned int page)
{
	struct churn_page *p = &m->pages[page];

	if (p->backing != CHURN_PRIVATE || p->copied)
		return;
	words_copy(m, &p->own.w, m->objects[p->object].slots[p->offset].w);
	p->own.taint = m->objects[p->object].slots[p->offset].taint;
	p->copied = true;
}

void churn_object_zero(struct churn_model *m, unsigned int object, unsigned int first,
		       unsigned int count, bool copies)
{
	for (unsigned int i = first; i < first + count; i++) {
		bool taint = m->objects[object].slots[i].taint;

		slot_clear(m, &m->objects[object].slots[i]);
		m->objects[object].slots[i].taint = taint;
	}
	for (unsigned int i = 0; i < CHURN_PAGES; i++) {
		struct churn_page *p = &m->pages[i];

		if (!has_object(p) || p->object != object || p->offset < first ||
		    p->offset >= first + count)
			continue;
		if (copies && p->backing == CHURN_PRIVATE)
			churn_drop(m, i);
		p->gen++;
	}
}

/* Where the words of one answer are to be written */
static void words_set(struct churn_model *m, uint64_t **to, unsigned int first, unsigned int count,
		      const uint64_t *words)
{
	if (!*to)
		*to = words_alloc(m);
	memcpy(*to + first, words, 8 * count);
}

static void slot_write(struct churn_model *m, struct churn_slot *slot, unsigned int first,
		       unsigned int count, const uint64_t *words)
{
	words_set(m, &slot->w, first, count, words);
	slot->gen++;
	if (slot->lazy == CHURN_DEFINITE)
		return;
	if (count == CHURN_WORDS) {
		words_free(m, &slot->alt);
		slot->lazy = CHURN_DEFINITE;
		return;
	}
	slot->lazy = CHURN_EITHER;
	words_set(m, &slot->alt, first, count, words);
}

void churn_object_write(struct churn_model *m, unsigned int object, unsigned int page,
			const uint64_t *words, unsigned int first, unsigned int count)
{
	slot_write(m, &m->objects[object].slots[page], first, count, words);
}

void churn_write(struct churn_model *m, unsigned int page, unsigned int first, unsigned int count,
		 const uint64_t *words)
{
	churn_copy(m, page);
	slot_write(m, churn_slot(m, page), first, count, words);
}

void churn_fill(struct churn_model *m, unsigned int page, uint64_t value)
{
	uint64_t words[CHURN_WORDS];

	for (unsigned int i = 0; i < CHURN_WORDS; i++)
		words[i] = value;
	churn_write(m, page, 0, CHURN_WORDS, words);
}

void churn_taint(struct churn_model *m, unsigned int page)
{
	struct churn_page *p = &m->pages[page];

	if (p->backing == CHURN_PRIVATE && !p->copied) {
		churn_copy(m, page);
		p->settle = true;
	}
	churn_slot(m, page)->taint = true;
}

static int first_wrong(const uint64_t *words, const uint64_t *got)
{
	for (unsigned int i = 0; i < CHURN_WORDS; i++)
		if (churn_word(words, i) != got[i])
			return i;
	return -1;
}

static bool same(const uint64_t *words, const uint64_t *got)
{
	return !memcmp(words ? words : zeros, got, sizeof(zeros));
}

int churn_peek(const struct churn_slot *slot, const uint64_t *got)
{
	if (same(slot->w, got) || (slot->lazy && same(slot->alt, got)))
		return -1;
	return first_wrong(slot->w, got);
}

int churn_match(struct churn_model *m, struct churn_slot *slot, const uint64_t *got)
{
	if (same(slot->w, got)) {
		if (slot->lazy == CHURN_EITHER) {
			words_free(m, &slot->alt);
			slot->lazy = CHURN_DEFINITE;
		}
		return -1;
	}
	if (slot->lazy && same(slot->alt, got)) {
		words_copy(m, &slot->w, slot->alt);
		words_free(m, &slot->alt);
		slot->lazy = CHURN_DEFINITE;
		return -1;
	}
	return first_wrong(slot->w, got);
}

void churn_adopt(struct churn_model *m, struct churn_slot *slot, const uint64_t *got)
{
	words_copy(m, &slot->w, all_zero(got) ? NULL : got);
	words_free(m, &slot->alt);
	/* What MADV_FREE may take is gone only when it is zeros. */
	if (slot->lazy == CHURN_EITHER || !slot->w)
		slot->lazy = CHURN_DEFINITE;
	slot->taint = false;
}

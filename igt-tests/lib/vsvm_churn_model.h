/* SPDX-License-Identifier: MIT */
/*
 * What every byte of an arena may be: the oracle of vsvm_churn.
 *
 * An arena is a range of addresses that one thread alone maps, unmaps and writes. For each of its
 * pages the model knows the mapping, and for each page of memory (private, or of an object that
 * mappings share) a full copy, called slot, in memory that the GPU never sees. The functions here
 * change the model only; who calls them does the same to the memory.
 *
 * Three things may leave more than one right answer:
 *
 * - MADV_FREE: the page is as it was, or zeros, as a whole: &churn_slot.lazy;
 * - the GPU writes while the memory is being changed: each word is as it would be without the GPU,
 *   or what the GPU writes: &churn_slot.taint. It ends when the GPU has ended: what is there is
 *   looked at, has to be one of these, and is what the page has from then on;
 * - a private page of a file in the same situation: nobody knows whether it is a copy already.
 *   churn_page.settle asks for it to be made one.
 */
#ifndef VSVM_CHURN_MODEL_H
#define VSVM_CHURN_MODEL_H

#include "vsvm_lib.h"

/** CHURN_PAGES - pages of an arena; one more up to the next arena is its guard */
#define CHURN_PAGES		1023
/** CHURN_WORDS - words of a page */
#define CHURN_WORDS		512
/** CHURN_OBJECTS - objects of an arena; the first are files, the others anonymous shared memory */
#define CHURN_OBJECTS		8
#define CHURN_FILE_DISK		0
#define CHURN_FILE_MEMFD	1
#define CHURN_FILES		2
/** CHURN_OBJECT_PAGES - pages that an object has at most */
#define CHURN_OBJECT_PAGES	640

/** enum churn_lazy - is a page what it was, or zeros? */
enum churn_lazy {
	/** @CHURN_DEFINITE: what &churn_slot.w says */
	CHURN_DEFINITE = 0,
	/** @CHURN_FREE: it may become zeros at any time, until it is written */
	CHURN_FREE,
	/** @CHURN_EITHER: it has been written since: all &churn_slot.w or all &churn_slot.alt */
	CHURN_EITHER,
};

/**
 * struct churn_slot - a page of memory
 */
struct churn_slot {
	/** @w: its words, NULL for zeros */
	uint64_t *w;
	/** @alt: its words if it was freed in between; see &enum churn_lazy; NULL for zeros */
	uint64_t *alt;
	/** @gen: counts what happens to it other than the GPU's writing */
	uint32_t gen;
	/** @lazy: &enum churn_lazy */
	uint8_t lazy;
	/** @taint: the GPU may be writing it */
	bool taint;
};

/**
 * struct churn_object - memory that mappings share
 */
struct churn_object {
	/** @fd: to read and write it; -1: there is no such object now */
	int fd;
	/** @pages: its size */
	uint32_t pages;
	/** @refs: pages of the arena that map it; anonymous memory goes with the last */
	uint32_t refs;
	/** @slots: its pages */
	struct churn_slot slots[CHURN_OBJECT_PAGES];
};

/** enum churn_backing - what a page of the arena is a mapping of */
enum churn_backing {
	/** @CHURN_NOTHING: not mapped */
	CHURN_NOTHING = 0,
	/** @CHURN_ANON: private, no file */
	CHURN_ANON,
	/** @CHURN_PRIVATE: private, of an object */
	CHURN_PRIVATE,
	/** @CHURN_SHARED: shared, of an object */
	CHURN_SHARED,
};

/**
 * struct churn_page - a page of the arena
 */
struct churn_page {
	/** @own: private memory */
	struct churn_slot own;
	/** @object: &churn_model.objects it maps */
	uint16_t object;
	/** @offset: which page of it */
	uint16_t offset;
	/** @gen: counts changes of the mapping */
	uint32_t gen;
	/** @backing: &enum churn_backing */
	uint8_t backing;
	/** @prot: PROT_* */
	uint8_t prot;
	/** @copied: @own is in use, and not the object's page */
	bool copied;
	/** @settle: @copied is what the model supposes; has to be made true */
	bool settle;
	/** @wipe: MADV_WIPEONFORK */
	bool wipe;
	/** @dontfork: MADV_DONTFORK */
	bool dontfork;
};

/**
 * struct churn_model - an arena
 */
struct churn_model {
	/** @base: its first byte */
	uint8_t *base;
	/** @pages: its pages */
	struct churn_page pages[CHURN_PAGES];
	/** @objects: what they may be mappings of */
	struct churn_object objects[CHURN_OBJECTS];
	/** @pool: memory for words, shared, so that fork copies none of it */
	uint64_t *pool;
	/** @pool_used: pages of @pool handed out so far */
	unsigned int pool_used;
	/** @free: pages of @pool given back, linked by their first word */
	uint64_t *free;
};

/** churn_model_init() - an arena of untouched anonymous memory, and no objects */
void churn_model_init(struct churn_model *m, uint8_t *base);
/** churn_model_fini() - free what the model has allocated */
void churn_model_fini(struct churn_model *m);

/** churn_addr() - address of a page */
static inline uint8_t *churn_addr(const struct churn_model *m, unsigned int page)
{
	return m->base + page * VSVM_PAGE_SIZE;
}

/** churn_error() - the &enum vsvm_error of an access to a page, 0 if it is allowed */
uint32_t churn_error(const struct churn_model *m, unsigned int page, bool write);
/** churn_run() - pages from @page on, at most @max, that such an access is allowed to */
unsigned int churn_run(const struct churn_model *m, unsigned int page, unsigned int max,
		       bool write);
/** churn_slot() - the memory of a mapped page that is not beyond the end of its object */
struct churn_slot *churn_slot(struct churn_model *m, unsigned int page);

/* What the process does to mappings */

void churn_map(struct churn_model *m, unsigned int page, uint8_t backing, unsigned int object,
	       unsigned int offset);
void churn_unmap(struct churn_model *m, unsigned int page);
/** churn_move() - mremap() of one page; with @keep (DONTUNMAP) the old mapping stays, empty */
void churn_move(struct churn_model *m, unsigned int from, unsigned int to, bool keep);
void churn_protect(struct churn_model *m, unsigned int page, int prot);
/** churn_drop() - MADV_DONTNEED: private memory is lost */
void churn_drop(struct churn_model *m, unsigned int page);
/** churn_lazy_free() - MADV_FREE, of private anonymous memory that is not CHURN_EITHER */
void churn_lazy_free(struct churn_model *m, unsigned int page);
/** churn_copy() - a private page of a file becomes a copy */
void churn_copy(struct churn_model *m, unsigned int page);

/* What it does to objects */

/** churn_object_zero() - pages of an object become zeros; @copies: private copies of them go too */
void churn_object_zero(struct churn_model *m, unsigned int object, unsigned int first,
		       unsigned int count, bool copies);
/** churn_object_write() - write() to a page of an object */
void churn_object_write(struct churn_model *m, unsigned int object, unsigned int page,
			const uint64_t *words, unsigned int first, unsigned int count);

/* What CPU and GPU write: where it is allowed */

void churn_write(struct churn_model *m, unsigned int page, unsigned int first, unsigned int count,
		 const uint64_t *words);
void churn_fill(struct churn_model *m, unsigned int page, uint64_t value);
/** churn_taint() - the GPU may write the page from now on */
void churn_taint(struct churn_model *m, unsigned int page);

/** churn_word() - word of a slot, as far as the model knows */
static inline uint64_t churn_word(const uint64_t *words, unsigned int i)
{
	return words ? words[i] : 0;
}

/**
 * churn_match() - is a page what it may be?
 * @m: model
 * @slot: what it may be; without taint. Learns from what it sees
 * @got: what it is
 *
 * Returns -1 if so, else the first wrong word.
 */
int churn_match(struct churn_model *m, struct churn_slot *slot, const uint64_t *got);
/** churn_peek() - the same, learns nothing: for a child after fork */
int churn_peek(const struct churn_slot *slot, const uint64_t *got);
/** churn_adopt() - the slot is what it is seen to be */
void churn_adopt(struct churn_model *m, struct churn_slot *slot, const uint64_t *got);

#endif /* VSVM_CHURN_MODEL_H */

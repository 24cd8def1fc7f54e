// SPDX-License-Identifier: MIT
/*
 * Comparing memory with the model of vsvm_churn, by CPU and by GPU, and looking at what the process
 * has shut.
 */
#include "vsvm_churn_gpu.h"

#define PAGE		VSVM_PAGE_SIZE
#define RW		(PROT_READ | PROT_WRITE)

void churn_wrong(struct churn_thread *t, const char *who, unsigned int page, unsigned int word,
		 uint64_t got)
{
	const struct churn_page *p = &t->m.pages[page];
	const struct churn_slot *slot = churn_slot(&t->m, page);

	churn_crit(t, "%s reads %#llx at %#llx, page %u word %u, expected %#llx (backing %u, object %u, offset %u, lazy %u, copied %u)",
		   who, (long long)got, (long long)(churn_page_ptr(t, page) + 8 * word), page, word,
		   (long long)churn_word(slot->w, word), p->backing, p->object, p->offset,
		   slot->lazy, p->copied);
}

/* Opens a page that the process has shut, for a moment */
static void open_page(struct churn_thread *t, unsigned int page, int prot)
{
	int now = t->m.pages[page].prot;

	if (prot & ~now)
		churn_check(t, !mprotect(churn_addr(&t->m, page), PAGE, prot | now),
			    "mprotect of page %u: %m", page);
}

static void shut_page(struct churn_thread *t, unsigned int page, int prot)
{
	int now = t->m.pages[page].prot;

	if (prot & ~now)
		churn_check(t, !mprotect(churn_addr(&t->m, page), PAGE, now),
			    "mprotect of page %u: %m", page);
}

void churn_look(struct churn_thread *t, unsigned int page, uint64_t *words)
{
	open_page(t, page, PROT_READ);
	memcpy(words, churn_addr(&t->m, page), PAGE);
	shut_page(t, page, PROT_READ);
}

void churn_settle(struct churn_thread *t, unsigned int page)
{
	struct churn_page *p = &t->m.pages[page];

	if (p->backing != CHURN_PRIVATE || (p->copied && !p->settle))
		return;
	p->settle = false;
	if (p->offset >= t->m.objects[p->object].pages)
		return;
	open_page(t, page, RW);
	__atomic_fetch_add((uint64_t *)churn_addr(&t->m, page), 0, __ATOMIC_RELAXED);
	shut_page(t, page, RW);
	churn_copy(&t->m, page);
}

void churn_check_cpu(struct churn_thread *t, unsigned int a, unsigned int n)
{
	for (unsigned int i = a; i < a + n && i < CHURN_PAGES; i++) {
		uint64_t *words = (uint64_t *)churn_addr(&t->m, i);
		int word;

		if (churn_error(&t->m, i, false))
			continue;
		word = churn_match(&t->m, churn_slot(&t->m, i), words);
		if (word >= 0)
			churn_wrong(t, "CPU", i, word, READ_ONCE(words[word]));
	}
}

void churn_check_gpu(struct churn_thread *t, unsigned int q, unsigned int a, unsigned int n)
{
	if (a + n > CHURN_PAGES)
		n = CHURN_PAGES - a;
	while (n) {
		unsigned int run = churn_run(&t->m, a, n < CHURN_SCRATCH_PAGES ?
					     n : CHURN_SCRATCH_PAGES, false);

		if (run)
			churn_gpu_read(t, q, a, run);
		else
			run = 1;
		a += run;
		n -= run;
	}
}

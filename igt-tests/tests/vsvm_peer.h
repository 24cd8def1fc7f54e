/* SPDX-License-Identifier: MIT */
/*
 * What the tests of memory in VRAM of another device have in common: two devices, a VM on each.
 */
#ifndef VSVM_PEER_TEST_H
#define VSVM_PEER_TEST_H

#include "vsvm_modprobe.h"
#include "vsvm_vram.h"

/**
 * struct peers - a VM on each of two devices, of one process
 */
struct peers {
	/** @a: the one that has memory in its VRAM */
	struct svm a;
	/** @b: the one that looks at it */
	struct svm b;
};

/* The devices, if they are open; a subtest that fails leaves them to the next one */
static int peer_fds[2] = { -1, -1 };

static inline void peers_shut(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (peer_fds[i] >= 0)
			close(peer_fds[i]);
		peer_fds[i] = -1;
	}
}

/**
 * peers_load() - the module with two devices, and other parameters
 *
 * If it is loaded so, and both are open, they stay: on a kernel with KUnit a module takes its time.
 */
static inline void peers_load(const char *more)
{
	static char loaded[512];
	char params[512];

	snprintf(params, sizeof(params), "%s devices=2 %s", vsvm_module_found(), more);
	if (peer_fds[0] >= 0 && peer_fds[1] >= 0 && !strcmp(params, loaded))
		return;
	peers_shut();
	vsvm_module_reload(params);
	memcpy(loaded, params, sizeof(loaded));
	for (unsigned int i = 0; i < 2; i++)
		peer_fds[i] = vsvm_open_device(i);
	vram_require(peer_fds[0]);
}

static inline void peers_init(struct peers *t)
{
	svm_init(&t->a, peer_fds[0]);
	svm_init(&t->b, peer_fds[1]);
}

static inline void peers_fini(struct peers *t)
{
	svm_fini(&t->b);
	svm_fini(&t->a);
}

/** peers_set() - what the second one is to do with a range */
static inline void peers_set(struct svm *t, const void *p, size_t size, uint32_t peer)
{
	igt_assert_eq(__vsvm_attr(t->ctx.fd, t->ctx.vm, p, size, DRM_VSVM_ATTR_PEER, peer), 0);
}

/** peers_numbered() - pages with the numbers from 1 on, in VRAM of the first one */
static inline uint8_t *peers_numbered(struct peers *t, unsigned int pages, bool huge)
{
	uint8_t *p = huge ? vram_huge(&t->a, pages / BLOCK_PAGES) : vram_buffer(&t->a, pages);

	svm_number_pages(p, pages, 1);
	svm_expect_pages(&t->a, p, pages, 1);
	vram_expect_pages(&t->a, pages);
	return p;
}

/** peers_unload() - for the last fixture */
static inline void peers_unload(void)
{
	peers_shut();
	if (vsvm_module_loaded())
		vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

#endif /* VSVM_PEER_TEST_H */

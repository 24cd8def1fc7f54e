// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm peer
 * Description: Memory of a process in VRAM of one device, used by another one
 *
 * Loads the module with two devices; at the end it is loaded as it was. In the names a is the
 * device that has the memory first, b the other one.
 */
#include "vsvm_peer.h"

IGT_TEST_DESCRIPTION("Memory in VRAM of one device that another device uses");

#define PAGES		32
#define MIB		8
#define CHUNKS		((MIB << 20) / VSVM_2M)

static unsigned int pages_of(bool huge)
{
	return huge ? BLOCK_PAGES : PAGES;
}

/* b reads and writes where the memory is, and a CPU finds all of it */
static void test_map(bool huge, bool wanted)
{
	const unsigned int pages = pages_of(huge);
	struct drm_vsvm_vm_stats stats;
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, pages, huge);
	if (wanted) {
		vram_prefer(&t.b, p, pages * PAGE);
		peers_set(&t.b, p, pages * PAGE, DRM_VSVM_PEER_MAP);
	}
	svm_expect_pages(&t.b, p, pages, 1);
	stats = svm_stats(&t.b);
	igt_assert_eq_u64(stats.pages_peer, pages);
	igt_assert_eq_u64(stats.pages_from_peer, 0);
	igt_assert_eq_u64(stats.pages_to_vram, 0);
	vram_number_gpu(&t.b, p, pages, 1000);
	vram_expect_pages(&t.a, pages);
	vram_expect_pages(&t.b, 0);
	igt_assert_eq_u64(svm_stats(&t.a).pages_faulted, 0);
	if (huge)
		igt_assert_lt_u64(0, svm_stats(&t.b).leaves_2m);
	svm_expect_pages(&t.a, p, pages, 1000);
	/* both have all of it mapped: nothing faults any more */
	stats = svm_stats(&t.b);
	vram_number_gpu(&t.a, p, pages, 2000);
	svm_expect_pages(&t.b, p, pages, 2000);
	igt_assert_eq_u64(svm_stats(&t.b).faults, stats.faults);
	vram_check(p, pages, 2000);
	vram_expect_pages(&t.a, 0);
	svm_expect_pages(&t.b, p, pages, 2000);
	svm_buffer_free(p, pages * PAGE);
	peers_fini(&t);
}

/* b must not reach it: it comes back first, and goes to b's VRAM from there if wanted there */
static void test_refuse(bool huge, bool wanted)
{
	const unsigned int pages = pages_of(huge);
	struct drm_vsvm_vm_stats stats;
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, pages, huge);
	if (wanted)
		vram_prefer(&t.b, p, pages * PAGE);
	peers_set(&t.b, p, pages * PAGE, DRM_VSVM_PEER_REFUSE);
	svm_expect_pages(&t.b, p, pages, 1);
	stats = svm_stats(&t.b);
	igt_assert_eq_u64(stats.pages_peer, 0);
	igt_assert_eq_u64(stats.pages_from_peer, 0);
	igt_assert_eq_u64(stats.peer_refused, pages);
	vram_expect_pages(&t.a, 0);
	vram_expect_pages(&t.b, wanted ? pages : 0);
	vram_number_gpu(&t.b, p, pages, 50);
	vram_check(p, pages, 50);
	svm_buffer_free(p, pages * PAGE);
	peers_fini(&t);
}

/* Only a part is refused, or is where it must not be; what lies around it stays */
static void test_refuse_part(void)
{
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, PAGES, false);
	peers_set(&t.b, p + 8 * PAGE, 4 * PAGE, DRM_VSVM_PEER_REFUSE);
	igt_assert_eq_u64(svm_read(&t.b, p + 9 * PAGE), 10);
	igt_assert_eq_u64(svm_stats(&t.b).peer_refused, 1);
	igt_assert_eq_u64(svm_stats(&t.b).pages_peer, 0);
	vram_expect_pages(&t.a, PAGES - 1);
	svm_expect_pages(&t.b, p, PAGES, 1);
	igt_assert_eq_u64(svm_stats(&t.b).peer_refused, 4);
	igt_assert_eq_u64(svm_stats(&t.b).pages_peer, PAGES - 4);
	vram_expect_pages(&t.a, PAGES - 4);
	/* from now on none of it may be */
	peers_set(&t.b, p, PAGES * PAGE, DRM_VSVM_PEER_REFUSE);
	svm_expect_pages(&t.b, p, PAGES, 1);
	vram_expect_pages(&t.a, 0);
	svm_buffer_free(p, PAGES * PAGE);
	peers_fini(&t);
}

/* It moves from VRAM to VRAM, and as what it was */
static void test_take(bool huge, bool write)
{
	const unsigned int pages = pages_of(huge);
	struct drm_vsvm_vm_stats stats;
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, pages, huge);
	vram_prefer(&t.b, p, pages * PAGE);
	if (write)
		vram_number_gpu(&t.b, p, pages, 1);
	svm_expect_pages(&t.b, p, pages, 1);
	stats = svm_stats(&t.b);
	igt_assert_eq_u64(stats.pages_from_peer, pages);
	igt_assert_eq_u64(stats.pages_to_vram, pages);
	igt_assert_eq_u64(stats.pages_peer, 0);
	igt_assert_eq_u64(stats.peer_refused, 0);
	igt_assert_eq_u64(stats.kept_busy, 0);
	if (huge)
		igt_assert_eq_u64(stats.pages_split, 0);
	vram_expect_pages(&t.a, 0);
	vram_expect_pages(&t.b, pages);
	stats = svm_stats(&t.a);
	igt_assert_eq_u64(stats.pages_faulted + stats.pages_evicted + stats.pages_to_system, 0);
	/* and back again, and once more, for both want it */
	vram_number_gpu(&t.a, p, pages, 70);
	igt_assert_eq_u64(svm_stats(&t.a).pages_from_peer, pages);
	svm_expect_pages(&t.b, p, pages, 70);
	igt_assert_eq_u64(svm_stats(&t.b).pages_from_peer, 2 * pages);
	igt_assert_eq_u64(svm_stats(&t.a).pages_faulted, 0);
	vram_check(p, pages, 70);
	if (huge)
		igt_assert_eq_u64(vsvm_huge_kib(p), VSVM_2M / 1024);
	svm_buffer_free(p, pages * PAGE);
	peers_fini(&t);
}

/* What b does not ask for a uses, unless the program wants it to move together */
static void test_take_part(void)
{
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, PAGES, false);
	vram_prefer(&t.b, p, PAGES * PAGE);
	igt_assert_eq_u64(svm_read(&t.b, p + 5 * PAGE), 6);
	vram_expect_pages(&t.a, PAGES - 1);
	vram_expect_pages(&t.b, 1);
	igt_assert_eq(__vsvm_attr(peer_fds[1], t.b.ctx.vm, p, PAGES * PAGE,
				  DRM_VSVM_ATTR_GRANULARITY, 16), 0);
	igt_assert_eq_u64(svm_read(&t.b, p + 20 * PAGE), 21);
	vram_expect_pages(&t.a, PAGES - 17);
	vram_expect_pages(&t.b, 17);
	svm_expect_pages(&t.a, p, PAGES, 1);
	vram_check(p, PAGES, 1);
	svm_buffer_free(p, PAGES * PAGE);
	peers_fini(&t);
}

/* A part of 2M moves: the rest stays where it is, in pieces */
static void test_take_huge_part(void)
{
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, BLOCK_PAGES, true);
	vram_prefer(&t.b, p, 16 * PAGE);
	svm_expect_pages(&t.b, p, 16, 1);
	vram_expect_pages(&t.b, 16);
	vram_expect_pages(&t.a, BLOCK_PAGES - 16);
	svm_expect_pages(&t.b, p, BLOCK_PAGES, 1);
	svm_expect_pages(&t.a, p, BLOCK_PAGES, 1);
	vram_check(p, BLOCK_PAGES, 1);
	svm_buffer_free(p, VSVM_2M);
	peers_fini(&t);
}

/* A prefetch says where to, whatever else is wished, and means what is in any VRAM */
static void test_prefetch(bool huge)
{
	const unsigned int pages = pages_of(huge);
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, pages, huge);
	peers_set(&t.b, p, pages * PAGE, DRM_VSVM_PEER_MAP);
	vram_prefetch(&t.b, p, pages * PAGE);
	vram_expect_pages(&t.a, 0);
	vram_expect_pages(&t.b, pages);
	igt_assert_eq_u64(svm_stats(&t.b).pages_from_peer, pages);
	vram_fetch_back(&t.a, p, pages * PAGE);
	vram_expect_pages(&t.b, 0);
	igt_assert_eq_u64(svm_stats(&t.a).pages_to_system, pages);
	/* without a place it stays */
	vram_prefetch(&t.a, p, pages * PAGE);
	igt_assert_eq(__vsvm_prefetch(peer_fds[1], t.b.ctx.vm, p, pages * PAGE, 0, NULL), 0);
	vram_expect_pages(&t.a, pages);
	igt_assert_eq_u64(svm_stats(&t.b).pages_peer, pages);
	svm_expect_pages(&t.b, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	peers_fini(&t);
}

static void test_attr(void)
{
	uint8_t *p;
	struct peers t;
	struct drm_vsvm_attr_op op = { .size = 4 * PAGE, .type = DRM_VSVM_ATTR_PEER };
	struct drm_vsvm_vm_attr attr = {
		.flags = DRM_VSVM_ATTR_QUERY, .ops = { vsvm_ptr(&op), 1, sizeof(op) },
	};

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, 4, false);
	igt_assert_eq(__vsvm_attr(peer_fds[1], t.b.ctx.vm, p, PAGE, DRM_VSVM_ATTR_PEER, 3),
		      -EINVAL);
	igt_assert_eq(__vsvm_attr(peer_fds[1], t.b.ctx.vm, p, PAGE, DRM_VSVM_ATTR_PEER, ~0u),
		      -EINVAL);
	peers_set(&t.b, p + PAGE, PAGE, DRM_VSVM_PEER_REFUSE);
	op.addr = vsvm_ptr(p);
	attr.vm_id = t.b.ctx.vm;
	igt_assert_eq(vsvm_ioctl(peer_fds[1], DRM_IOCTL_VSVM_VM_ATTR, &attr), 0);
	igt_assert_eq_u32(op.value, DRM_VSVM_PEER_DEFAULT);
	igt_assert_eq_u64(op.size, PAGE);
	op = (struct drm_vsvm_attr_op){ vsvm_ptr(p) + PAGE, PAGE, DRM_VSVM_ATTR_PEER };
	igt_assert_eq(vsvm_ioctl(peer_fds[1], DRM_IOCTL_VSVM_VM_ATTR, &attr), 0);
	igt_assert_eq_u32(op.value, DRM_VSVM_PEER_REFUSE);
	svm_buffer_free(p, 4 * PAGE);
	peers_fini(&t);
}

#define ADDS	300

static uint32_t *shared_word;

static void *add_thread(void *data)
{
	for (unsigned int i = 0; i < ADDS; i++) {
		__atomic_fetch_add(shared_word, 1, __ATOMIC_SEQ_CST);
		if (i % 16 == 0)
			usleep(100);
	}
	return NULL;
}

static uint64_t submit_adds(struct svm *t, const void *word)
{
	svm_stream(t);
	for (unsigned int i = 0; i < ADDS; i++)
		vsvm_emit_atomic(&t->s, VSVM_ATOMIC_ADD, 4, vsvm_ptr(word), 1, 0, 0);
	return vsvm_submit(&t->ctx, &t->s);
}

/* Two GPUs and a CPU add to one word, each as often, and none of it is lost */
static void test_atomics(uint32_t mode, uint32_t peer, bool wanted, bool cpu)
{
	uint64_t a, b, want;
	pthread_t thread;
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = vram_buffer(&t.a, 1);
	shared_word = (uint32_t *)p;
	if (wanted)
		vram_prefer(&t.b, p, PAGE);
	peers_set(&t.b, p, PAGE, peer);
	peers_set(&t.a, p, PAGE, peer);
	for (unsigned int i = 0; i < 2; i++) {
		struct svm *s = i ? &t.b : &t.a;

		igt_assert_eq(__vsvm_attr(s->ctx.fd, s->ctx.vm, p, PAGE, DRM_VSVM_ATTR_ATOMIC,
					  mode), 0);
	}
	svm_write(&t.a, p, 0);
	a = submit_adds(&t.a, p);
	b = submit_adds(&t.b, p);
	if (cpu)
		igt_assert_eq(pthread_create(&thread, NULL, add_thread, NULL), 0);
	vsvm_finish(&t.a.ctx, a);
	vsvm_finish(&t.b.ctx, b);
	if (cpu)
		igt_assert_eq(pthread_join(thread, NULL), 0);
	want = (cpu ? 3 : 2) * ADDS;
	igt_assert_eq_u64(svm_read(&t.a, p), want);
	igt_assert_eq_u64(svm_read(&t.b, p), want);
	igt_assert_eq_u64(*(uint64_t *)p, want);
	svm_buffer_free(p, PAGE);
	peers_fini(&t);
}

/* Both write pages all the time, each its own words, and both want them: who loses gets on too */
static void test_both(uint32_t peer)
{
	const size_t size = BUSY_LANES * PAGE;
	struct drm_vsvm_vm_stats stats;
	uint64_t taken, mapped;
	struct peers t;
	uint8_t *p;

	peers_load("");
	busy_init(&t.a, peer_fds[0]);
	svm_init(&t.b, peer_fds[1]);
	p = vram_buffer(&t.a, BUSY_LANES);
	memset(p, 0, size);
	vram_prefer(&t.b, p, size);
	peers_set(&t.a, p, size, peer);
	peers_set(&t.b, p, size, peer);
	busy_start(&t.a, p, PAGE, 0);
	for (unsigned int round = 1; round <= 40; round++) {
		svm_stream(&t.b);
		for (unsigned int i = 0; i < BUSY_LANES; i++)
			vsvm_emit_fill(&t.b.s, vsvm_ptr(p) + i * PAGE + 64, 8, round * 100 + i, 8);
		vsvm_run(&t.b.ctx, &t.b.s);
		for (unsigned int i = 0; i < BUSY_LANES; i += 7)
			igt_assert_eq_u64(svm_read(&t.b, p + i * PAGE + 64), round * 100 + i);
	}
	busy_rounds(2);
	busy_stop();
	for (unsigned int i = 0; i < BUSY_LANES; i++)
		igt_assert_eq_u64(*(uint64_t *)(p + i * PAGE + 64), 4000 + i);
	/* either may have been first, and the other one finds the pages there */
	stats = svm_stats(&t.b);
	taken = stats.pages_from_peer;
	mapped = stats.pages_peer;
	stats = svm_stats(&t.a);
	taken += stats.pages_from_peer;
	mapped += stats.pages_peer;
	if (peer == DRM_VSVM_PEER_DEFAULT)
		igt_assert_lt_u64(0, taken);
	else
		igt_assert_eq_u64(taken, 0);
	if (peer == DRM_VSVM_PEER_MAP)
		igt_assert_lt_u64(0, mapped);
	if (peer == DRM_VSVM_PEER_REFUSE)
		igt_assert_eq_u64(mapped, 0);
	svm_buffer_free(p, size);
	peers_fini(&t);
}

/* A child and its parent, by the two GPUs, have what is each one's own */
static void test_fork(bool huge, bool wanted)
{
	const unsigned int pages = pages_of(huge);
	struct peers t;
	int go[2];
	uint8_t *p;
	char c = 0;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, pages, huge);
	if (wanted)
		vram_prefer(&t.b, p, pages * PAGE);
	else
		svm_expect_pages(&t.b, p, pages, 1);
	igt_assert_eq(pipe(go), 0);
	igt_fork(child, 1) {
		igt_assert_eq(read(go[0], &c, 1), 1);
		vram_check(p, pages, 1);
		svm_number_pages(p, pages, 9000);
	}
	vram_number_gpu(&t.b, p, pages, 300);
	svm_expect_pages(&t.a, p, pages, 300);
	igt_assert_eq(write(go[1], &c, 1), 1);
	igt_waitchildren();
	svm_expect_pages(&t.b, p, pages, 300);
	vram_check(p, pages, 300);
	close(go[0]);
	close(go[1]);
	svm_buffer_free(p, pages * PAGE);
	peers_fini(&t);
}

/* What b has mapped in a's VRAM goes, or moves, and b does not have it any more */
static void test_unmap(bool huge)
{
	const unsigned int pages = pages_of(huge);
	uint8_t *p, *to;
	struct peers t;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, pages, huge);
	svm_expect_pages(&t.b, p, pages, 1);
	to = svm_buffer(pages * PAGE);
	igt_assert(mremap(p, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	svm_expect_error(&t.b, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_pages(&t.b, to, pages, 1);
	vram_expect_pages(&t.a, pages);
	igt_assert_eq(madvise(to, PAGE, MADV_DONTNEED), 0);
	igt_assert_eq_u64(svm_read(&t.b, to), 0);
	igt_assert_eq_u64(svm_read(&t.b, to + PAGE), 2);
	vsvm_unmap(to + PAGE, PAGE);
	svm_expect_error(&t.b, to + PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	svm_expect_pages(&t.b, to + 2 * PAGE, pages - 2, 3);
	svm_buffer_free(to, pages * PAGE);
	vram_expect_pages(&t.a, 0);
	vsvm_unmap(p - SVM_GUARD, SVM_GUARD);
	peers_fini(&t);
}

/* a's VRAM is too small: what b has mapped there makes room, under b's writes */
static void test_evict(bool huge)
{
	const size_t size = BUSY_LANES * PAGE;
	struct known k;
	struct peers t;
	uint8_t *p, *q;

	peers_load("vram_mib=8");
	svm_init(&t.a, peer_fds[0]);
	busy_init(&t.b, peer_fds[1]);
	p = huge ? vram_huge(&t.a, 1) : vram_buffer(&t.a, BUSY_LANES);
	memset(p, 0, size);
	svm_read(&t.a, p);
	busy_start(&t.b, p, PAGE, 0);
	busy_rounds(2);
	igt_assert_lt_u64(0, svm_stats(&t.b).pages_peer);
	q = vram_buffer(&t.a, 2 * CHUNKS * BLOCK_PAGES);
	known_init(&k, q, 2 * CHUNKS * VSVM_2M);
	known_write(&k, &t.a);
	busy_rounds(2);
	igt_assert_lt_u64(0, svm_stats(&t.a).pages_evicted);
	known_expect(&k, &t.a);
	busy_rounds(2);
	busy_stop();
	known_fini(&k);
	svm_buffer_free(q, k.size);
	svm_buffer_free(p, huge ? VSVM_2M : size);
	peers_fini(&t);
}

/* What b uses, by what it has mapped, does not make room before what nobody does */
static void test_lru(bool huge)
{
	struct svm a[CHUNKS + 2], b;
	struct known k[CHUNKS + 2];
	uint64_t faults;

	peers_load("vram_mib=8");
	svm_init(&b, peer_fds[1]);
	for (unsigned int i = 0; i < CHUNKS + 2; i++) {
		uint8_t *p;

		svm_init(&a[i], peer_fds[0]);
		p = huge ? vram_huge(&a[i], 1) : vram_buffer(&a[i], BLOCK_PAGES);
		known_init(&k[i], p, VSVM_2M);
	}
	/* b has the second one mapped, which is the next to go after the first */
	for (unsigned int i = 0; i < CHUNKS; i++) {
		known_write(&k[i], &a[i]);
		if (i == 1)
			known_expect_gpu(&k[1], &b);
	}
	/* this has the oldest go, and what is in use looked at */
	known_write(&k[CHUNKS], &a[CHUNKS]);
	vram_expect_pages(&a[0], 0);
	usleep(300000);
	faults = svm_stats(&b).faults;
	svm_read(&b, k[1].p);
	igt_assert_eq_u64(svm_stats(&b).faults, faults);
	known_write(&k[CHUNKS + 1], &a[CHUNKS + 1]);
	vram_expect_pages(&a[1], BLOCK_PAGES);
	vram_expect_pages(&a[2], 0);
	for (unsigned int i = 0; i < CHUNKS + 2; i++) {
		known_expect(&k[i], &a[i]);
		vram_end(&a[i], &k[i]);
	}
	svm_fini(&b);
}

/* a is unbound with memory in its VRAM that b writes all the time */
static void test_unbind_owner(bool huge)
{
	const size_t size = BUSY_LANES * PAGE;
	struct peers t;
	uint8_t *p;

	peers_load("");
	for (unsigned int round = 0; round < 3; round++) {
		svm_init(&t.a, peer_fds[0]);
		busy_init(&t.b, peer_fds[1]);
		p = huge ? vram_huge(&t.a, 1) : vram_buffer(&t.a, BUSY_LANES);
		memset(p, 0, size);
		svm_read_pages(&t.a, p, BUSY_LANES, PAGE);
		vram_expect_pages(&t.a, huge ? BLOCK_PAGES : BUSY_LANES);
		busy_start(&t.b, p, PAGE, 0);
		busy_rounds(2);
		igt_assert_lt_u64(0, svm_stats(&t.b).pages_peer);
		igt_assert_eq(vsvm_device_write("unbind", 0), 0);
		busy_rounds(2);
		igt_assert_eq(vsvm_device_write("bind", 0), 0);
		busy_rounds(2);
		/* a new device, a new number, maybe the old place */
		vsvm_unmap(t.a.range, svm_range_size());
		close(peer_fds[0]);
		peer_fds[0] = vsvm_open_device(0);
		svm_init(&t.a, peer_fds[0]);
		vram_prefetch(&t.a, p, size);
		busy_rounds(2);
		busy_stop();
		svm_buffer_free(p, huge ? VSVM_2M : size);
		peers_fini(&t);
	}
}

/* b is unbound with a's VRAM mapped, open or not, and the process goes on with a */
static void test_unbind_user(bool huge)
{
	const unsigned int pages = pages_of(huge);
	struct peers t;
	uint8_t *p;

	peers_load("");
	peers_init(&t);
	p = peers_numbered(&t, pages, huge);
	vram_number_gpu(&t.b, p, pages, 40);
	igt_assert_eq(vsvm_device_write("unbind", 1), 0);
	svm_expect_pages(&t.a, p, pages, 40);
	vram_expect_pages(&t.a, pages);
	/* and then a, which the dead VM of b has mapped still */
	igt_assert_eq(vsvm_device_write("unbind", 0), 0);
	vram_check(p, pages, 40);
	peers_shut();
	vsvm_unmap(t.a.range, svm_range_size());
	vsvm_unmap(t.b.range, svm_range_size());
	svm_buffer_free(p, pages * PAGE);
}

/* A process that ends, or is killed, with memory of both in both */
static void test_exit(bool kill)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	igt_assert(ready != MAP_FAILED);
	peers_load("vram_mib=8");
	for (unsigned int round = 0; round < 3; round++) {
		*ready = 0;
		igt_fork(child, 1) {
			struct peers t;
			uint8_t *p, *q;

			busy_forget();
			peers_init(&t);
			p = peers_numbered(&t, PAGES, false);
			q = vram_buffer(&t.b, BUSY_LANES);
			memset(q, 0, BUSY_LANES * PAGE);
			vram_number_gpu(&t.b, p, PAGES, 3);
			busy_start(&t.a, q, PAGE, 0);
			svm_read_pages(&t.b, q, BUSY_LANES, PAGE);
			busy_rounds(1);
			__atomic_store_n(ready, 1, __ATOMIC_SEQ_CST);
			while (kill)
				pause();
			_exit(0);
		}
		while (kill && !__atomic_load_n(ready, __ATOMIC_SEQ_CST))
			usleep(100);
		if (kill) {
			igt_kill_children(SIGKILL);
			igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		} else {
			igt_waitchildren();
		}
	}
	munmap(ready, PAGE);
	vsvm_engines_work(peer_fds[0]);
	vsvm_engines_work(peer_fds[1]);
	peers_shut();
	vsvm_module_unload();
	igt_assert_eq(vsvm_module_load(vsvm_module_found()), 0);
}

/* The two have parts of memory that CPUs map too */
static void test_coherent(uint32_t peer)
{
	uint64_t start, size;
	char params[64];
	struct peers t;
	uint8_t *p;

	vsvm_reserved(&start, &size);
	snprintf(params, sizeof(params), "coherent=%lluM@%#llx", (long long)size >> 20,
		 (long long)start);
	peers_load(params);
	peers_init(&t);
	p = peers_numbered(&t, PAGES, false);
	if (peer == DRM_VSVM_PEER_DEFAULT)
		vram_prefer(&t.b, p, PAGES * PAGE);
	peers_set(&t.b, p, PAGES * PAGE, peer);
	svm_expect_pages(&t.b, p, PAGES, 1);
	vram_expect_pages(&t.a, peer == DRM_VSVM_PEER_MAP ? PAGES : 0);
	vram_expect_pages(&t.b, peer == DRM_VSVM_PEER_DEFAULT ? PAGES : 0);
	igt_assert_eq_u64(svm_stats(&t.b).pages_peer, peer == DRM_VSVM_PEER_MAP ? PAGES : 0);
	vram_number_gpu(&t.b, p, PAGES, 600);
	vram_check(p, PAGES, 600);
	svm_number_pages(p, PAGES, 700);
	svm_expect_pages(&t.a, p, PAGES, 700);
	svm_expect_pages(&t.b, p, PAGES, 700);
	svm_buffer_free(p, PAGES * PAGE);
	peers_fini(&t);
}

int igt_main()
{
	static const char *const peers[] = { "default", "map", "refuse" };
	static const char *const modes[] = { "direct", "exclusive", "migrate" };

	igt_fixture() {
		vsvm_module_save();
	}

	igt_describe("The attribute is not what was set, or takes what is none");
	igt_subtest("attr")
		test_attr();
	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		for (int wanted = 0; wanted < 2; wanted++) {
			const char *how = wanted ? "-wanted" : "";

			igt_describe("A GPU sees other bytes where they are in another one's VRAM");
			igt_subtest_f("map%s%s", how, name)
				test_map(huge, wanted);
			igt_describe("A GPU reaches what it must not, or loses it on the way");
			igt_subtest_f("refuse%s%s", how, name)
				test_refuse(huge, wanted);
			igt_describe("A child and its parent see each other's writes by two GPUs");
			igt_subtest_f("fork%s%s", how, name)
				test_fork(huge, wanted);
		}
		igt_describe("Memory is lost, or goes by way of the system, between two VRAMs");
		igt_subtest_f("take%s", name)
			test_take(huge, false);
		igt_describe("The same, for a write");
		igt_subtest_f("take-write%s", name)
			test_take(huge, true);
		igt_describe("A prefetch leaves in one VRAM what it is to bring to another place");
		igt_subtest_f("prefetch%s", name)
			test_prefetch(huge);
		igt_describe("A GPU goes on using memory in another's VRAM that was unmapped");
		igt_subtest_f("unmap%s", name)
			test_unmap(huge);
		igt_describe("Writes are lost when memory that another GPU uses makes room");
		igt_subtest_f("evict%s", name)
			test_evict(huge);
		igt_describe("What another GPU uses makes room first");
		igt_subtest_f("lru%s", name)
			test_lru(huge);
		igt_describe("Writes are lost, or a GPU falls, when the device that has it goes");
		igt_subtest_f("unbind-owner%s", name)
			test_unbind_owner(huge);
		igt_describe("Memory is lost when the device goes that has mapped it");
		igt_subtest_f("unbind-user%s", name)
			test_unbind_user(huge);
	}
	igt_describe("What lies around what is refused moves, or is mapped");
	igt_subtest("refuse-part")
		test_refuse_part();
	igt_describe("What a GPU has not asked for is taken from another");
	igt_subtest("take-part")
		test_take_part();
	igt_describe("The rest of a page of 2M is lost when a part of it is taken");
	igt_subtest("take-part-huge")
		test_take_huge_part();

	for (uint32_t mode = 0; mode < 3; mode++) {
		for (uint32_t peer = 0; peer < 3; peer++) {
			igt_describe("Additions of two GPUs and a CPU to one word are lost");
			igt_subtest_f("atomics-%s-%s", modes[mode], peers[peer])
				test_atomics(mode, peer, false, true);
		}
		igt_describe("Additions of two GPUs that both want the word in VRAM are lost");
		igt_subtest_f("atomics-%s-wanted", modes[mode])
			test_atomics(mode, DRM_VSVM_PEER_DEFAULT, true, false);
	}
	for (uint32_t peer = 0; peer < 3; peer++) {
		igt_describe("Two GPUs that want the same pages keep each other from work");
		igt_subtest_f("both-%s", peers[peer])
			test_both(peer);
		igt_describe("Where CPUs map VRAM, another GPU has other bytes");
		igt_subtest_f("coherent-%s", peers[peer])
			test_coherent(peer);
	}
	igt_describe("A process that ends leaves something behind in two devices");
	igt_subtest("exit")
		test_exit(false);
	igt_describe("A process that is killed does");
	igt_subtest("kill")
		test_exit(true);

	igt_fixture() {
		busy_end();
		peers_unload();
	}
}

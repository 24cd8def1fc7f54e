// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm peer counter
 * Description: Memory goes from one device's VRAM to another's because that one uses it often
 *
 * Loads the module with two devices; at the end it is loaded as it was. In the names a is the
 * device that has the memory first, b the one that uses it.
 */
#include "vsvm_counter.h"
#include "vsvm_race.h"
#include "vsvm_peer.h"

IGT_TEST_DESCRIPTION("Memory goes to the VRAM of the device that uses it often");

#define REGIONS	4u
#define PAGES	(REGIONS * REGION_PAGES)

static unsigned int pages_of(bool huge)
{
	return huge ? BLOCK_PAGES : PAGES;
}

static void begin(struct peers *t)
{
	vsvm_hold_release_all();
	peers_load("hold_points=1");
	svm_init(&t->a, peer_fds[0]);
	counter_begin(&t->b, peer_fds[1]);
}

/* Numbered pages, nobody's wish; of 2M if there are any */
static uint8_t *buffer(unsigned int pages, bool huge)
{
	uint8_t *p = svm_buffer(pages * PAGE);

	igt_assert_eq(madvise(p, pages * PAGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, pages, 1);
	if (huge)
		igt_require_f(vsvm_huge_kib(p) == pages * PAGE / 1024, "no 2M pages\n");
	return p;
}

/* The same, in a's VRAM because that was asked for once */
static uint8_t *begin_numbered(struct peers *t, unsigned int pages, bool huge)
{
	uint8_t *p;

	begin(t);
	p = buffer(pages, huge);
	vram_prefetch(&t->a, p, pages * PAGE);
	svm_expect_pages(&t->a, p, pages, 1);
	vram_expect_pages(&t->a, pages);
	return p;
}

static void end(struct peers *t, void *p, unsigned int pages)
{
	svm_buffer_free(p, pages * PAGE);
	vram_expect_pages(&t->a, 0);
	vram_expect_pages(&t->b, 0);
	peers_fini(t);
}

/* What b uses often goes to b's VRAM and is mapped there; what lies around it stays with a */
static void test_hot(bool huge, bool write)
{
	const unsigned int pages = pages_of(huge), hot = huge ? BLOCK_PAGES : REGION_PAGES;
	struct drm_vsvm_vm_stats stats;
	struct peers t;
	uint8_t *p, *q;

	p = begin_numbered(&t, pages, huge);
	q = p + REGION + 3 * PAGE;
	/* not often, all of it */
	svm_expect_pages(&t.b, p, pages, 1);
	igt_assert_eq_u64(counter_settle(&t.b).pages_peer, pages);
	vram_expect_pages(&t.b, 0);
	if (write) {
		svm_stream(&t.b);
		for (unsigned int i = 0; i < THRESHOLD + 2 * SAMPLE; i++)
			vsvm_emit_fill(&t.b.s, vsvm_ptr(q), 8, REGION_PAGES + 4, 8);
		vsvm_run(&t.b.ctx, &t.b.s);
	} else {
		counter_use_much(&t.b, q);
	}
	stats = counter_settle(&t.b);
	igt_assert_eq_u64(stats.counter_pages, hot);
	igt_assert_eq_u64(stats.pages_from_peer, hot);
	igt_assert_eq_u64(stats.pages_to_vram, hot);
	igt_assert_eq_u64(stats.vram_pages, hot);
	igt_assert_eq_u64(stats.pages_2m, huge ? hot : 0);
	igt_assert_eq_u64(stats.pages_split, 0);
	igt_assert_eq_u64(stats.kept_busy, 0);
	vram_expect_pages(&t.a, pages - hot);
	svm_expect_pages(&t.b, p, pages, 1);
	igt_assert_eq_u64(svm_stats(&t.b).faults, stats.faults);
	igt_assert_eq_u64(svm_stats(&t.a).pages_faulted, 0);
	svm_expect_pages(&t.a, p, pages, 1);
	vram_check(p, pages, 1);
	end(&t, p, pages);
}

/* A page of 2M whose mapping is not all of it goes in pieces, and only what is used */
static void test_huge_part(void)
{
	struct drm_vsvm_vm_stats stats;
	struct peers t;
	uint8_t *p;

	p = begin_numbered(&t, BLOCK_PAGES, true);
	igt_assert_eq(munmap(p + VSVM_2M - PAGE, PAGE), 0);
	counter_use_much(&t.b, p + REGION);
	stats = counter_settle(&t.b);
	igt_assert_eq_u64(stats.counter_pages, REGION_PAGES);
	igt_assert_eq_u64(stats.pages_from_peer, REGION_PAGES);
	svm_expect_pages(&t.b, p, BLOCK_PAGES - 1, 1);
	svm_expect_pages(&t.a, p, BLOCK_PAGES - 1, 1);
	vram_check(p, BLOCK_PAGES - 1, 1);
	end(&t, p, BLOCK_PAGES);
}

/* A region that is in three places comes together, but for what is not there */
static void test_mixed(void)
{
	struct peers t;
	uint8_t *p;

	p = begin_numbered(&t, REGION_PAGES, false);
	igt_assert_eq(madvise(p + 8 * PAGE, 8 * PAGE, MADV_DONTNEED), 0);
	svm_number_pages(p + 12 * PAGE, 4, 13);
	vram_expect_pages(&t.a, 8);
	counter_use_much(&t.b, p + PAGE);
	igt_assert_eq_u64(counter_settle(&t.b).counter_pages, 12);
	igt_assert_eq_u64(svm_stats(&t.b).pages_from_peer, 8);
	vram_expect_pages(&t.a, 0);
	vram_expect_pages(&t.b, 12);
	svm_expect_pages(&t.a, p, 8, 1);
	svm_expect_pages(&t.a, p + 12 * PAGE, 4, 13);
	svm_expect_zeros(&t.b, p + 8 * PAGE, 4);
	vram_check(p, 8, 1);
	vram_check(p + 12 * PAGE, 4, 13);
	end(&t, p, REGION_PAGES);
}

/* Why memory stays in a's VRAM, however often b uses it */
enum keep { KEEP_LOCATION, KEEP_VM, KEEP_PINNED, KEEP_MAP, KEEP_ACCESSED_BY, NUM_KEEPS };

static const char *const keep_names[] = { "location", "vm", "pinned", "map", "accessed-by" };

static void set_attr(struct svm *t, const void *p, size_t size, uint32_t attr, uint32_t value)
{
	igt_assert_eq(__vsvm_attr(t->ctx.fd, t->ctx.vm, p, size, attr, value), 0);
}

/* A VM on a whose memory is to be in VRAM, all of it */
static void begin_vm(struct peers *t)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM, .location = DRM_VSVM_LOCATION_VRAM,
	};

	svm_fini(&t->a);
	igt_assert_eq(vsvm_ioctl(peer_fds[0], DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(&t->a, peer_fds[0], args.vm_id);
	counter_stay(&t->a, t->a.range + PAGE, SVM_STREAM + SVM_SCRATCH);
	counter_stay(&t->a, t->a.ctx.fence, PAGE);
}

/* a's, and it stays there, however often b uses it; b is told ever more rarely */
static void test_keep(enum keep keep, bool huge)
{
	const unsigned int pages = pages_of(huge);
	const size_t size = pages * PAGE;
	struct drm_vsvm_vm_stats stats;
	struct peers t;
	uint8_t *p;

	begin(&t);
	if (keep == KEEP_VM)
		begin_vm(&t);
	p = buffer(pages, huge);
	if (keep == KEEP_LOCATION)
		vram_prefer(&t.a, p, size);
	else if (keep != KEEP_VM)
		vram_prefetch(&t.a, p, size);
	svm_expect_pages(&t.a, p, pages, 1);
	if (keep == KEEP_PINNED)
		set_attr(&t.a, p, size, DRM_VSVM_ATTR_PINNED, 1);
	if (keep == KEEP_MAP)
		peers_set(&t.b, p, size, DRM_VSVM_PEER_MAP);
	if (keep == KEEP_ACCESSED_BY)
		set_attr(&t.b, p, size, DRM_VSVM_ATTR_ACCESSED_BY, 1);
	counter_use(&t.b, p, 16 * THRESHOLD);
	stats = counter_settle(&t.b);
	/* at 1, 2, 4, ... times the threshold: of this, of the stream, of what it writes */
	igt_assert_lt_u64(0, stats.counter_notices);
	igt_assert_lte_u64(stats.counter_notices, 3 * 6);
	igt_assert_eq_u64(stats.pages_to_vram, 0);
	igt_assert_eq_u64(stats.pages_from_peer, 0);
	if (keep == KEEP_MAP || keep == KEEP_ACCESSED_BY)
		igt_assert_eq_u64(stats.kept_busy, 0);
	else
		igt_assert_lt_u64(0, stats.kept_busy);
	/* of such a VM even what a queue begins with, and a CPU wants that back */
	if (keep != KEEP_VM)
		igt_assert_eq_u64(svm_stats(&t.a).pages_faulted, 0);
	svm_expect_pages(&t.b, p, pages, 1);
	svm_expect_pages(&t.a, p, pages, 1);
	/* what keeps it there is gone with the memory, or the wish */
	if (keep == KEEP_PINNED) {
		set_attr(&t.a, p, size, DRM_VSVM_ATTR_PINNED, 0);
		counter_use(&t.b, p, 32 * THRESHOLD);
		igt_assert_lt_u64(0, counter_settle(&t.b).pages_from_peer);
	}
	vram_check(p, pages, 1);
	if (keep != KEEP_VM) {
		end(&t, p, pages);
		return;
	}
	svm_buffer_free(p, size);
	vram_expect_pages(&t.b, 0);
	peers_fini(&t);
}

/* b's stream for something that uses a page often */
static uint64_t submit_use(struct svm *t, const void *p)
{
	svm_stream(t);
	for (unsigned int i = 0; i < THRESHOLD + 2 * SAMPLE; i++)
		vsvm_emit_copy(&t->s, vsvm_ptr(&t->scratch[0]), vsvm_ptr(p), 8);
	return vsvm_submit(&t->ctx, &t->s);
}

/* b's pages move together, but not those that a has by advice */
static void test_keep_granularity(void)
{
	struct drm_vsvm_vm_stats stats;
	struct peers t;
	uint8_t *p;

	begin(&t);
	p = buffer(BLOCK_PAGES, false);
	vram_prefer(&t.a, p + REGION, VSVM_2M - REGION);
	svm_expect_pages(&t.a, p + REGION, BLOCK_PAGES - REGION_PAGES, 1 + REGION_PAGES);
	set_attr(&t.b, p, VSVM_2M, DRM_VSVM_ATTR_GRANULARITY, 21);
	counter_use_much(&t.b, p);
	stats = counter_settle(&t.b);
	igt_assert_eq_u64(stats.pages_from_peer, 0);
	igt_assert_eq_u64(stats.counter_pages, REGION_PAGES);
	vram_expect_pages(&t.a, BLOCK_PAGES - REGION_PAGES);
	svm_expect_pages(&t.b, p, BLOCK_PAGES, 1);
	vram_check(p, BLOCK_PAGES, 1);
	end(&t, p, BLOCK_PAGES);
}

/* What happens to a page of 2M while b makes room for it */
enum meanwhile { MEANWHILE_CPU, MEANWHILE_MUNMAP, NUM_MEANWHILES };

static const char *const meanwhile_names[] = { "cpu", "munmap" };

/* It is one page no more, and of its parts those go that are used */
static void test_meanwhile(enum meanwhile what)
{
	struct drm_vsvm_vm_create args = {
		.counter_threshold = THRESHOLD, .vram_limit = 2 * VSVM_2M,
	};
	struct call call = { .fn = call_munmap, .size = REGION };
	struct drm_vsvm_vm_stats before, stats;
	struct vsvm_hold hold;
	uint64_t seqno, moved;
	struct peers t;
	uint8_t *p, *q;

	vsvm_hold_release_all();
	peers_load("hold_points=1");
	svm_init(&t.a, peer_fds[0]);
	counter_begin_with(&t.b, peer_fds[1], args);
	p = buffer(BLOCK_PAGES, true);
	vram_prefetch(&t.a, p, VSVM_2M);
	vram_expect_pages(&t.a, BLOCK_PAGES);
	q = buffer(2 * BLOCK_PAGES, false);
	vram_prefetch(&t.b, q, 2 * VSVM_2M);
	vram_expect_pages(&t.b, 2 * BLOCK_PAGES);
	before = svm_stats(&t.b);
	call.p = p;
	told_start(&call);
	vsvm_hold_arm_options(&hold, t.b.ctx.fd, t.b.ctx.vm, "evict-pages", "limit=5000");
	seqno = submit_use(&t.b, p + VSVM_2M / 2);
	vsvm_hold_wait(&hold);
	if (what == MEANWHILE_CPU)
		igt_assert_eq_u64(READ_ONCE(*(uint64_t *)(p + 3 * PAGE)), 4);
	told_go(&call);
	usleep(MOMENT);
	vsvm_hold_release(&hold);
	call_finish(&call);
	vsvm_finish(&t.b.ctx, seqno);
	stats = counter_settle(&t.b);
	moved = stats.counter_pages - before.counter_pages;
	/* all of it has gone before that, or what is used */
	igt_assert_f(moved == BLOCK_PAGES || moved == REGION_PAGES, "%llu pages have moved\n",
		     (long long)moved);
	igt_assert(what == MEANWHILE_MUNMAP || moved == REGION_PAGES);
	svm_expect_pages(&t.b, p + REGION, BLOCK_PAGES - REGION_PAGES, 1 + REGION_PAGES);
	vram_check(p + REGION, BLOCK_PAGES - REGION_PAGES, 1 + REGION_PAGES);
	svm_buffer_free(q, 2 * VSVM_2M);
	end(&t, p, BLOCK_PAGES);
}

/*
 * Both use it often: it goes to and fro, ever more rarely; what is 2M as a whole, wherever it is
 * used
 */
static void test_both(bool huge)
{
	const unsigned int pages = pages_of(huge), hot = huge ? BLOCK_PAGES : REGION_PAGES;
	const unsigned int rounds = 32;
	uint64_t before_a, before_b, taken;
	struct peers t;
	uint8_t *p;

	begin(&t);
	svm_fini(&t.a);
	svm_fini(&t.b);
	counter_begin(&t.a, peer_fds[0]);
	before_a = records_before;
	counter_begin(&t.b, peer_fds[1]);
	before_b = records_before;
	p = buffer(pages, huge);
	for (unsigned int i = 0; i < rounds; i++) {
		uint8_t *q = huge ? p + i % 4 * REGION : p;

		counter_use_much(&t.a, q);
		counter_settle_since(&t.a, before_a);
		counter_use_much(&t.b, q);
		counter_settle_since(&t.b, before_b);
		igt_assert_eq_u64(svm_read(&t.a, p), 1);
		igt_assert_eq_u64(svm_read(&t.b, p), 1);
	}
	taken = svm_stats(&t.a).pages_from_peer + svm_stats(&t.b).pages_from_peer;
	igt_info("%llu pages were taken in %u rounds\n", (long long)taken, rounds);
	igt_assert_lte_u64(2 * hot, taken);
	/* each at 1, 2, 4, ... times the threshold since it came back */
	igt_assert_lte_u64(taken, 2 * hot * 6);
	igt_assert_eq_u64(svm_stats(&t.a).vram_pages + svm_stats(&t.b).vram_pages, hot);
	igt_assert_eq_u64(svm_stats(&t.a).pages_faulted + svm_stats(&t.b).pages_faulted, 0);
	vram_check(p, pages, 1);
	end(&t, p, pages);
}

static int call_read(struct call *c)
{
	return READ_ONCE(*(uint64_t *)c->p) == 1 ? 0 : -EIO;
}

static int call_unbind(struct call *c)
{
	return vsvm_device_write("unbind", 0);
}

static void end_unbound(struct peers *t, void *p, unsigned int pages)
{
	svm_buffer_free(p, pages * PAGE);
	vram_expect_pages(&t->b, 0);
	svm_fini(&t->b);
	vsvm_unmap(t->a.range, svm_range_size());
	peers_shut();
}

/* A notice is pending when the memory goes: from a, with a, or altogether */
static void test_late(int (*fn)(struct call *c), bool huge)
{
	const unsigned int pages = huge ? BLOCK_PAGES : REGION_PAGES;
	struct call call = { .fn = fn, .size = pages * PAGE };
	struct vsvm_hold hold;
	struct peers t;
	uint64_t seqno;
	uint8_t *p;

	p = begin_numbered(&t, pages, huge);
	call.p = p;
	race_arm(&hold, &t.b, "counter-serve", p, REGION);
	seqno = submit_use(&t.b, p);
	vsvm_hold_wait(&hold);
	vsvm_finish(&t.b.ctx, seqno);
	call_start(&call);
	call_finish(&call);
	vsvm_hold_release(&hold);
	counter_settle(&t.b);
	igt_assert_eq_u64(svm_stats(&t.b).pages_from_peer, 0);
	if (fn == call_munmap) {
		vram_expect_pages(&t.b, 0);
		svm_expect_error(&t.b, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	} else {
		/* where it is now it was used often all the same */
		svm_expect_pages(&t.b, p, pages, 1);
		vram_check(p, pages, 1);
	}
	if (fn == call_unbind)
		end_unbound(&t, p, pages);
	else
		end(&t, p, pages);
}

/* b has it in hand: who wants it too waits */
static void test_early(const char *point, int (*fn)(struct call *c), bool huge)
{
	const unsigned int pages = huge ? BLOCK_PAGES : REGION_PAGES;
	struct call call = { .fn = fn, .size = pages * PAGE };
	char options[96];
	struct vsvm_hold hold;
	struct peers t;
	uint64_t seqno;
	uint8_t *p;

	p = begin_numbered(&t, pages, huge);
	call.p = p;
	told_start(&call);
	/* with mmap_lock for writing the test itself may need it (vsvm_peer_race.c) */
	snprintf(options, sizeof(options), "start=%#llx end=%#llx limit=3000",
		 (long long)vsvm_ptr(p), (long long)vsvm_ptr(p) + pages * PAGE);
	vsvm_hold_arm_options(&hold, t.b.ctx.fd, t.b.ctx.vm, point, options);
	seqno = submit_use(&t.b, p);
	vsvm_hold_wait(&hold);
	told_go(&call);
	usleep(MOMENT);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	if (fn == call_munmap) {
		/* the rest of the stream may have come before or after */
		(void)__vsvm_wait(t.b.ctx.fd, t.b.ctx.queue, t.b.ctx.fence, seqno, VSVM_WAIT_NS);
		vsvm_ctx_new_queue(&t.b.ctx);
		svm_expect_error(&t.b, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	} else {
		vsvm_finish(&t.b.ctx, seqno);
		svm_expect_pages(&t.b, p, pages, 1);
		vram_check(p, pages, 1);
	}
	counter_settle(&t.b);
	igt_assert_eq_u64(svm_stats(&t.b).pages_from_peer, pages);
	if (fn == call_unbind)
		end_unbound(&t, p, pages);
	else
		end(&t, p, pages);
}

int igt_main()
{
	static const struct {
		const char *name;
		int (*fn)(struct call *c);
	} calls[] = {
		{ "munmap", call_munmap }, { "cpu", call_read }, { "unbind", call_unbind },
	};
	static const char *const points[] = { "migrate-pages", "migrate-done" };

	igt_fixture() {
		vsvm_module_save();
	}

	for (unsigned int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		igt_describe("Memory stays in another device's VRAM that reads it no more");
		igt_subtest_f("read%s", name)
			test_hot(huge, false);
		igt_describe("Memory stays in another device's VRAM, or writes are lost");
		igt_subtest_f("write%s", name)
			test_hot(huge, true);
		for (unsigned int i = 0; i < NUM_KEEPS; i++) {
			igt_describe("Memory is taken from a device where it is wanted");
			igt_subtest_f("keep-%s%s", keep_names[i], name)
				test_keep(i, huge);
		}
		igt_describe("Two devices take memory from each other without end");
		igt_subtest_f("both%s", name)
			test_both(huge);
		for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
			igt_describe("Memory that is gone moves, or other memory is lost for it");
			igt_subtest_f("%s-first%s", calls[i].name, name)
				test_late(calls[i].fn, huge);
			for (unsigned int j = 0; j < ARRAY_SIZE(points); j++) {
				igt_describe("Memory is lost that is on its way between devices");
				igt_subtest_f("%s-%s%s", points[j], calls[i].name, name)
					test_early(points[j], calls[i].fn, huge);
			}
		}
	}

	igt_describe("Of a page of 2M that is no longer whole more is taken than is used");
	igt_subtest("part-huge")
		test_huge_part();

	igt_describe("Memory is taken that is wanted where it is, with other memory");
	igt_subtest("keep-granularity")
		test_keep_granularity();

	for (unsigned int i = 0; i < NUM_MEANWHILES; i++) {
		igt_describe("More goes of a page of 2M that is one no more than is used");
		igt_subtest_f("room-%s-huge", meanwhile_names[i])
			test_meanwhile(i);
	}

	igt_describe("A region in several places is lost, or does not come together");
	igt_subtest("mixed")
		test_mixed();

	igt_fixture() {
		vsvm_hold_release_all();
		peers_unload();
	}
}

// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm peer race
 * Description: Memory between the VRAM of two devices, against what else happens, in order
 *
 * In the names a is the device that has the memory first, b the one that maps or takes it. At
 * migrate-pages and migrate-done whoever is held has mmap_lock for reading, see vsvm_vram_race.
 */
#include "vsvm_race.h"
#include "vsvm_peer.h"

IGT_TEST_DESCRIPTION("Memory between the VRAM of two devices, against what else happens to it");

#define PAGES	16

/* Points on the way from one VRAM to the other */
static const char *const between[] = { "migrate-pages", "migrate-done" };

static unsigned int pages_of(bool huge)
{
	return huge ? BLOCK_PAGES : PAGES;
}

static int call_peek(struct call *c)
{
	*(uint64_t *)c->to = READ_ONCE(*(uint64_t *)c->p);
	return 0;
}

static int call_unbind(struct call *c)
{
	return vsvm_device_write("unbind", 0);
}

static void begin(struct peers *t)
{
	vsvm_hold_release_all();
	peers_load("hold_points=1");
	race_init(&t->a, peer_fds[0]);
	race_init(&t->b, peer_fds[1]);
}

/* Of a device that was unbound nothing is left but addresses */
static void end_unbound(struct peers *t)
{
	svm_fini(&t->b);
	vsvm_unmap(t->a.range, svm_range_size());
	peers_shut();
}

/*
 * What is 2M goes with mmap_lock for writing. Whoever else needs that waits, perhaps the test
 * itself for a page fault, so that the hold has a limit: then it goes on in another order, which is
 * good too.
 */
static void arm_between(struct vsvm_hold *hold, struct peers *t, const char *point, const void *p,
			bool huge)
{
	char options[96];

	if (!huge) {
		race_arm(hold, &t->b, point, p, PAGES * PAGE);
		return;
	}
	snprintf(options, sizeof(options), "start=%#llx end=%#llx limit=3000",
		 (long long)vsvm_ptr(p), (long long)vsvm_ptr(p) + VSVM_2M);
	vsvm_hold_arm_options(hold, t->b.ctx.fd, t->b.ctx.vm, point, options);
}

static bool is_finished(struct svm *t, uint64_t seqno)
{
	return READ_ONCE(*t->ctx.fence) >= seqno;
}

/* b has a page of a's half way, and a CPU wants it */
static void test_take_cpu(const char *point, bool huge)
{
	const unsigned int pages = pages_of(huge);
	uint64_t *seen = svm_buffer(PAGE);
	struct call call = { .fn = call_peek, .to = seen };
	struct vsvm_hold hold;
	struct peers t;
	uint8_t *p;

	*seen = 0;
	begin(&t);
	p = peers_numbered(&t, pages, huge);
	vram_prefer(&t.b, p, pages * PAGE);
	call.p = p;
	told_start(&call);
	arm_between(&hold, &t, point, p, huge);
	race_call_waits(&hold, &t.b, p, &call);
	igt_assert_eq_u64(*seen, 1);
	igt_assert_lt_u64(0, svm_stats(&t.b).pages_from_peer);
	svm_expect_pages(&t.a, p, pages, 1);
	svm_expect_pages(&t.b, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	svm_buffer_free(seen, PAGE);
	peers_fini(&t);
}

/* b has a page of a's half way, and a is unbound: that waits, and finds the rest */
static void test_take_unbind(const char *point, bool huge)
{
	const unsigned int pages = pages_of(huge);
	struct call call = { .fn = call_unbind };
	struct vsvm_hold hold;
	struct peers t;
	uint8_t *p;

	begin(&t);
	p = peers_numbered(&t, pages, huge);
	vram_prefer(&t.b, p, pages * PAGE);
	told_start(&call);
	arm_between(&hold, &t, point, p, huge);
	race_call_waits(&hold, &t.b, p, &call);
	igt_assert_eq_u64(svm_stats(&t.b).pages_from_peer, huge ? BLOCK_PAGES : 1);
	vram_expect_pages(&t.b, huge ? BLOCK_PAGES : 1);
	svm_expect_pages(&t.b, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	end_unbound(&t);
}

/*
 * b has been told where a's page is, and has not mapped it; a is unbound, with all its struct pages
 * gone, and perhaps is there again, where it was or elsewhere
 */
static void test_map_unbind(bool huge, bool again)
{
	const unsigned int pages = pages_of(huge);
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	struct peers t;
	uint64_t seqno;
	uint8_t *p;

	begin(&t);
	p = peers_numbered(&t, pages, huge);
	before = svm_stats(&t.b);
	race_arm(&hold, &t.b, "fault-pages", p, pages * PAGE);
	seqno = race_write(&t.b, p, 0x600d);
	vsvm_hold_wait(&hold);
	igt_assert_eq(vsvm_device_write("unbind", 0), 0);
	if (again)
		igt_assert_eq(vsvm_device_write("bind", 0), 0);
	igt_assert(vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	vsvm_finish(&t.b.ctx, seqno);
	igt_assert_eq_u64(svm_stats(&t.b).pages_peer, before.pages_peer);
	igt_assert_lt_u64(before.retries, svm_stats(&t.b).retries);
	igt_assert_eq_u64(*(uint64_t *)p, 0x600d);
	*(uint64_t *)p = 1;
	svm_expect_pages(&t.b, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	end_unbound(&t);
}

/* A CPU is about to bring a's page back, which b wants: b uses it where it is until then */
static void test_cpu_take(bool huge)
{
	const unsigned int pages = pages_of(huge);
	uint64_t *seen = svm_buffer(PAGE), seqno = 0;
	struct call call = { .fn = call_peek, .to = seen };
	struct vsvm_hold hold;
	struct peers t;
	uint8_t *p;

	*seen = 0;
	begin(&t);
	p = peers_numbered(&t, pages, huge);
	vram_prefer(&t.b, p, pages * PAGE);
	call.p = p + PAGE;
	told_start(&call);
	race_arm(&hold, &t.a, "cpu-fault", p, pages * PAGE);
	told_go(&call);
	vsvm_hold_wait(&hold);
	if (huge) {
		/* to have it as 2M b waits for mmap_lock, which the CPU has */
		seqno = race_write(&t.b, p + PAGE, 0x600d);
		usleep(MOMENT);
		igt_assert(!is_finished(&t.b, seqno));
	} else {
		igt_assert_eq_u64(svm_read(&t.b, p + PAGE), 2);
		svm_write(&t.b, p + PAGE, 0x600d);
		igt_assert_lt_u64(0, svm_stats(&t.b).kept_busy);
		igt_assert_lt_u64(0, svm_stats(&t.b).pages_peer);
		vram_expect_pages(&t.a, pages);
	}
	vsvm_hold_release(&hold);
	call_finish(&call);
	if (huge) {
		vsvm_finish(&t.b.ctx, seqno);
		igt_assert(*seen == 2 || *seen == 0x600d);
		*seen = *(uint64_t *)(p + PAGE);
	}
	igt_assert_eq_u64(*seen, 0x600d);
	*(uint64_t *)(p + PAGE) = 2;
	svm_expect_pages(&t.b, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	svm_buffer_free(seen, PAGE);
	peers_fini(&t);
}

/* Both want it: who comes second waits for the first, and has what is there then */
static void test_take_take(const char *point, bool huge)
{
	const unsigned int pages = pages_of(huge);
	uint64_t seqno, second;
	struct vsvm_hold hold;
	struct peers t;
	uint8_t *p;

	begin(&t);
	p = peers_numbered(&t, pages, huge);
	vram_prefer(&t.b, p, pages * PAGE);
	arm_between(&hold, &t, point, p, huge);
	seqno = race_write(&t.b, p, 0x600d);
	vsvm_hold_wait(&hold);
	second = race_read(&t.a, p);
	usleep(MOMENT);
	igt_assert(!is_finished(&t.a, second));
	vsvm_hold_release(&hold);
	vsvm_finish(&t.b.ctx, seqno);
	vsvm_finish(&t.a.ctx, second);
	/* either order is good, but nothing else is */
	igt_assert_f(t.a.scratch[0] == 1 || t.a.scratch[0] == 0x600d, "read %#llx\n",
		     (long long)t.a.scratch[0]);
	igt_assert_lt_u64(0, svm_stats(&t.b).pages_from_peer);
	igt_assert_eq_u64(svm_read(&t.a, p), 0x600d);
	svm_write(&t.a, p, 1);
	svm_expect_pages(&t.b, p, pages, 1);
	vram_check(p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	peers_fini(&t);
}

/* Thrown away on the way: what gets there is nobody's */
static void test_take_dontneed(const char *point, bool huge)
{
	const unsigned int pages = pages_of(huge);
	struct call call = { .fn = call_dontneed, .size = pages * PAGE };
	struct vsvm_hold hold;
	struct peers t;
	uint64_t seqno;
	uint8_t *p;

	begin(&t);
	p = peers_numbered(&t, pages, huge);
	vram_prefer(&t.b, p, pages * PAGE);
	call.p = p;
	told_start(&call);
	arm_between(&hold, &t, point, p, huge);
	seqno = race_read(&t.b, p);
	vsvm_hold_wait(&hold);
	told_go(&call);
	if (!huge) {
		call_finish(&call);
		igt_assert(vsvm_hold_is_held(&hold));
	}
	usleep(MOMENT);
	igt_assert(!huge || !call_is_done(&call));
	vsvm_hold_release(&hold);
	if (huge)
		call_finish(&call);
	vsvm_finish(&t.b.ctx, seqno);
	/* 2M go with mmap_lock for writing, so that they may be read before they are thrown away */
	igt_assert(!t.b.scratch[0] || (huge && t.b.scratch[0] == 1));
	svm_expect_zeros(&t.a, p, pages);
	svm_expect_zeros(&t.b, p, pages);
	svm_buffer_free(p, pages * PAGE);
	vram_expect_pages(&t.a, 0);
	vram_expect_pages(&t.b, 0);
	peers_fini(&t);
}

/*
 * Unmapped, or moved elsewhere, on the way: that waits, and neither device finds anything where it
 * was
 */
static void test_take_call(const char *point, int (*fn)(struct call *), bool huge)
{
	const size_t size = pages_of(huge) * PAGE;
	struct call call = { .fn = fn, .size = size, .to = svm_buffer(size) };
	struct vsvm_hold hold;
	struct peers t;
	uint64_t seqno;
	uint8_t *p;
	bool done;

	begin(&t);
	p = peers_numbered(&t, pages_of(huge), huge);
	vram_prefer(&t.b, p, size);
	call.p = p;
	told_start(&call);
	arm_between(&hold, &t, point, p, huge);
	seqno = race_write(&t.b, p, 0x600d);
	vsvm_hold_wait(&hold);
	told_go(&call);
	usleep(MOMENT);
	igt_assert(!call_is_done(&call));
	vsvm_hold_release(&hold);
	call_finish(&call);
	done = vsvm_finish_or_error(&t.b.ctx, seqno, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE);
	if (fn == call_mremap) {
		igt_assert_eq_u64(*(uint64_t *)call.to, done ? 0x600d : 1);
		*(uint64_t *)call.to = 1;
		svm_expect_pages(&t.a, call.to, pages_of(huge), 1);
		svm_expect_pages(&t.b, call.to, pages_of(huge), 1);
		vram_check(call.to, pages_of(huge), 1);
	}
	svm_expect_error(&t.a, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&t.b, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_buffer_free(call.to, size);
	vram_expect_pages(&t.a, 0);
	vram_expect_pages(&t.b, 0);
	peers_fini(&t);
}

/*
 * b has been told where a's page is, and has not mapped it, when it is unmapped, or moved: it does
 * not map what is not there any more
 */
static void test_map_call(int (*fn)(struct call *), bool huge)
{
	const size_t size = pages_of(huge) * PAGE;
	struct call call = { .fn = fn, .size = size, .to = svm_buffer(size) };
	struct vsvm_hold hold;
	struct peers t;
	uint64_t seqno;
	uint8_t *p;

	begin(&t);
	p = peers_numbered(&t, pages_of(huge), huge);
	call.p = p;
	race_arm(&hold, &t.b, "fault-pages", p, size);
	seqno = race_write(&t.b, p, 0x600d);
	vsvm_hold_wait(&hold);
	call_start(&call);
	call_finish(&call);
	igt_assert(vsvm_hold_is_held(&hold));
	vsvm_hold_release(&hold);
	igt_assert(!vsvm_finish_or_error(&t.b.ctx, seqno, VSVM_ERROR_UNMAPPED, VSVM_ACCESS_WRITE));
	if (fn == call_mremap) {
		vram_expect_pages(&t.a, pages_of(huge));
		svm_expect_pages(&t.b, call.to, pages_of(huge), 1);
		vram_check(call.to, pages_of(huge), 1);
	}
	svm_expect_error(&t.a, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_buffer_free(call.to, size);
	vram_expect_pages(&t.a, 0);
	peers_fini(&t);
}

/* A child is made on the way, and has what there was */
static void test_take_fork(const char *point, bool huge)
{
	uint32_t *go = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const unsigned int pages = pages_of(huge);
	struct call call = { .fn = call_fork, .to = go };
	struct vsvm_hold hold;
	struct peers t;
	int status;
	uint8_t *p;

	igt_assert(go != MAP_FAILED);
	begin(&t);
	p = peers_numbered(&t, pages, huge);
	vram_prefer(&t.b, p, pages * PAGE);
	call.p = p;
	told_start(&call);
	arm_between(&hold, &t, point, p, huge);
	race_call_waits(&hold, &t.b, p, &call);
	svm_write(&t.a, p, 0x600d);
	igt_assert_eq_u64(svm_read(&t.b, p), 0x600d);
	__atomic_store_n(go, 1, __ATOMIC_SEQ_CST);
	igt_assert_eq(waitpid(call.ret, &status, 0), call.ret);
	igt_assert(WIFEXITED(status));
	igt_assert_eq(WEXITSTATUS(status), 1);
	igt_assert_eq_u64(*(uint64_t *)p, 0x600d);
	svm_buffer_free(p, pages * PAGE);
	munmap(go, PAGE);
	peers_fini(&t);
}

/* What b has mapped is on its way out of a's VRAM, to make room: b waits for it, and has it */
static void test_evict_map(void)
{
	struct drm_vsvm_vm_create args = {
		.flags = DRM_VSVM_VM_SVM,
		.vram_limit = VSVM_2M,
		.counter_threshold = DRM_VSVM_COUNTER_OFF,
	};
	uint64_t seqno, second, zapped;
	struct vsvm_hold hold;
	uint8_t *p, *more;
	struct peers t;

	vsvm_hold_release_all();
	peers_load("hold_points=1");
	igt_assert_eq(vsvm_ioctl(peer_fds[0], DRM_IOCTL_VSVM_VM_CREATE, &args), 0);
	svm_init_vm(&t.a, peer_fds[0], args.vm_id);
	race_init(&t.b, peer_fds[1]);
	p = peers_numbered(&t, BLOCK_PAGES, false);
	svm_expect_pages(&t.b, p, BLOCK_PAGES, 1);
	igt_assert_eq_u64(svm_stats(&t.b).pages_peer, BLOCK_PAGES);
	more = vram_buffer(&t.a, 1);
	zapped = svm_stats(&t.b).pages_zapped;
	vsvm_hold_arm(&hold, peer_fds[0], t.a.ctx.vm, "evict-pages");
	seqno = race_write(&t.a, more, 0x600d);
	vsvm_hold_wait(&hold);
	igt_assert_lt_u64(zapped, svm_stats(&t.b).pages_zapped);
	second = race_read(&t.b, p);
	usleep(MOMENT);
	igt_assert(!is_finished(&t.b, second));
	vsvm_hold_release(&hold);
	race_expect_value(&t.b, second, 1);
	vsvm_finish(&t.a.ctx, seqno);
	igt_assert_eq_u64(*(uint64_t *)more, 0x600d);
	svm_expect_pages(&t.b, p, BLOCK_PAGES, 1);
	vram_check(p, BLOCK_PAGES, 1);
	svm_buffer_free(more, PAGE);
	svm_buffer_free(p, VSVM_2M);
	peers_fini(&t);
}

/*
 * An engine of b is about to write into a's VRAM, with the translation in its hands, when a CPU
 * brings the page back. The hold spins, and has a limit: it may be over before the CPU comes, but
 * the write is not lost in either order.
 */
static void test_access_cpu(bool huge)
{
	const unsigned int pages = pages_of(huge);
	unsigned int hits = 0;
	struct vsvm_hold hold;
	struct peers t;
	uint64_t seqno;
	char where[96];
	uint8_t *p;

	begin(&t);
	p = peers_numbered(&t, pages, huge);
	snprintf(where, sizeof(where), "start=%#llx end=%#llx limit=1000",
		 (long long)vsvm_ptr(p), (long long)vsvm_ptr(p) + 8);
	for (unsigned int i = 0; i < 10 && hits < 2; i++) {
		vram_prefetch(&t.a, p, pages * PAGE);
		svm_write(&t.b, p, 5);
		vsvm_hold_arm_options(&hold, peer_fds[1], t.b.ctx.vm, "engine-access", where);
		seqno = race_write(&t.b, p, 0x700 + i);
		hits += !__vsvm_hold_wait(&hold, VSVM_WAIT_NS / NSEC_PER_MSEC);
		igt_assert_eq_u64(READ_ONCE(*(uint64_t *)p), 0x700 + i);
		vsvm_hold_release(&hold);
		vsvm_finish(&t.b.ctx, seqno);
		igt_assert_eq_u64(READ_ONCE(*(uint64_t *)p), 0x700 + i);
	}
	igt_assert_lt_u32(0, hits);
	*(uint64_t *)p = 1;
	svm_expect_pages(&t.b, p, pages, 1);
	svm_buffer_free(p, pages * PAGE);
	peers_fini(&t);
}

int igt_main()
{
	int file;

	igt_fixture() {
		vsvm_module_save();
		peers_load("hold_points=1");
		file = vsvm_hold_open(peer_fds[0]);
		igt_require_f(file >= 0, "no hold points\n");
		close(file);
	}

	for (int huge = 0; huge < 2; huge++) {
		const char *name = huge ? "-huge" : "";

		for (unsigned int i = 0; i < ARRAY_SIZE(between); i++) {
			igt_describe("A CPU gets a page that is between two VRAMs too early");
			igt_subtest_f("take-first-cpu-%s%s", between[i], name)
				test_take_cpu(between[i], huge);
			igt_describe("A device goes while another one copies from its VRAM");
			igt_subtest_f("take-first-unbind-%s%s", between[i], name)
				test_take_unbind(between[i], huge);
			igt_describe("A GPU uses a page that another one has taken half way");
			igt_subtest_f("take-first-take-%s%s", between[i], name)
				test_take_take(between[i], huge);
			igt_describe("Memory that was thrown away comes back in another VRAM");
			igt_subtest_f("take-first-dontneed-%s%s", between[i], name)
				test_take_dontneed(between[i], huge);
			igt_describe("What is unmapped between VRAMs is mapped, or left in one");
			igt_subtest_f("take-first-munmap-%s%s", between[i], name)
				test_take_call(between[i], call_munmap, huge);
			igt_describe("What moves to another address loses what a GPU wrote");
			igt_subtest_f("take-first-mremap-%s%s", between[i], name)
				test_take_call(between[i], call_mremap, huge);
			igt_describe("A child shares what its parent's GPUs write");
			igt_subtest_f("take-first-fork-%s%s", between[i], name)
				test_take_fork(between[i], huge);
		}
		igt_describe("A GPU takes a page from under a CPU that has it in hand");
		igt_subtest_f("cpu-first-take%s", name)
			test_cpu_take(huge);
		igt_describe("A GPU maps VRAM of a device that is gone");
		igt_subtest_f("map-first-unbind%s", name)
			test_map_unbind(huge, false);
		igt_describe("A GPU maps VRAM of a device that is another one by now");
		igt_subtest_f("map-first-rebind%s", name)
			test_map_unbind(huge, true);
		igt_describe("A GPU maps VRAM of another one where no memory is any more");
		igt_subtest_f("map-first-munmap%s", name)
			test_map_call(call_munmap, huge);
		igt_describe("A GPU writes where memory was before it moved");
		igt_subtest_f("map-first-mremap%s", name)
			test_map_call(call_mremap, huge);
		igt_describe("A write to another device's VRAM is lost when the page leaves it");
		igt_subtest_f("access-first-cpu%s", name)
			test_access_cpu(huge);
	}
	igt_describe("A GPU uses what has made room in another one's VRAM");
	igt_subtest("evict-first-map")
		test_evict_map();

	igt_fixture() {
		vsvm_hold_release_all();
		peers_unload();
	}
}

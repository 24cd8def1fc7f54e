// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram coherent end
 * Description: VRAM that CPUs map and that is full, or goes with its VM, module or device; races
 */
#include <sys/uio.h>

#include "vsvm_coherent.h"
#include "vsvm_uring.h"

IGT_TEST_DESCRIPTION("VRAM that CPUs map and that is full, or goes with its VM, module or device");

#define MIB		8
#define VRAM		((uint64_t)MIB << 20)
#define VRAM_PAGES	(VRAM / PAGE)
/* a chunk is set aside while something moves */
#define ROOM		(VRAM - VSVM_2M)
#define PAGES		64
#define SIZE		(PAGES * PAGE)

static uint8_t *begin(struct svm *t, struct known *k, size_t size)
{
	uint8_t *p;

	svm_init(t, coherent_begin(MIB));
	p = vram_begin(t, k, size, false);
	coherent_stay(t, k);
	return p;
}

/* The device is gone, or the file: what is left of the test */
static void end(struct svm *t, struct known *k)
{
	vsvm_unmap(t->range, svm_range_size());
	svm_buffer_free(k->p, k->size);
	known_fini(k);
	coherent_begin(MIB);
}

/* The first byte of each page, written by the CPU */
static void scribble(struct known *k)
{
	for (size_t i = 0; i < k->size; i += PAGE) {
		k->want[i] = vsvm_rand(&k->rng);
		k->p[i] = k->want[i];
	}
}

/* Four times as much as there is VRAM, used by both sides: the CPU's looking makes no room */
static void test_working_set(void)
{
	struct drm_vsvm_vm_stats stats;
	struct known k;
	struct svm t;
	uint8_t *p;

	svm_init(&t, coherent_begin(MIB));
	p = vram_buffer(&t, 4 * VRAM_PAGES);
	known_init(&k, p, 4 * VRAM);
	known_write(&k, &t);
	for (unsigned int round = 0; round < 2; round++) {
		known_expect_gpu(&k, &t);
		scribble(&k);
		known_expect_gpu(&k, &t);
		known_expect_cpu(&k);
		known_write_part(&k, &t, round * VRAM, VRAM);
	}
	stats = svm_stats(&t);
	igt_assert_lte_u64(4 * VRAM_PAGES, stats.pages_to_vram);
	igt_assert_eq_u64(stats.pages_to_vram, stats.pages_evicted + stats.vram_pages);
	igt_assert_eq_u64(stats.pages_faulted, 0);
	coherent_expect(p, k.size, stats.vram_pages);
	vram_end(&t, &k);
}

/* What one process has left in VRAM, another finds there as zeros: also by way of unload */
static void test_cleared(bool reload)
{
	struct known k;
	struct svm t;
	uint8_t *p;

	coherent_begin(MIB);
	igt_fork(child, 1) {
		svm_init(&t, coherent.fd);
		p = vram_buffer(&t, ROOM / PAGE);
		svm_fill(&t, p, ROOM, 0x5ec4e7005ec4e700);
		vram_expect_pages(&t, ROOM / PAGE);
		coherent_expect(p, ROOM, ROOM / PAGE);
		_exit(0);
	}
	igt_waitchildren();
	if (reload)
		coherent_begin(MIB);
	svm_init(&t, coherent.fd);
	p = vram_buffer(&t, ROOM / PAGE);
	known_init(&k, p, ROOM);
	vram_expect_zeros(&k, &t, p, ROOM);
	coherent_stay(&t, &k);
	vram_end(&t, &k);
}

/* The VM goes, and its memory comes back: nobody has to look at it */
static void test_vm_gone(bool forked)
{
	struct known k;
	struct svm t;
	int go[2];
	uint8_t *p;
	char c = 0;

	p = begin(&t, &k, ROOM);
	igt_assert_eq(pipe(go), 0);
	if (forked) {
		igt_fork(child, 1) {
			igt_assert_eq(read(go[0], &c, 1), 1);
			coherent_expect(p, k.size, 0);
			known_expect_cpu(&k);
		}
	}
	svm_fini(&t);
	coherent_await(p, k.size, 0);
	known_expect_cpu(&k);
	if (forked) {
		/* the child's copy of what is known is from before */
		scribble(&k);
		igt_assert_eq(write(go[1], &c, 1), 1);
		igt_waitchildren();
		known_expect_cpu(&k);
	}
	close(go[0]);
	close(go[1]);
	svm_buffer_free(p, k.size);
	known_fini(&k);
}

/* A pipe has a page of a VM that goes, and then the module is to go */
static void test_left(void)
{
	struct iovec iov;
	struct known k;
	struct svm t;
	int tube[2];
	uint8_t *p;

	p = begin(&t, &k, SIZE);
	igt_assert_eq(pipe(tube), 0);
	iov = (struct iovec){ p + 3 * PAGE, PAGE };
	igt_assert_eq(vmsplice(tube[1], &iov, 1, 0), PAGE);
	coherent_shut();
	coherent_await(p, SIZE, 1);
	coherent_expect(p + 3 * PAGE, PAGE, 1);
	known_expect_cpu(&k);
	for (unsigned int i = 0; i < 3; i++) {
		igt_assert_eq(__vsvm_module_unload(), -EWOULDBLOCK);
		usleep(300000);
	}
	coherent_expect(p, SIZE, 1);
	k.want[3 * PAGE] ^= 0xff;
	p[3 * PAGE] ^= 0xff;
	igt_assert_eq(read(tube[0], k.got, PAGE), PAGE);
	igt_assert(!memcmp(k.got, k.want + 3 * PAGE, PAGE));
	close(tube[0]);
	close(tube[1]);
	vsvm_module_unload();
	coherent_expect(p, SIZE, 0);
	known_expect_cpu(&k);
	end(&t, &k);
}

static void test_unload(void)
{
	struct known k;
	struct svm t;

	begin(&t, &k, ROOM);
	coherent_shut();
	vsvm_module_unload();
	coherent_expect(k.p, k.size, 0);
	known_expect_cpu(&k);
	scribble(&k);
	known_expect_cpu(&k);
	end(&t, &k);
}

/* Unbound with the file open; another device has its VRAM only when that is closed */
static void test_unbind(bool forked)
{
	struct known k;
	struct svm t;
	int go[2];
	char c = 0;

	begin(&t, &k, ROOM);
	igt_assert_eq(pipe(go), 0);
	if (forked) {
		igt_fork(child, 1) {
			igt_assert_eq(read(go[0], &c, 1), 1);
			known_expect_cpu(&k);
			memset(k.p, 0x77, k.size);
		}
	}
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	coherent_expect(k.p, k.size, 0);
	known_expect_cpu(&k);
	if (forked) {
		igt_assert_eq(write(go[1], &c, 1), 1);
		igt_waitchildren();
		known_expect_cpu(&k);
	}
	igt_emit_ignore_dmesg_regex("vsvm: (probe with .* failed|coherent=)");
	igt_assert_eq(vsvm_driver_write("bind"), -EBUSY);
	coherent_shut();
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	close(go[0]);
	close(go[1]);
	vsvm_unmap(t.range, svm_range_size());
	coherent.fd = vsvm_open_node();
	svm_init(&t, coherent.fd);
	vram_prefer(&t, k.p, k.size);
	known_write(&k, &t);
	if (!forked)
		coherent_stay(&t, &k);
	known_expect(&k, &t);
	vram_end(&t, &k);
}

/* A process that has memory there is killed at work: it is free for others */
static void test_kill(void)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct known k;
	struct svm t;

	coherent_begin(MIB);
	igt_fork(child, 1) {
		uint8_t *p;

		busy_init(&t, coherent.fd);
		p = vram_buffer(&t, BUSY_LANES);
		memset(p, 0, BUSY_LANES * PAGE);
		busy_start(&t, p, PAGE, 0);
		busy_rounds(1);
		coherent_expect(p, BUSY_LANES * PAGE, BUSY_LANES);
		__atomic_store_n(ready, 1, __ATOMIC_SEQ_CST);
		pause();
	}
	race_wait_word(ready, 1);
	igt_kill_children(SIGKILL);
	igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
	svm_init(&t, coherent.fd);
	vram_begin(&t, &k, ROOM, false);
	igt_assert_eq_u64(svm_stats(&t).pages_evicted, 0);
	known_expect(&k, &t);
	vram_end(&t, &k);
	munmap(ready, PAGE);
}

/* What the module says to parameters, and the reason that modprobe gives */
static void test_params(void)
{
	const uint64_t start = coherent.start, size = coherent.size, mib = 1 << 20;
	const struct bad {
		uint64_t size;
		uint64_t start;
		int error;
	} bad[] = {
		/* the system's, in all, at the end, at the beginning */
		{ 16 * mib, start - 64 * mib, EBUSY }, { size, start + size / 2, EBUSY },
		{ size, start - 2 * mib, EBUSY },
		/* nothing there, or devices */
		{ 16 * mib, 1ull << 36, ENXIO }, { 16 * mib, 0xc0000000, ENXIO },
		/* somebody's: reserved, for the table of PCI devices, which has been taken */
		{ 4 * mib, 0xb0000000, EBUSY },
		/* no range of blocks */
		{ 16 * mib, start + mib, EINVAL }, { mib, start, EINVAL },
		{ 3 * mib, start, EINVAL }, { 0, start, EINVAL }, { 16 * mib, 0, EINVAL },
		{ 16 * mib, start + 4096, EINVAL }, { 16 * mib, 0 - 8 * mib, EINVAL },
	};
	static const char *const text[] = { "16M", "@", "16M@", "@0x38000000", "x@y", "16M@0x" };
	char cmd[256], said[256];
	FILE *f;

	igt_emit_ignore_dmesg_regex("vsvm: (probe with .* failed|coherent=)");
	coherent_shut();
	vsvm_module_unload();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad) + ARRAY_SIZE(text); i++) {
		const struct bad *b = &bad[i];
		int error = EINVAL;

		if (i < ARRAY_SIZE(bad)) {
			error = b->error;
			snprintf(cmd, sizeof(cmd), "modprobe vsvm coherent=%#llx@%#llx 2>&1",
				 (long long)b->size, (long long)b->start);
		} else {
			snprintf(cmd, sizeof(cmd), "modprobe vsvm coherent=%s 2>&1",
				 text[i - ARRAY_SIZE(bad)]);
		}
		f = popen(cmd, "r");
		igt_assert(f);
		memset(said, 0, sizeof(said));
		(void)!fgets(said, sizeof(said), f);
		igt_assert_f(pclose(f), "%s: loads\n", cmd);
		igt_assert_f(strstr(said, strerror(error)), "%s: %s\n", cmd, said);
		igt_assert_f(!vsvm_module_loaded(), "%s: stays\n", cmd);
	}
	/* and the same range is good after all */
	coherent_begin(MIB);
	coherent_shut();
	vsvm_module_reload(coherent_params(coherent.size >> 20));
	coherent.fd = vsvm_open_node();
}

/* Races, put into order */

static uint8_t *race_begin(struct svm *t, unsigned int pages)
{
	uint8_t *p;

	race_init(t, coherent_begin(MIB));
	p = vram_buffer(t, pages);
	svm_number_pages(p, pages, 1);
	vram_prefetch(t, p, pages * PAGE);
	coherent_expect(p, pages * PAGE, pages);
	return p;
}

/* What a thread is to do when it is told to, for none can be made meanwhile */
struct late {
	struct call call;
	struct uring u;
	uint32_t go;
};

static int late_store(struct call *c)
{
	struct late *late = (struct late *)c;

	race_wait_word(&late->go, 1);
	__atomic_fetch_add((uint64_t *)c->p, 100, __ATOMIC_SEQ_CST);
	return 0;
}

static int late_pin(struct call *c)
{
	struct late *late = (struct late *)c;

	race_wait_word(&late->go, 1);
	uring_register(&late->u, c->p, c->size);
	return 0;
}

static void late_go(struct late *late)
{
	__atomic_store_n(&late->go, 1, __ATOMIC_SEQ_CST);
}

/* A fault has a page of VRAM in hand; it is pinned, and so moves; the GPU gets the new one */
static void test_race_pin_call(bool write)
{
	struct vsvm_hold hold;
	uint64_t seqno, before;
	struct uring u;
	struct svm t;
	uint8_t *p;

	uring_init(&u);
	p = race_begin(&t, 1);
	/* the GPU's entry goes, the page stays */
	igt_assert_eq(mprotect(p, PAGE, PROT_NONE), 0);
	igt_assert_eq(mprotect(p, PAGE, RW), 0);
	coherent_expect(p, PAGE, 1);
	race_arm(&hold, &t, "fault-pages", p, PAGE);
	seqno = write ? race_write(&t, p, 9) : race_read(&t, p);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t).retries;
	uring_register(&u, p, PAGE);
	coherent_expect(p, PAGE, 0);
	*(uint64_t *)p = 2;
	vsvm_hold_release(&hold);
	if (write) {
		vsvm_finish(&t.ctx, seqno);
		igt_assert_eq_u64(*(uint64_t *)p, 9);
	} else {
		race_expect_value(&t, seqno, 2);
	}
	igt_assert_lt_u64(before, svm_stats(&t).retries);
	coherent_expect(p, PAGE, 0);
	uring_fini(&u);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* The pin has taken the page from all, and is stopped; the GPU faults, and has to wait */
static void test_race_pin_fault(bool write)
{
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	struct late late = {};
	uint64_t seqno;
	struct svm t;
	uint8_t *p;

	uring_init(&late.u);
	p = race_begin(&t, 1);
	late.call = (struct call){ .fn = late_pin, .p = p, .size = PAGE };
	call_start(&late.call);
	race_arm(&hold, &t, "invalidated", p, PAGE);
	if (write)
		race_emit_write(&t, p, 9);
	else
		race_emit_read(&t, p);
	before = svm_stats(&t);
	late_go(&late);
	vsvm_hold_wait(&hold);
	seqno = vsvm_submit(&t.ctx, &t.s);
	race_wait_faults(&t, &before, 1);
	usleep(50000);
	igt_assert(!call_is_done(&late.call));
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	vsvm_hold_release(&hold);
	call_finish(&late.call);
	if (write) {
		vsvm_finish(&t.ctx, seqno);
		igt_assert_eq_u64(*(uint64_t *)p, 9);
	} else {
		race_expect_value(&t, seqno, 1);
	}
	/* pinned by whoever came later: the fault may have brought it there once more before */
	igt_assert_eq_u64(svm_read(&t, p), *(uint64_t *)p);
	coherent_expect(p, PAGE, 0);
	uring_fini(&late.u);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* On its way to VRAM: a CPU's atomic waits, and is done there */
static void test_race_migrate(void)
{
	struct vsvm_hold hold;
	struct late late = {};
	uint64_t seqno;
	struct svm t;
	uint8_t *p;

	p = race_begin(&t, 1);
	vram_fetch_back(&t, p, PAGE);
	igt_assert_eq(mprotect(p, PAGE, PROT_NONE), 0);
	igt_assert_eq(mprotect(p, PAGE, RW), 0);
	coherent_expect(p, PAGE, 0);
	late.call = (struct call){ .fn = late_store, .p = p };
	call_start(&late.call);
	race_arm(&hold, &t, "migrate-pages", p, PAGE);
	seqno = race_read(&t, p);
	vsvm_hold_wait(&hold);
	late_go(&late);
	usleep(50000);
	igt_assert(!call_is_done(&late.call));
	vsvm_hold_release(&hold);
	call_finish(&late.call);
	vsvm_finish(&t.ctx, seqno);
	coherent_expect(p, PAGE, 1);
	igt_assert_eq_u64(*(uint64_t *)p, 101);
	igt_assert_eq_u64(svm_read(&t, p), 101);
	svm_buffer_free(p, PAGE);
	svm_fini(&t);
}

/* On its way out, to make room: a CPU's atomic waits, and is done in system memory */
static void test_race_evict(void)
{
	struct vsvm_hold hold;
	struct late late = {};
	uint64_t seqno;
	struct svm t, u;
	uint8_t *p, *q;

	p = race_begin(&t, VRAM_PAGES - BLOCK_PAGES);
	svm_init(&u, coherent.fd);
	q = vram_buffer(&u, BLOCK_PAGES + 1);
	/* all of 2M at the first access */
	igt_assert_eq(__vsvm_attr(coherent.fd, u.ctx.vm, q, VSVM_2M,
				  DRM_VSVM_ATTR_GRANULARITY, 21), 0);
	svm_number_pages(q, BLOCK_PAGES + 1, 5);
	late.call = (struct call){ .fn = late_store, .p = p };
	call_start(&late.call);
	vsvm_hold_arm(&hold, coherent.fd, t.ctx.vm, "evict-pages");
	/* a second chunk is needed, and the first one that t has had goes */
	vsvm_emit_copy(svm_stream(&u), vsvm_ptr(u.scratch), vsvm_ptr(q), 8);
	vsvm_emit_copy(&u.s, vsvm_ptr(u.scratch + 1), vsvm_ptr(q + BLOCK_PAGES * PAGE), 8);
	seqno = vsvm_submit(&u.ctx, &u.s);
	vsvm_hold_wait(&hold);
	late_go(&late);
	usleep(50000);
	igt_assert(!call_is_done(&late.call));
	vsvm_hold_release(&hold);
	call_finish(&late.call);
	vsvm_finish(&u.ctx, seqno);
	igt_assert_eq_u64(u.scratch[0], 5);
	igt_assert_eq_u64(u.scratch[1], 5 + BLOCK_PAGES);
	coherent_expect(p, PAGE, 0);
	igt_assert_eq_u64(*(uint64_t *)p, 101);
	igt_assert_eq_u64(svm_read(&t, p), 101);
	vram_check(p + PAGE, VRAM_PAGES - BLOCK_PAGES - 1, 2);
	svm_fini(&u);
	svm_buffer_free(q, (BLOCK_PAGES + 1) * PAGE);
	svm_buffer_free(p, VRAM - VSVM_2M);
	svm_fini(&t);
}

int igt_main()
{
	igt_fixture() {
		coherent_setup();
	}

	igt_describe("More memory than VRAM is lost, or stays out for good");
	igt_subtest("working-set")
		test_working_set();
	igt_describe("A process sees what another has left in VRAM");
	igt_subtest("cleared")
		test_cleared(false);
	igt_describe("A process sees what was in VRAM before the module was loaded");
	igt_subtest("cleared-reload")
		test_cleared(true);
	igt_describe("Memory stays in VRAM when its VM is gone, or is lost");
	igt_subtest("vm-gone")
		test_vm_gone(false);
	igt_describe("A child's memory stays in VRAM when the VM is gone, or is another's");
	igt_subtest("vm-gone-fork")
		test_vm_gone(true);
	igt_describe("A page that somebody has in hand stays when its VM goes, or unload waits");
	igt_subtest("vm-gone-pinned")
		test_left();
	igt_describe("Memory in VRAM is lost when the module goes");
	igt_subtest("unload")
		test_unload();
	igt_describe("Memory in VRAM is lost when the device goes, or another has the same VRAM");
	igt_subtest("unbind")
		test_unbind(false);
	igt_describe("A child's memory in VRAM is lost when the device goes");
	igt_subtest("unbind-fork")
		test_unbind(true);
	igt_describe("VRAM of a process that was killed is not free");
	igt_subtest("kill")
		test_kill();
	igt_describe("Memory that is not reserved becomes VRAM, or the reason is not told");
	igt_subtest("parameters")
		test_params();
	for (int write = 0; write < 2; write++) {
		const char *name = write ? "write" : "read";

		igt_describe("The GPU has the page of VRAM that a pin has moved");
		igt_subtest_f("race-pin-fault-first-%s", name)
			test_race_pin_call(write);
		igt_describe("The GPU gets a page that a pin is about to move");
		igt_subtest_f("race-pin-first-%s", name)
			test_race_pin_fault(write);
	}
	igt_describe("A CPU's write is lost while the page is on its way to VRAM");
	igt_subtest("race-migrate")
		test_race_migrate();
	igt_describe("A CPU's write is lost while the page makes room");
	igt_subtest("race-evict")
		test_race_evict();

	igt_fixture()
		coherent_teardown();
}

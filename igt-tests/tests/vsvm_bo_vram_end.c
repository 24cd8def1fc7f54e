// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm bo vram end
 * Description: BOs in VRAM when their device or their program goes
 *
 * Loads the module with little VRAM; at the end it is loaded as it was.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "vsvm_bo_vram.h"
#include "vsvm_call.h"

IGT_TEST_DESCRIPTION("BOs in VRAM when their device or their program goes");

/* The device goes while BOs are in VRAM, mapped and bound; what is in them stays */
static void test_unbind(void)
{
	uint32_t handle;
	int fd = bo_module(MIB);
	struct svm t;
	struct bo bo;
	uint8_t *at;

	at = bo_vm(&t, fd, VRAM);
	bo_init(&bo, &t, at, VRAM);
	known_write(&bo.k, &t);
	/* some of it is in the CPU's page table, and some not */
	igt_assert(!memcmp(bo.map, bo.k.want, VSVM_2M));
	expect_vram(fd, VRAM);
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	bo_expect_map(&bo);
	memset(bo.map, 0x11, PAGE);
	igt_assert_eq(bo.map[PAGE - 1], 0x11);
	igt_assert_eq(__vsvm_bo_create_flags(fd, PAGE, DRM_VSVM_BO_VRAM, &handle), -ENODEV);
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	/* the old file and the mapping go last */
	vsvm_module_shut();
	igt_assert_eq(bo.map[0], 0x11);
	vsvm_unmap(bo.map, VRAM);
	vsvm_unmap(t.range, svm_range_size());
	vsvm_unmap(at, VRAM);
	known_fini(&bo.k);
	vsvm_module_unload();
	bo_module(MIB);
}

#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP		CGROUPS "/vsvm-bo"

static void cgroup_begin(void)
{
	igt_require_f(!access(CGROUPS "/cgroup.subtree_control", W_OK), "no cgroup2\n");
	vsvm_tell(CGROUPS "/cgroup.subtree_control", "+memory");
	rmdir(CGROUP);
	igt_require_f(!mkdir(CGROUP, 0700), CGROUP ": %m\n");
}

static void cgroup_end(void)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	while (rmdir(CGROUP)) {
		igt_assert_f(errno == EBUSY && vsvm_now() < deadline, "rmdir: %m\n");
		usleep(10000);
	}
	vsvm_tell(CGROUPS "/cgroup.subtree_control", "-memory");
}

/* What an access gets: by the kernel -EFAULT, in the program SIGBUS */
static void expect_lost(const uint8_t *p)
{
	int status, ends[2];
	pid_t pid;

	igt_assert_eq(pipe(ends), 0);
	igt_assert_eq(write(ends[1], p, 1), -1);
	igt_assert_eq(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
	pid = fork();
	igt_assert_lte(0, pid);
	if (!pid) {
		signal(SIGBUS, SIG_DFL);
		vram_touch(p);
		_exit(0);
	}
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert(WIFSIGNALED(status));
	igt_assert_eq(WTERMSIG(status), SIGBUS);
}

/*
 * The device goes when who made the BO has more memory than it may have: the BO is lost. Who made
 * it is told so and not killed for it, waits for nobody, and can give up what it has.
 */
static void test_unbind_lost(void)
{
	int ready[2], go[2], max;
	char c = 0;

	bo_module(MIB);
	vsvm_module_shut();
	cgroup_begin();
	igt_assert_eq(pipe(ready), 0);
	igt_assert_eq(pipe(go), 0);
	igt_fork(child, 1) {
		struct svm t;
		struct bo bo;
		uint8_t *at;

		vsvm_tell(CGROUP "/cgroup.procs", "0");
		at = bo_vm(&t, vsvm_open_node(), VRAM);
		bo_init(&bo, &t, at, VRAM);
		known_write(&bo.k, &t);
		/* the CPU has a part of it mapped */
		igt_assert(!memcmp(bo.map, bo.k.want, VSVM_2M));
		expect_vram(t.ctx.fd, VRAM);
		igt_assert_eq(write(ready[1], &c, 1), 1);
		igt_assert_eq(read(go[0], &c, 1), 1);
		for (uint64_t i = 0; i < VRAM; i += VSVM_2M) {
			expect_lost(bo.map + i);
			expect_lost(bo.map + i + VSVM_2M - 1);
		}
		vsvm_unmap(bo.map, VRAM);
	}
	igt_assert_eq(read(ready[0], &c, 1), 1);
	/* it sleeps by now, and charges no more */
	usleep(MOMENT);
	/* the limit alone: nothing is reclaimed now, and nobody killed */
	max = open(CGROUP "/memory.max", O_WRONLY | O_NONBLOCK);
	igt_assert_lte(0, max);
	igt_assert_eq(write(max, "0", 1), 1);
	close(max);
	igt_assert_eq(vsvm_driver_write("unbind"), 0);
	vsvm_tell(CGROUP "/memory.max", "max");
	igt_assert_eq(write(go[1], &c, 1), 1);
	igt_waitchildren();
	igt_assert_eq_u64(vsvm_number(CGROUP "/memory.events", "oom"), 0);
	cgroup_end();
	igt_assert_eq(vsvm_driver_write("bind"), 0);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	vsvm_module_unload();
	bo_module(MIB);
}

/* Killed with BOs on their way to VRAM and out of it, and the module goes right after it */
static void test_kill(void)
{
	uint32_t *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char params[512];

	igt_assert(ready != MAP_FAILED);
	snprintf(params, sizeof(params), "%s vram_mib=%u", vsvm_module_found(), MIB);
	bo_module(MIB);
	vsvm_module_shut();
	for (unsigned int round = 0; round < 4; round++) {
		*ready = 0;
		igt_fork(child, 2) {
			struct svm t;
			struct bo bo;
			uint8_t *at;

			at = bo_vm(&t, vsvm_open_node(), VRAM);
			bo_init(&bo, &t, at, VRAM);
			__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
			for (;;) {
				known_write(&bo.k, &t);
				bo_expect_map(&bo);
			}
		}
		while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < 2)
			usleep(1000);
		usleep(200000 + 50000 * round);
		igt_kill_children(SIGKILL);
		igt_assert_eq(__igt_waitchildren(), 128 + SIGKILL);
		vsvm_module_reload(params);
	}
	munmap(ready, PAGE);
}

int igt_main()
{
	igt_fixture() {
		vsvm_module_save();
	}

	igt_describe("A program loses its BOs when its GPU is unplugged");
	igt_subtest("unbind")
		test_unbind();
	igt_describe("An unplug waits for memory that a BO cannot have, a program for a lost BO");
	igt_subtest("unbind-lost")
		test_unbind_lost();
	igt_describe("The module stays, or the kernel falls, after a kill amid evictions");
	igt_subtest("kill")
		test_kill();

	igt_fixture() {
		vsvm_module_end();
	}
}

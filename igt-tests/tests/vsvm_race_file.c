// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race file
 * Description: A page fault of the GPU against what happens to the page of a file, in both orders
 *
 * As in vsvm_race_fault. First order: the fault has the page in hand (fault-pages) when the file
 * loses or cleans it. Second order: the file system's side has taken the page from the GPU and not
 * yet done its own (invalidated); what it does then must not miss what the GPU writes meanwhile.
 */
#include "vsvm_race.h"
#include "vsvm_svm_file.h"

IGT_TEST_DESCRIPTION("GPU page faults against truncation and writeback, in both orders");

/* Where it is done */
#define AT	(4 * PAGE)

static int call_fsync(struct call *c)
{
	return fsync(c->prot) ? -errno : 0;
}

static int call_truncate(struct call *c)
{
	return ftruncate(c->prot, c->size) ? -errno : 0;
}

static int call_punch(struct call *c)
{
	return fallocate(c->prot, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, AT, c->size) ?
	       -errno : 0;
}

static void begin(struct svm *t, struct file *f, int fd, struct vsvm_fs *fs)
{
	file_init_random(f, fs, "race", FILE_SIZE, MAP_SHARED);
	race_init(t, fd);
}

/* All that there is to say of the file, and that it is on the disk if it was synced */
static void end(struct svm *t, struct file *f)
{
	gpu_expect_file(t, f);
	file_expect(f);
	if (f->fs->can & VSVM_FS_CRASH) {
		igt_assert_eq(fsync(f->fd), 0);
		file_crash(f);
		file_expect(f);
	}
	file_fini(f);
	svm_fini(t);
}

/* The CPU makes the page one that may be written, so that HMM has it at once */
static void cpu_write(struct file *f, uint64_t value)
{
	memcpy(f->want + AT + 8, &value, 8);
	*(uint64_t *)(f->p + AT + 8) = value;
}

/* (3.1, 6.1) */
static void test_truncate(int fd, struct vsvm_fs *fs)
{
	struct vsvm_hold hold;
	struct svm t;
	struct file f;

	begin(&t, &f, fd, fs);
	cpu_write(&f, 1);
	race_arm(&hold, &t, "fault-pages", f.p + AT, PAGE);
	race_write(&t, f.p + AT, 0xbad);
	vsvm_hold_wait(&hold);
	file_resize(&f, AT);
	vsvm_hold_release(&hold);
	race_expect_error(&t, VSVM_ERROR_BUS, VSVM_ACCESS_WRITE, f.p + AT);
	file_resize(&f, FILE_SIZE);
	end(&t, &f);
}

static void test_truncate_cpu_first(int fd, struct vsvm_fs *fs)
{
	struct drm_vsvm_vm_stats before;
	struct call call = { .fn = call_truncate, .size = AT };
	struct vsvm_hold hold;
	struct svm t;
	struct file f;

	begin(&t, &f, fd, fs);
	gpu_write(&t, &f, AT, PAGE);
	race_arm(&hold, &t, "invalidated", f.p + AT, PAGE);
	call.prot = f.fd;
	call_start(&call);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	race_write(&t, f.p + AT, 0xbad);
	race_wait_parked(fd, t.ctx.queue);
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	vsvm_hold_release(&hold);
	call_finish(&call);
	race_expect_error(&t, VSVM_ERROR_BUS, VSVM_ACCESS_WRITE, f.p + AT);
	memset(f.want + AT, 0, FILE_SIZE - AT);
	f.size = AT;
	file_resize(&f, FILE_SIZE);
	end(&t, &f);
}

/* (3.1) */
static void test_punch(int fd, struct vsvm_fs *fs)
{
	struct call call = { .size = PAGE };
	const uint64_t value = 0x600d;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	struct file f;

	begin(&t, &f, fd, fs);
	cpu_write(&f, 1);
	race_arm(&hold, &t, "fault-pages", f.p + AT, PAGE);
	seqno = race_write(&t, f.p + AT, value);
	vsvm_hold_wait(&hold);
	call.prot = f.fd;
	igt_assert_eq(call_punch(&call), 0);
	vsvm_hold_release(&hold);
	vsvm_finish(&t.ctx, seqno);
	/* in the new page, and not in the old one */
	memset(f.want + AT, 0, PAGE);
	memcpy(f.want + AT, &value, 8);
	end(&t, &f);
}

static void test_punch_cpu_first(int fd, struct vsvm_fs *fs)
{
	struct call call = { .fn = call_punch, .size = PAGE };
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	struct file f;

	begin(&t, &f, fd, fs);
	gpu_write(&t, &f, AT, PAGE);
	race_arm(&hold, &t, "invalidated", f.p + AT, PAGE);
	call.prot = f.fd;
	call_start(&call);
	vsvm_hold_wait(&hold);
	seqno = race_write(&t, f.p + AT, 0x600d);
	race_wait_parked(fd, t.ctx.queue);
	vsvm_hold_release(&hold);
	call_finish(&call);
	vsvm_finish(&t.ctx, seqno);
	/*
	 * The page is taken away twice, once from page tables and once from the file, and the write
	 * may have come between the two.
	 */
	memset(f.want + AT, 0, PAGE);
	svm_copy(&t, f.want + AT, f.p + AT, 8);
	igt_assert(*(uint64_t *)(f.want + AT) == 0x600d || !*(uint64_t *)(f.want + AT));
	end(&t, &f);
}

/*
 * (4.3) Writeback cleans the page that the fault has in hand, for writing. To enter it as it was
 * would be to write a page that the file system believes to be clean.
 */
static void test_clean(int fd, struct vsvm_fs *fs)
{
	const uint64_t value = 0x600d;
	struct drm_vsvm_vm_stats before;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	struct file f;

	begin(&t, &f, fd, fs);
	cpu_write(&f, 1);
	before = svm_stats(&t);
	race_arm(&hold, &t, "fault-pages", f.p + AT, PAGE);
	seqno = race_write(&t, f.p + AT, value);
	vsvm_hold_wait(&hold);
	igt_assert_eq(fsync(f.fd), 0);
	vsvm_hold_release(&hold);
	vsvm_finish(&t.ctx, seqno);
	igt_assert_lt_u64(before.retries, svm_stats(&t).retries);
	memcpy(f.want + AT, &value, 8);
	end(&t, &f);
}

/* (4.3) The page is out of the GPU's reach and not yet clean: a write waits, and is not lost */
static void test_clean_cpu_first(int fd, struct vsvm_fs *fs)
{
	struct call call = { .fn = call_fsync };
	struct drm_vsvm_vm_stats before;
	const uint64_t value = 0x600d;
	struct vsvm_hold hold;
	uint64_t seqno;
	struct svm t;
	struct file f;

	begin(&t, &f, fd, fs);
	gpu_write(&t, &f, AT, PAGE);
	race_arm(&hold, &t, "invalidated", f.p + AT, PAGE);
	call.prot = f.fd;
	call_start(&call);
	vsvm_hold_wait(&hold);
	before = svm_stats(&t);
	seqno = race_write(&t, f.p + AT, value);
	race_wait_parked(fd, t.ctx.queue);
	igt_assert_eq_u64(svm_stats(&t).pages_mapped, before.pages_mapped);
	vsvm_hold_release(&hold);
	call_finish(&call);
	vsvm_finish(&t.ctx, seqno);
	memcpy(f.want + AT, &value, 8);
	end(&t, &f);
}

static const struct file_test tests[] = {
	{ "truncate-fault-first", "The GPU writes a page that was cut off when it had it in hand",
	  test_truncate },
	{ "truncate-cpu-first", "The GPU gets a page again that is about to be cut off",
	  test_truncate_cpu_first },
	{ "punch-fault-first", "The GPU writes a page that was punched out when it had it in hand",
	  test_punch },
	{ "punch-cpu-first", "The GPU has a page still that was about to be punched out",
	  test_punch_cpu_first },
	{ "clean-fault-first", "The GPU writes a page that was cleaned when it had it in hand",
	  test_clean, VSVM_FS_CRASH },
	{ "clean-cpu-first", "What the GPU writes to a page that is about to be cleaned is lost",
	  test_clean_cpu_first, VSVM_FS_CRASH },
};

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	/* The driver's part is the same for all that have a disk. */
	for (struct vsvm_fs *fs = vsvm_fs; fs->name; fs++) {
		if (strcmp(fs->name, "ext4") && strcmp(fs->name, "tmpfs"))
			continue;
		for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
			if (!vsvm_fs_can(fs, tests[i].needs))
				continue;
			igt_describe(tests[i].describe);
			igt_subtest_f("%s-%s", tests[i].name, fs->name) {
				vsvm_fs_begin(fs);
				tests[i].fn(fd, fs);
				vsvm_fs_end(fs);
			}
		}
	}

	igt_fixture() {
		vsvm_fs_fini();
		vsvm_hold_teardown(fd);
	}
}

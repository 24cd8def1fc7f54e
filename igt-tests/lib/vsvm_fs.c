// SPDX-License-Identifier: MIT
/*
 * File systems for tests; vsvm_fs.h says what each helper does.
 *
 * Images lie in /var/tmp, which is a disk in the guest. What mount(8) says is shown.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "vsvm_fs.h"

/* Exported by libigt; where there is upstream's igt.h, it says the same. */
void igt_emit_ignore_dmesg_regex(const char *ignore_dmesg_regex);

#ifndef FS_IOC_SHUTDOWN
#define FS_IOC_SHUTDOWN	_IOR('X', 125, __u32)
#endif
/* not even the log: what nobody has asked for is lost */
#define SHUTDOWN_NOLOGFLUSH	2

/* What file systems say of that would alarm who watches the kernel's log, which escapes a \. */
#define SHUTDOWN_NOISE		"EXT4-fs|Aborting journal|XFS [(]|BTRFS"

#define PLACE	"/var/tmp/vsvm-fs"
#define ALL	(VSVM_FS_DISK | VSVM_FS_CRASH | VSVM_FS_ZERO | VSVM_FS_CACHE)

struct vsvm_fs vsvm_fs[] = {
	{
		.name = "ext4", .type = "ext4", .size = 64,
		.mkfs = "mkfs.ext4 -q -F -b 4096 -m 0 -E nodiscard",
		.can = ALL | VSVM_FS_SHIFT,
	}, {
		/* mkfs.xfs refuses less than 300 MiB */
		.name = "xfs", .type = "xfs", .size = 320,
		.mkfs = "mkfs.xfs -q -f -K -m reflink=1",
		.can = ALL | VSVM_FS_SHIFT | VSVM_FS_REFLINK,
	}, {
		.name = "btrfs", .type = "btrfs", .size = 256,
		.mkfs = "mkfs.btrfs -q -f -K -m single",
		.can = ALL | VSVM_FS_REFLINK,
	}, {
		.name = "tmpfs", .type = "tmpfs", .options = "size=32M",
		.can = VSVM_FS_CACHE,
	}, {
		/* Only where the kernel was told to take memory for it: memmap=128M!1G */
		.name = "dax", .type = "ext4", .options = "dax=always", .device = "/dev/pmem0",
		.mkfs = "mkfs.ext4 -q -F -b 4096 -m 0 -E nodiscard",
		.can = VSVM_FS_DISK | VSVM_FS_CRASH | VSVM_FS_SHIFT | VSVM_FS_ZERO,
	},
	{ }
};

/* A command's status; not found is 127. */
static int run(const char *cmd)
{
	int ret = system(cmd);

	if (ret)
		igt_info("%s: status %#x\n", cmd, ret);
	return ret < 0 || !WIFEXITED(ret) ? -1 : WEXITSTATUS(ret);
}

static int try_mount(struct vsvm_fs *fs)
{
	char cmd[512];
	int ret;

	snprintf(cmd, sizeof(cmd), "mount -t %s -o %s%s%s %s %s 2>&1", fs->type,
		 fs->mkfs && !fs->device ? "loop," : "", fs->options ? fs->options : "",
		 fs->options ? "" : "rw", fs->image, fs->dir);
	ret = run(cmd);
	fs->mounted = !ret;
	return ret;
}

static void mount_it(struct vsvm_fs *fs)
{
	igt_assert_eq(try_mount(fs), 0);
}

/* Who had a file of it mapped may have ended a moment ago, and his memory go only now. */
static void unmount_it(struct vsvm_fs *fs)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);
	int ret;

	do {
		ret = umount2(fs->dir, 0) ? -errno : 0;
		if (ret == -EBUSY)
			usleep(10000);
	} while (ret == -EBUSY && vsvm_now() < deadline);
	igt_assert_f(!ret, "umount of %s: %s\n", fs->dir, strerror(-ret));
	fs->mounted = false;
}

/* Asserts nothing: the subtest that failed has said all that is to be said. */
static void give_up(struct vsvm_fs *fs)
{
	if (!fs->mounted)
		return;
	vsvm_fs_thaw(fs);
	umount2(fs->dir, MNT_DETACH);
	fs->mounted = false;
	fs->full = false;
	if (!fs->device)
		unlink(fs->image);
}

static void make(struct vsvm_fs *fs)
{
	char cmd[256];
	int fd, ret;

	snprintf(fs->dir, sizeof(fs->dir), PLACE "/%s", fs->name);
	snprintf(fs->image, sizeof(fs->image), "%s%s", fs->device ? fs->device : fs->dir,
		 fs->device ? "" : ".img");
	mkdir(PLACE, 0700);
	mkdir(fs->dir, 0700);
	/* What a program that crashed has left. */
	while (!umount2(fs->dir, MNT_DETACH))
		;
	if (fs->mkfs) {
		if (!fs->device) {
			unlink(fs->image);
			fd = open(fs->image, O_RDWR | O_CREAT | O_TRUNC, 0600);
			igt_require_f(fd >= 0, "%s: %m\n", fs->image);
			igt_assert_eq(ftruncate(fd, (off_t)fs->size << 20), 0);
			close(fd);
		}
		snprintf(cmd, sizeof(cmd), "%s %s 2>&1", fs->mkfs, fs->image);
		ret = run(cmd);
		igt_require_f(ret != 127, "no %s\n", fs->mkfs);
		/* There is one device, and a subtest that failed may have files of it mapped. */
		igt_require_f(!ret || !fs->device, "%s is in use\n", fs->image);
		igt_assert_eq(ret, 0);
	}
	ret = try_mount(fs);
	igt_require_f(!ret, "no %s that can be mounted\n", fs->name);
}

bool vsvm_fs_can(const struct vsvm_fs *fs, unsigned int can)
{
	return (fs->can & can) == can && (!fs->device || !access(fs->device, F_OK));
}

static void at_exit(int sig)
{
	vsvm_fs_fini();
}

void vsvm_fs_begin(struct vsvm_fs *fs)
{
	static bool once;

	igt_require_f(!geteuid(), "not root\n");
	if (!once) {
		once = true;
		/* Where it is a module: it is not loaded by being asked for. */
		if (access("/dev/loop-control", F_OK))
			run("modprobe -q loop");
		/* A frozen file system would outlive us. */
		igt_install_exit_handler(at_exit);
	}
	if (fs->busy || fs->full)
		give_up(fs);
	if (!fs->mounted)
		make(fs);
	fs->busy = true;
}

void vsvm_fs_end(struct vsvm_fs *fs)
{
	DIR *dir = opendir(fs->dir);
	struct dirent *entry;

	igt_assert(dir);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			igt_assert_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	closedir(dir);
	fs->busy = false;
}

void vsvm_fs_remount(struct vsvm_fs *fs)
{
	igt_assert(fs->can & VSVM_FS_DISK);
	unmount_it(fs);
	mount_it(fs);
}

static int dir_ioctl(struct vsvm_fs *fs, unsigned long request, void *arg)
{
	int fd = open(fs->dir, O_RDONLY | O_DIRECTORY);
	int ret = fd < 0 || ioctl(fd, request, arg) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

void vsvm_fs_shutdown(struct vsvm_fs *fs)
{
	uint32_t how = SHUTDOWN_NOLOGFLUSH;

	igt_assert(fs->can & VSVM_FS_CRASH);
	igt_emit_ignore_dmesg_regex(SHUTDOWN_NOISE);
	igt_assert_eq(dir_ioctl(fs, FS_IOC_SHUTDOWN, &how), 0);
}

void vsvm_fs_freeze(struct vsvm_fs *fs)
{
	igt_assert_eq(dir_ioctl(fs, FIFREEZE, NULL), 0);
}

void vsvm_fs_thaw(struct vsvm_fs *fs)
{
	dir_ioctl(fs, FITHAW, NULL);
}

const char *vsvm_fs_path(struct vsvm_fs *fs, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", fs->dir, name);
	return path;
}

int vsvm_fs_open(struct vsvm_fs *fs, const char *name, int flags)
{
	int fd = open(vsvm_fs_path(fs, name), flags | O_CLOEXEC, 0600);

	igt_assert_f(fd >= 0, "%s on %s: %m\n", name, fs->name);
	return fd;
}

void vsvm_fs_unlink(struct vsvm_fs *fs, const char *name)
{
	igt_assert_eq(unlink(vsvm_fs_path(fs, name)), 0);
}

void vsvm_fs_fill_up(struct vsvm_fs *fs, const char *name)
{
	int fd = vsvm_fs_open(fs, name, O_RDWR | O_CREAT);
	off_t size = 0, step;

	fs->full = true;
	for (step = 64 << 20; step >= 4096; step /= 2)
		while (!fallocate(fd, 0, size, step))
			size += step;
	igt_assert_f(errno == ENOSPC, "fallocate: %m\n");
	igt_assert_eq(fsync(fd), 0);
	close(fd);
}

void vsvm_fs_drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	igt_require_f(fd >= 0, "drop_caches: %m\n");
	igt_assert_eq(write(fd, "1", 1), 1);
	close(fd);
}

void vsvm_fs_fini(void)
{
	for (struct vsvm_fs *fs = vsvm_fs; fs->name; fs++) {
		if (fs->mounted)
			give_up(fs);
		if (fs->dir[0])
			rmdir(fs->dir);
	}
	rmdir(PLACE);
}

/* SPDX-License-Identifier: MIT */
/*
 * File systems for tests: images made by mkfs, mounted by loop devices, and a tmpfs.
 *
 *	for (struct vsvm_fs *fs = vsvm_fs; fs->name; fs++) {
 *		if (!vsvm_fs_can(fs, VSVM_FS_CRASH))
 *			continue;
 *		igt_subtest_f("fsync-%s", fs->name) {
 *			vsvm_fs_begin(fs);
 *			...
 *			vsvm_fs_end(fs);
 *		}
 *	}
 *	igt_fixture()
 *		vsvm_fs_fini();
 *
 * A file system is made when the first subtest begins with it and kept for the others, for mkfs and
 * mount take long without KVM. A subtest that fails never gets to vsvm_fs_end(): the next one gets
 * a file system that is made anew.
 */
#ifndef VSVM_FS_H
#define VSVM_FS_H

#include <sys/types.h>

#include "vsvm_lib.h"

/* What a file system can, besides files that are mapped */
/** VSVM_FS_DISK - has a disk: pages can leave the page cache, and a remount finds the files */
#define VSVM_FS_DISK	0x1
/** VSVM_FS_CRASH - vsvm_fs_crash() */
#define VSVM_FS_CRASH	0x2
/** VSVM_FS_REFLINK - files that share blocks (FICLONE) */
#define VSVM_FS_REFLINK	0x4
/** VSVM_FS_SHIFT - fallocate() that takes out and puts in ranges */
#define VSVM_FS_SHIFT	0x8
/** VSVM_FS_ZERO - fallocate() that zeroes */
#define VSVM_FS_ZERO	0x10
/** VSVM_FS_CACHE - its pages are in the page cache, which DAX has no use for */
#define VSVM_FS_CACHE	0x20

/**
 * struct vsvm_fs - a file system
 */
struct vsvm_fs {
	/** @name: for names of subtests */
	const char *name;
	/** @type: for mount */
	const char *type;
	/** @options: for mount */
	const char *options;
	/** @mkfs: makes it, the name of @image follows; NULL for tmpfs */
	const char *mkfs;
	/** @device: a device that takes the place of an image; the others have NULL */
	const char *device;
	/** @size: of the image in MiB, which is a sparse file */
	unsigned int size;
	/** @can: VSVM_FS_* */
	unsigned int can;
	/** @dir: where it is mounted */
	char dir[64];
	/** @image: file with the image, or the device */
	char image[80];
	/** @mounted: it is there */
	bool mounted;
	/** @busy: between begin and end */
	bool busy;
	/** @full: was full once, and may not have its blocks back where they belong */
	bool full;
};

/** vsvm_fs - all of them; the last has no name */
extern struct vsvm_fs vsvm_fs[];

/** vsvm_fs_can() - is it here (see @device), and can it do all that? */
bool vsvm_fs_can(const struct vsvm_fs *fs, unsigned int can);
/** vsvm_fs_begin() - mounted and empty; skips where it cannot be had */
void vsvm_fs_begin(struct vsvm_fs *fs);
/** vsvm_fs_end() - give up all files */
void vsvm_fs_end(struct vsvm_fs *fs);
/** vsvm_fs_remount() - unmount and mount; no file of it may be open or mapped */
void vsvm_fs_remount(struct vsvm_fs *fs);
/**
 * vsvm_fs_shutdown() - no byte reaches the disk any more, as if the power had gone
 *
 * Accesses to what is not in memory fail. The way back is vsvm_fs_remount(), which finds what was
 * on the disk and in the log.
 */
void vsvm_fs_shutdown(struct vsvm_fs *fs);
/** vsvm_fs_freeze() - who changes the file system has to wait, until it is thawed */
void vsvm_fs_freeze(struct vsvm_fs *fs);
/** vsvm_fs_thaw() - go on; does nothing if it is not frozen */
void vsvm_fs_thaw(struct vsvm_fs *fs);
/** vsvm_fs_open() - open(), a new file may be read and written by the owner */
int vsvm_fs_open(struct vsvm_fs *fs, const char *name, int flags);
/** vsvm_fs_path() - the path of a file, good until the next call */
const char *vsvm_fs_path(struct vsvm_fs *fs, const char *name);
/** vsvm_fs_unlink() - unlink() */
void vsvm_fs_unlink(struct vsvm_fs *fs, const char *name);
/** vsvm_fs_fill_up() - let a file of that name have all free blocks */
void vsvm_fs_fill_up(struct vsvm_fs *fs, const char *name);
/** vsvm_fs_drop_caches() - all clean pages that nobody has mapped leave the page cache */
void vsvm_fs_drop_caches(void);
/** vsvm_fs_fini() - unmount all, remove images */
void vsvm_fs_fini(void);

#endif /* VSVM_FS_H */

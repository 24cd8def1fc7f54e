/* SPDX-License-Identifier: MIT */
/*
 * Hold points: stop GPU or driver at a named place, so that a test reads as the race that it pins.
 *
 *	struct vsvm_hold hold;
 *
 *	vsvm_hold_arm_at(&hold, fd, vm, "fault-pages", p, size);
 *	seqno = ...;			the GPU reads p, and faults
 *	vsvm_hold_wait(&hold);		HMM has given the pages
 *	vsvm_unmap(p, size);
 *	vsvm_hold_release(&hold);
 *	...				what the GPU got must not be the old pages
 *
 * The driver's vsvm_hold.c has the rules, vsvm_hold.h and vsvm_hw.h the points.
 */
#ifndef VSVM_HOLD_H
#define VSVM_HOLD_H

#include "vsvm_lib.h"

/**
 * struct vsvm_hold - an armed point
 */
struct vsvm_hold {
	/** @file: the debugfs file, open for this hold alone; -1 when it is none any more */
	int file;
	/** @vm: number of the VM in debugfs */
	uint32_t vm;
	/** @point: name of the point */
	const char *point;
	/** @limited: has a limit that the test means to reach */
	bool limited;
};

/**
 * vsvm_hold_setup() - load the module with hold points, and open the device
 *
 * For the first fixture. Skips where modules or debugfs are not what it takes.
 */
int vsvm_hold_setup(void);
/** vsvm_hold_teardown() - close the device, and load the module as it was; for the last fixture */
void vsvm_hold_teardown(int fd);

/** vsvm_hold_open() - open the debugfs file "hold" of a device; -1 if there is none */
int vsvm_hold_open(int fd);
/** vsvm_hold_vm() - the number that debugfs has for a VM */
uint32_t vsvm_hold_vm(int fd, uint32_t vm);
/** vsvm_hold_command() - write a command to the file: 0 or -errno */
int vsvm_hold_command(int file, const char *f, ...);

/** vsvm_hold_arm() - hold whoever passes a point on behalf of a VM */
void vsvm_hold_arm(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point);
/** vsvm_hold_arm_at() - the same, if it is about a range of addresses */
void vsvm_hold_arm_at(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point,
		      const void *p, size_t size);
/** vsvm_hold_arm_options() - the same, with options as vsvm_hold.c has them */
void vsvm_hold_arm_options(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point,
			   const char *options);
/** vsvm_hold_count() - hold nobody, but count */
void vsvm_hold_count(struct vsvm_hold *hold, int fd, uint32_t vm, const char *point,
		     const void *p, size_t size);

/** __vsvm_hold_wait() - wait until somebody is held: 0 or -errno, see vsvm_hold.c */
int __vsvm_hold_wait(struct vsvm_hold *hold, unsigned int ms);
/** vsvm_hold_wait() - the same; somebody has to come */
void vsvm_hold_wait(struct vsvm_hold *hold);
/** vsvm_hold_is_held() - is somebody held now? The hold has to be armed, and not to have run out */
bool vsvm_hold_is_held(struct vsvm_hold *hold);
/** vsvm_hold_passed() - how many have come so far */
uint64_t vsvm_hold_passed(struct vsvm_hold *hold);
/** vsvm_hold_step() - who is held goes on, the next one is held */
void vsvm_hold_step(struct vsvm_hold *hold);
/**
 * vsvm_hold_release() - who is held goes on, and nobody is held any more
 *
 * Fails if somebody went on by himself before, unless the hold has a limit of its own: then nothing
 * was in the order that the test believes.
 */
void vsvm_hold_release(struct vsvm_hold *hold);
/** vsvm_hold_release_all() - release whatever a subtest that failed has left behind */
void vsvm_hold_release_all(void);

#endif /* VSVM_HOLD_H */

// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Hold points
 *
 * A race has an order of events that goes wrong, or would if something were missing. A test that
 * waits for that order to come about by chance waits long, and on another machine for ever. So the
 * places that matter have names (&enum vsvm_hold_point, &enum vsvm_hw_hold), and a test can stop
 * whoever passes one, do its part, and let go:
 *
 *  test                                    page fault of the GPU
 *  ----                                    ---------------------
 *  arm fault-pages
 *  submits a read of p
 *                                          hmm_range_fault() -> pfns
 *                                          vsvm_hold(fault-pages): stops
 *  wait: it is held
 *  munmap(p): invalidate() hears of it
 *  disarm: it goes on
 *                                          mmu_interval_read_retry(): true
 *
 * Only if the module was loaded with hold_points=1: otherwise a point is a no-op, and there is no
 * file. With it the directory of the device in debugfs has "hold". A line written to it is a
 * command; VM is the number that "vms" has:
 *
 * - ``arm VM POINT [start=ADDR] [end=ADDR] [skip=N] [limit=MS]``: hold whoever comes, on behalf of
 *   that VM and of a range that overlaps [start, end), after N have passed. -EBUSY if the point is
 *   armed for the VM, -ENOENT if there is no such VM.
 * - ``wait VM POINT MS``: until somebody is held. -ETIMEDOUT if nobody came; -ESTALE if somebody
 *   was held, and for too long; -ENODEV if the hold has gone with its VM, queue or device; -ENOENT
 *   if it is not armed, or no longer, for another thread with the same file may disarm it.
 * - ``release VM POINT``: whoever is held goes on, the next one is held. -ENOENT if not armed.
 * - ``disarm VM POINT``: whoever is held goes on, and nobody is held any more. The hold is
 *   forgotten.
 *
 * Reading lists the points, and each hold with how many have passed and who is held.
 *
 * A hold belongs to the open file that armed it. Nothing stays held because somebody forgot:
 *
 * - when the file is closed its holds go; when its opener ends, by whatever, nobody is held by them
 *   any more, even if others have the file open;
 * - when a queue is destroyed, all of its VM that are armed for the hardware go, since destroying
 *   waits for the engine; and until that is done, none of those armed meanwhile holds anybody. With
 *   the VM all of its go, and with the device all;
 * - a task that has been killed is not held, nor one that is exiting;
 * - none lasts longer than its limit.
 *
 * Locking: hold_lock covers all lists, and is innermost. A point may lie below any lock below which
 * sleeping is legal, for to let go no other lock is needed. Where it is not legal (points[].spins)
 * the party spins, for at most %SPIN_LIMIT ms: too short for a soft lockup or an RCU stall. But a
 * spinning engine keeps its CPU, and an invalidation that waits for it another one. A test on a
 * machine of two must not rely on being able to let go then; it lets the limit pass.
 */

#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "vsvm_drv.h"
#include "vsvm_hold.h"
#include "vsvm_vm.h"

/* Longest hold, in ms: longer than a test waits, shorter than what is called a hung task. */
#define SLEEP_LIMIT	30000
/* The same of one that spins, and what it is unless said otherwise. */
#define SPIN_LIMIT	2000
#define SPIN_DEFAULT	500
/* How often a party looks whether who holds it has been killed. */
#define POLL_JIFFIES	(HZ / 10)
#define MAX_COMMAND	256

DEFINE_STATIC_KEY_FALSE(vsvm_hold_key);

static const struct {
	const char *name;
	bool spins;
} points[VSVM_NUM_HOLDS] = {
	[VSVM_HW_HOLD_TRANSLATE] = { "engine-translate" },
	[VSVM_HW_HOLD_ACCESS] = { "engine-access", .spins = true },
	[VSVM_HW_HOLD_PARK] = { "engine-park" },
	[VSVM_HW_HOLD_REPLAY] = { "engine-replay" },
	[VSVM_HW_HOLD_TLB] = { "tlb-invalidate", .spins = true },
	[VSVM_HOLD_FAULT_BATCH] = { "fault-batch" },
	[VSVM_HOLD_FAULT_VMA] = { "fault-vma" },
	[VSVM_HOLD_FAULT_PAGES] = { "fault-pages" },
	[VSVM_HOLD_FAULT_MAPPED] = { "fault-mapped" },
	[VSVM_HOLD_FAULT_ERROR] = { "fault-error" },
	[VSVM_HOLD_FAULT_UNMAPPED] = { "fault-unmapped" },
	[VSVM_HOLD_FAULT_COVER] = { "fault-cover" },
	[VSVM_HOLD_FAULT_COVERED] = { "fault-covered" },
	[VSVM_HOLD_FAULT_WAIT] = { "fault-wait" },
	[VSVM_HOLD_INTERVAL_LIVE] = { "interval-live" },
	[VSVM_HOLD_INTERVAL_SWAPPED] = { "interval-swapped" },
	[VSVM_HOLD_INVALIDATE] = { "invalidate" },
	[VSVM_HOLD_INVALIDATED] = { "invalidated" },
	[VSVM_HOLD_UPDATE] = { "update" },
	[VSVM_HOLD_UPDATE_VMAS] = { "update-vmas" },
	[VSVM_HOLD_UPDATE_RETRY] = { "update-retry" },
	[VSVM_HOLD_MIGRATE_PAGES] = { "migrate-pages" },
	[VSVM_HOLD_MIGRATE_DONE] = { "migrate-done" },
	[VSVM_HOLD_CPU_FAULT] = { "cpu-fault" },
	[VSVM_HOLD_EVICT_PAGES] = { "evict-pages" },
	[VSVM_HOLD_EXCLUSIVE_PAGE] = { "exclusive-page" },
	[VSVM_HOLD_DUP_PAGES] = { "duplicate-pages" },
	[VSVM_HOLD_BO_PLACED] = { "bo-placed" },
	[VSVM_HOLD_BO_ZAPPED] = { "bo-zapped" },
	[VSVM_HOLD_BO_UNBIND] = { "bo-unbind" },
	[VSVM_HOLD_COUNTER] = { "counter-serve" },
	[VSVM_HOLD_QUEUE_STOP] = { "queue-stop" },
	[VSVM_HOLD_VM_RELEASE] = { "vm-release" },
};

/**
 * struct hold_file - an open "hold"
 */
struct hold_file {
	/** @vdev: device, with a reference */
	struct vsvm_device *vdev;
	/** @opener: the process that opened it, with a reference */
	struct task_struct *opener;
};

/**
 * struct hold - an armed point
 */
struct hold {
	/** @link: in holds */
	struct list_head link;
	/** @file: who armed it */
	struct hold_file *file;
	/** @as: the VM's; NULL when VM, queue or device have gone */
	const struct vsvm_hw_as *as;
	/** @asid: number of the VM */
	u32 asid;
	/** @point: &enum vsvm_hold_point or &enum vsvm_hw_hold */
	unsigned int point;
	/** @start: first byte of the range that is held */
	u64 start;
	/** @end: one past its last byte */
	u64 end;
	/** @skip: how many are still to pass before one is held */
	u64 skip;
	/** @passed: how many have come so far */
	u64 passed;
	/** @limit: longest time that one is held, in ms */
	unsigned int limit;
	/** @expired: one was held for longer */
	bool expired;
	/** @parties: those held */
	struct list_head parties;
};

/**
 * struct party - somebody who is held; on his stack
 */
struct party {
	/** @link: in &hold.parties, until let go */
	struct list_head link;
	/** @hold: what holds him, as long as he is held */
	struct hold *hold;
	/** @task: himself */
	struct task_struct *task;
	/** @start: first byte of what he is about */
	u64 start;
	/** @end: one past its last byte */
	u64 end;
	/** @go: set when he is let go; then he is off the list, and nobody looks at him any more */
	bool go;
};

static DEFINE_SPINLOCK(hold_lock);
static LIST_HEAD(holds);
/* &struct vsvm_hold_pass: whose engines are waited for */
static LIST_HEAD(passes);
static DECLARE_WAIT_QUEUE_HEAD(arrived_wq);
static DECLARE_WAIT_QUEUE_HEAD(go_wq);

static bool may_go(const struct party *party)
{
	/* Acquire: pairs with let_go(); the stack is ours again. */
	return smp_load_acquire(&party->go);
}

static void let_go(struct hold *hold)
{
	struct party *party, *next;

	lockdep_assert_held(&hold_lock);

	list_for_each_entry_safe(party, next, &hold->parties, link) {
		list_del(&party->link);
		/* Release: the last that we do to him. */
		smp_store_release(&party->go, true);
	}
	wake_up_all(&go_wq);
}

/* Nobody comes to this one any more; its file still finds it, to be told so. */
static void cut_off(struct hold *hold)
{
	hold->as = NULL;
	let_go(hold);
	wake_up_all(&arrived_wq);
}

/* The opener was killed, or exits, and may be waiting for whoever is held. */
static bool is_orphan(const struct hold *hold)
{
	return READ_ONCE(hold->file->opener->signal->flags) & SIGNAL_GROUP_EXIT;
}

static bool is_abandoned(const struct party *party)
{
	unsigned long flags;
	bool abandoned;

	spin_lock_irqsave(&hold_lock, flags);
	abandoned = !party->go && is_orphan(party->hold);
	spin_unlock_irqrestore(&hold_lock, flags);
	return abandoned;
}

static void wait_asleep(const struct party *party, unsigned int limit)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(limit);

	while (!may_go(party) && time_before(jiffies, deadline) && !is_abandoned(party))
		if (wait_event_killable_timeout(go_wq, may_go(party), POLL_JIFFIES) < 0)
			return;
}

static void wait_spinning(const struct party *party, unsigned int limit)
{
	unsigned int ms;
	u64 deadline;

	for (ms = 0; ms < limit && !may_go(party) && !is_abandoned(party); ms++) {
		deadline = ktime_get_ns() + NSEC_PER_MSEC;
		while (!may_go(party) && ktime_get_ns() < deadline)
			cpu_relax();
	}
}

/* Is somebody waiting for the engines of an address space? */
static bool must_pass(const struct vsvm_hw_as *as, unsigned int point)
{
	const struct vsvm_hold_pass *pass;

	if (point < VSVM_HW_NUM_HOLDS)
		list_for_each_entry(pass, &passes, link)
			if (pass->as == as)
				return true;
	return false;
}

/* Is there a hold for whoever passes? Counts him. */
static struct hold *catch(const struct vsvm_hw_as *as, unsigned int point, u64 start, u64 end)
{
	struct hold *hold;

	lockdep_assert_held(&hold_lock);

	list_for_each_entry(hold, &holds, link) {
		if (hold->as != as || hold->point != point)
			continue;
		if (end <= hold->start || start >= hold->end)
			continue;
		hold->passed++;
		if (is_orphan(hold) || must_pass(as, point))
			continue;
		if (hold->skip) {
			hold->skip--;
			continue;
		}
		return hold;
	}
	return NULL;
}

/**
 * __vsvm_hold() - the rest of vsvm_hold(), where the module allows holding
 * @as: address space of the VM
 * @point: &enum vsvm_hold_point or &enum vsvm_hw_hold
 * @start: first byte that this is about
 * @end: one past the last byte
 */
void __vsvm_hold(const struct vsvm_hw_as *as, unsigned int point, u64 start, u64 end)
{
	struct party party = { .task = current, .start = start, .end = end };
	bool spins = points[point].spins;
	unsigned long flags;
	unsigned int limit;

	/* An exit waits for nobody: it may be that of who would have to let go. */
	if (!spins && (current->flags & PF_EXITING))
		return;

	spin_lock_irqsave(&hold_lock, flags);
	party.hold = catch(as, point, start, end);
	if (!party.hold) {
		spin_unlock_irqrestore(&hold_lock, flags);
		return;
	}
	limit = party.hold->limit;
	list_add_tail(&party.link, &party.hold->parties);
	wake_up_all(&arrived_wq);
	spin_unlock_irqrestore(&hold_lock, flags);

	if (spins)
		wait_spinning(&party, limit);
	else
		wait_asleep(&party, limit);

	if (may_go(&party))
		return;
	spin_lock_irqsave(&hold_lock, flags);
	if (!party.go) {
		list_del(&party.link);
		party.hold->expired = true;
	}
	spin_unlock_irqrestore(&hold_lock, flags);
}

/**
 * vsvm_hw_held() - hold points of the hardware
 * @as: address space
 * @point: where
 * @start: first byte that this is about
 * @end: one past the last byte
 *
 * For &vsvm_hw_config.hold.
 */
void vsvm_hw_held(struct vsvm_hw_as *as, enum vsvm_hw_hold point, u64 start, u64 end)
{
	__vsvm_hold(as, point, start, end);
}

static void disarm(const struct vsvm_hw_as *as, unsigned int num_points)
{
	unsigned long flags;
	struct hold *hold;

	spin_lock_irqsave(&hold_lock, flags);
	list_for_each_entry(hold, &holds, link)
		if (hold->as == as && hold->point < num_points)
			cut_off(hold);
	spin_unlock_irqrestore(&hold_lock, flags);
}

/**
 * vsvm_hold_pass_begin() - let go whatever is held in the hardware, and hold nobody there
 * @pass: for vsvm_hold_pass_end()
 * @as: address space of a VM one of whose queues is to go
 *
 * To forget what is armed is not enough: who waits for the engine cannot be killed, and somebody
 * else may arm the same point again before the engine has come to the end of its slice.
 */
void vsvm_hold_pass_begin(struct vsvm_hold_pass *pass, const struct vsvm_hw_as *as)
{
	pass->as = as;
	if (!vsvm_hold_allowed())
		return;
	spin_lock_irq(&hold_lock);
	list_add(&pass->link, &passes);
	spin_unlock_irq(&hold_lock);
	disarm(as, VSVM_HW_NUM_HOLDS);
}

/**
 * vsvm_hold_pass_end() - the queue is gone: what is armed holds again
 * @pass: from vsvm_hold_pass_begin()
 */
void vsvm_hold_pass_end(struct vsvm_hold_pass *pass)
{
	if (!vsvm_hold_allowed())
		return;
	spin_lock_irq(&hold_lock);
	list_del(&pass->link);
	spin_unlock_irq(&hold_lock);
}

/**
 * vsvm_hold_close_vm() - let go whatever is held, but for the release itself
 * @as: address space of a VM that the program gives up
 *
 * What is held has a reference of the VM, which would never be released.
 */
void vsvm_hold_close_vm(const struct vsvm_hw_as *as)
{
	if (vsvm_hold_allowed())
		disarm(as, VSVM_HOLD_VM_RELEASE);
}

/**
 * vsvm_hold_disarm_vm() - let go whatever is held
 * @as: address space of a VM that is to go
 */
void vsvm_hold_disarm_vm(const struct vsvm_hw_as *as)
{
	if (vsvm_hold_allowed())
		disarm(as, VSVM_NUM_HOLDS);
}

/**
 * vsvm_hold_unplug() - let go whatever is held, for ever
 * @vdev: device that is to go
 *
 * On return nobody waits in our file, for whose readers and writers debugfs will wait.
 */
void vsvm_hold_unplug(struct vsvm_device *vdev)
{
	unsigned long flags;
	struct hold *hold;

	if (!vsvm_hold_allowed())
		return;
	spin_lock_irqsave(&hold_lock, flags);
	vdev->hold_unplugged = true;
	list_for_each_entry(hold, &holds, link)
		if (hold->file->vdev == vdev)
			cut_off(hold);
	spin_unlock_irqrestore(&hold_lock, flags);
}

/* Commands */

/**
 * struct command - a line that was written
 */
struct command {
	/** @asid: VM */
	u32 asid;
	/** @point: index in points */
	unsigned int point;
	/** @rest: what follows */
	char *rest;
};

/* The hold of a file that a command names. */
static struct hold *find(const struct hold_file *file, const struct command *cmd)
{
	struct hold *hold;

	lockdep_assert_held(&hold_lock);

	list_for_each_entry(hold, &holds, link)
		if (hold->file == file && hold->asid == cmd->asid && hold->point == cmd->point)
			return hold;
	return NULL;
}

static int parse_options(struct hold *hold, char *options, unsigned int max_limit)
{
	char *option, *value;
	u64 number;
	int ret;

	while ((option = strsep(&options, " "))) {
		if (!*option)
			continue;
		value = strchr(option, '=');
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		ret = kstrtou64(value, 0, &number);
		if (ret)
			return ret;
		if (!strcmp(option, "start"))
			hold->start = number;
		else if (!strcmp(option, "end"))
			hold->end = number;
		else if (!strcmp(option, "skip"))
			hold->skip = number;
		else if (!strcmp(option, "limit") && number && number <= max_limit)
			hold->limit = number;
		else
			return -EINVAL;
	}
	return hold->start < hold->end ? 0 : -EINVAL;
}

static struct vsvm_vm *get_vm(struct vsvm_device *vdev, u32 asid)
{
	struct vsvm_vm *vm;

	xa_lock(&vdev->vms);
	vm = xa_load(&vdev->vms, asid);
	if (vm && !kref_get_unless_zero(&vm->ref))
		vm = NULL;
	xa_unlock(&vdev->vms);
	return vm;
}

static bool is_armed(const struct hold *hold)
{
	const struct hold *other;

	list_for_each_entry(other, &holds, link)
		if (other->as == hold->as && other->point == hold->point && !is_orphan(other))
			return true;
	return false;
}

static int cmd_arm(struct hold_file *file, const struct command *cmd)
{
	bool spins = points[cmd->point].spins;
	struct vsvm_vm *vm;
	struct hold *hold;
	int ret;

	hold = kzalloc_obj(*hold, GFP_KERNEL_ACCOUNT);
	if (!hold)
		return -ENOMEM;
	hold->file = file;
	hold->asid = cmd->asid;
	hold->point = cmd->point;
	hold->end = U64_MAX;
	hold->limit = spins ? SPIN_DEFAULT : SLEEP_LIMIT;
	INIT_LIST_HEAD(&hold->parties);
	ret = parse_options(hold, cmd->rest, spins ? SPIN_LIMIT : SLEEP_LIMIT);
	if (ret)
		goto free_hold;

	vm = get_vm(file->vdev, cmd->asid);
	if (!vm) {
		ret = -ENOENT;
		goto free_hold;
	}
	hold->as = vm->pt.as;
	spin_lock_irq(&hold_lock);
	if (file->vdev->hold_unplugged)
		ret = -ENODEV;
	else if (is_armed(hold) || find(file, cmd))
		ret = -EBUSY;
	else
		list_add_tail(&hold->link, &holds);
	spin_unlock_irq(&hold_lock);
	/* The VM goes when it is to go; that disarms the hold. */
	vsvm_vm_put(vm);
	if (!ret)
		return 0;
free_hold:
	kfree(hold);
	return ret;
}

/* -EAGAIN: go on waiting. */
static int check_held(struct hold_file *file, const struct command *cmd)
{
	struct hold *hold;
	int ret = -EAGAIN;

	spin_lock_irq(&hold_lock);
	hold = find(file, cmd);
	if (!hold)
		ret = -ENOENT;
	else if (!list_empty(&hold->parties))
		ret = 0;
	else if (hold->expired)
		ret = -ESTALE;
	else if (!hold->as)
		ret = -ENODEV;
	spin_unlock_irq(&hold_lock);
	return ret;
}

static int cmd_wait(struct hold_file *file, const struct command *cmd)
{
	unsigned int ms;
	long left;
	int ret;

	ret = kstrtouint(cmd->rest ?: "", 0, &ms);
	if (ret)
		return ret;
	left = wait_event_interruptible_timeout(arrived_wq,
						(ret = check_held(file, cmd)) != -EAGAIN,
						msecs_to_jiffies(ms));
	if (left < 0)
		return left;
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

static int cmd_release(struct hold_file *file, const struct command *cmd)
{
	struct hold *hold;

	if (cmd->rest)
		return -EINVAL;
	spin_lock_irq(&hold_lock);
	hold = find(file, cmd);
	if (hold)
		let_go(hold);
	spin_unlock_irq(&hold_lock);
	return hold ? 0 : -ENOENT;
}

static int cmd_disarm(struct hold_file *file, const struct command *cmd)
{
	struct hold *hold;

	if (cmd->rest)
		return -EINVAL;
	spin_lock_irq(&hold_lock);
	hold = find(file, cmd);
	if (hold) {
		let_go(hold);
		list_del(&hold->link);
		/* Another thread may be waiting for somebody to be held. */
		wake_up_all(&arrived_wq);
	}
	spin_unlock_irq(&hold_lock);
	kfree(hold);
	return hold ? 0 : -ENOENT;
}

static const struct {
	const char *name;
	int (*run)(struct hold_file *file, const struct command *cmd);
} commands[] = {
	{ "arm", cmd_arm },
	{ "wait", cmd_wait },
	{ "release", cmd_release },
	{ "disarm", cmd_disarm },
};

static int run_command(struct hold_file *file, char *line)
{
	struct command cmd = { .point = VSVM_NUM_HOLDS };
	char *name, *asid, *point;
	unsigned int i;
	int ret;

	line = strim(line);
	name = strsep(&line, " ");
	asid = strsep(&line, " ");
	point = strsep(&line, " ");
	cmd.rest = line;
	if (!point)
		return -EINVAL;
	ret = kstrtou32(asid, 0, &cmd.asid);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (!strcmp(point, points[i].name))
			cmd.point = i;
	if (cmd.point == VSVM_NUM_HOLDS)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(file, &cmd);
	return -EINVAL;
}

/* The file */

static ssize_t hold_write(struct file *filp, const char __user *data, size_t size, loff_t *pos)
{
	struct seq_file *m = filp->private_data;
	char *line;
	int ret;

	if (size >= MAX_COMMAND)
		return -EINVAL;
	line = memdup_user_nul(data, size);
	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = run_command(m->private, line);
	kfree(line);
	return ret ? ret : size;
}

static int hold_show(struct seq_file *m, void *unused)
{
	struct hold_file *file = m->private;
	struct party *party;
	struct hold *hold;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		seq_printf(m, "point %s%s\n", points[i].name, points[i].spins ? " spins" : "");

	spin_lock_irq(&hold_lock);
	list_for_each_entry(hold, &holds, link) {
		if (hold->file->vdev != file->vdev)
			continue;
		seq_printf(m, "vm %u %s passed %llu skip %llu held %zu%s%s\n", hold->asid,
			   points[hold->point].name, hold->passed, hold->skip,
			   list_count_nodes(&hold->parties), hold->expired ? " expired" : "",
			   hold->as ? "" : " gone");
		list_for_each_entry(party, &hold->parties, link)
			seq_printf(m, "  %s[%d] %#llx-%#llx\n", party->task->comm,
				   task_pid_nr(party->task), party->start, party->end);
	}
	spin_unlock_irq(&hold_lock);
	return 0;
}

static int hold_open(struct inode *inode, struct file *filp)
{
	struct vsvm_device *vdev = inode->i_private;
	struct hold_file *file;
	int ret;

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	ret = single_open(filp, hold_show, file);
	if (ret) {
		kfree(file);
		return ret;
	}
	/* Who waits in a write must not lock others out of theirs: one may end his wait. */
	filp->f_mode &= ~FMODE_ATOMIC_POS;
	file->vdev = vdev;
	drm_dev_get(&vdev->drm);
	file->opener = get_task_struct(current->group_leader);
	return 0;
}

static int hold_release(struct inode *inode, struct file *filp)
{
	struct hold_file *file = ((struct seq_file *)filp->private_data)->private;
	struct hold *hold, *next;
	LIST_HEAD(gone);

	spin_lock_irq(&hold_lock);
	list_for_each_entry_safe(hold, next, &holds, link) {
		if (hold->file != file)
			continue;
		let_go(hold);
		list_move(&hold->link, &gone);
	}
	spin_unlock_irq(&hold_lock);
	list_for_each_entry_safe(hold, next, &gone, link)
		kfree(hold);

	put_task_struct(file->opener);
	drm_dev_put(&file->vdev->drm);
	kfree(file);
	return single_release(inode, filp);
}

static const struct file_operations hold_fops = {
	.owner = THIS_MODULE,
	.open = hold_open,
	.read = seq_read,
	.write = hold_write,
	.llseek = seq_lseek,
	.release = hold_release,
};

/**
 * vsvm_hold_debugfs_init() - make the file, if the module allows holding
 * @vdev: device
 */
void vsvm_hold_debugfs_init(struct vsvm_device *vdev)
{
	if (vsvm_hold_allowed())
		debugfs_create_file("hold", 0600, vdev->drm.debugfs_root, vdev, &hold_fops);
}

/**
 * vsvm_hold_module_init() - allow holding
 */
void vsvm_hold_module_init(void)
{
	static_branch_enable(&vsvm_hold_key);
}

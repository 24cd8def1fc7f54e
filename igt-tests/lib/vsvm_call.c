// SPDX-License-Identifier: MIT
/*
 * Calls in threads; vsvm_call.h says what each helper does.
 */
#include "vsvm_call.h"

static void *call_thread(void *data)
{
	struct call *c = data;

	while (__atomic_load_n(&c->waits, __ATOMIC_SEQ_CST))
		usleep(1000);
	__atomic_store_n(&c->begun, true, __ATOMIC_SEQ_CST);
	c->ret = c->fn(c);
	__atomic_store_n(&c->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

void call_start(struct call *c)
{
	igt_assert_eq(pthread_create(&c->thread, NULL, call_thread, c), 0);
}

bool call_is_done(struct call *c)
{
	return __atomic_load_n(&c->done, __ATOMIC_SEQ_CST);
}

void call_finish(struct call *c)
{
	igt_assert_eq(pthread_join(c->thread, NULL), 0);
	igt_assert_f(c->ret >= 0, "call: %s\n", strerror(-c->ret));
}

void told_start(struct call *c)
{
	c->waits = true;
	call_start(c);
}

void told_go(struct call *c)
{
	int64_t deadline = vsvm_deadline(VSVM_WAIT_NS);

	__atomic_store_n(&c->waits, false, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&c->begun, __ATOMIC_SEQ_CST)) {
		igt_assert_f(vsvm_now() < deadline, "the thread does not go on\n");
		usleep(1000);
	}
}

// SPDX-License-Identifier: MIT
/*
 * opencl-endless: a kernel that never ends is an error of its queue, after the time that is set,
 * and of nothing else; where no time is set, the process can be killed.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cl.h"

static const char source[] =
	"kernel void endless(volatile global int *stop, global int *p)\n"
	"{\n"
	"	while (!*stop)\n"
	"		p[get_global_id(0)]++;\n"
	"}\n"
	"\n"
	"kernel void store(global int *p, int value)\n"
	"{\n"
	"	p[get_global_id(0)] = value;\n"
	"}\n";

#define N 64

static int *stop, *p, *q, running[2];

static cl_event begin(struct cl *cl, size_t global)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "endless");
	cl_event event;

	cl_arg_ptr(kernel, 0, stop);
	cl_arg_ptr(kernel, 1, p);
	CL(clEnqueueNDRangeKernel(cl->queue, kernel, 1, NULL, &global, NULL, 0, NULL, &event));
	CL(clFlush(cl->queue));
	CL(clReleaseKernel(kernel));
	return event;
}

static cl_int status(cl_event event)
{
	cl_int status;

	CL(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
	return status;
}

static void store(struct cl *cl, int value)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "store");

	cl_arg_ptr(kernel, 0, q);
	cl_arg(kernel, 1, value);
	cl_run(cl, kernel, N, 0);
	for (int i = 0; i < N; i++)
		CHECK(q[i] == value);
	CL(clReleaseKernel(kernel));
}

/* In a process of its own, as Mesa reads its environment once */
static pid_t child(const char *timeout, void (*func)(void))
{
	const pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		setenv("VSVM_TIMEOUT_MS", timeout, 1);
		func();
		exit(0);
	}
	return pid;
}

static void limited(void)
{
	cl_event event, behind;
	struct cl cl, other;
	cl_kernel kernel;
	const size_t n = N;
	int value = 7;
	cl_int ret;

	cl_open(&cl);
	cl_open(&other);
	event = begin(&cl, 4 * N);
	kernel = cl_kernel_of(&cl, source, "store");
	cl_arg_ptr(kernel, 0, p);
	cl_arg(kernel, 1, value);
	CL(clEnqueueNDRangeKernel(cl.queue, kernel, 1, NULL, &n, NULL, 0, NULL, &behind));
	CL(clReleaseKernel(kernel));
	CHECK(clWaitForEvents(1, &event) == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
	CHECK(status(event) == CL_OUT_OF_RESOURCES);
	CHECK(clWaitForEvents(1, &behind) == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
	CHECK(p[0] > 0 && p[0] != value);
	store(&other, 2);

	/* Another queue of the context, and another context */
	clReleaseCommandQueue(cl.queue);
	cl.queue = clCreateCommandQueueWithProperties(cl.context, cl.device, NULL, &ret);
	CL(ret);
	store(&cl, 3);
	CL(clReleaseEvent(event));
	CL(clReleaseEvent(behind));
	cl_close(&cl);
	cl_open(&cl);
	store(&cl, 4);
	cl_close(&cl);
	cl_close(&other);
}

static void unlimited(void)
{
	struct cl cl, same, other;
	cl_event event;
	cl_int ret;

	cl_open(&cl);
	cl_open(&other);
	same = cl;
	same.queue = clCreateCommandQueueWithProperties(cl.context, cl.device, NULL, &ret);
	CL(ret);
	event = begin(&cl, N);
	/* The kernel runs, and work of other queues goes on beside it. */
	while (!__atomic_load_n(p, __ATOMIC_ACQUIRE))
		usleep(1000);
	store(&same, 1);
	store(&other, 2);
	CHECK(status(event) > 0);
	CHECK(write(running[1], "r", 1) == 1);
	pause();
}

static void plain(void)
{
	struct cl cl;

	cl_open(&cl);
	store(&cl, 5);
	cl_close(&cl);
}

int main(void)
{
	int state;
	pid_t pid;
	char c;

	stop = calloc(1, sizeof(*stop));
	p = calloc(4 * N, sizeof(*p));
	q = calloc(N, sizeof(*q));
	CHECK(stop && p && q);

	pid = child("1500", limited);
	CHECK(waitpid(pid, &state, 0) == pid);
	if (!WIFEXITED(state) || WEXITSTATUS(state))
		FAIL("with a limit: status 0x%x", state);

	CHECK(!pipe(running));
	pid = child("0", unlimited);
	close(running[1]);
	CHECK(read(running[0], &c, 1) == 1);
	CHECK(waitpid(pid, &state, WNOHANG) == 0);
	CHECK(!kill(pid, SIGKILL));
	CHECK(waitpid(pid, &state, 0) == pid);
	CHECK(WIFSIGNALED(state) && WTERMSIG(state) == SIGKILL);

	/* And the GPU is as it was. */
	pid = child("0", plain);
	CHECK(waitpid(pid, &state, 0) == pid);
	CHECK(WIFEXITED(state) && !WEXITSTATUS(state));
	return cl_ok();
}

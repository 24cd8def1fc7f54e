// SPDX-License-Identifier: MIT
/*
 * opencl-lang: what OpenCL C has beyond C: the index space, address spaces and pointers of any,
 * vectors in memory, geometry, copies of a workgroup, subgroups, half, atomics in local memory,
 * printf.
 */
#include <math.h>
#include <unistd.h>

#include "cl.h"

static const char source[] =
	"#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n"
	"#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n"
	"#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable\n"
	"\n"
	"double4 number(double4 x) { return isnan(x) ? (double4)0 : x; }\n"
	"double4 finite(double4 x) { return isfinite(x) ? x : (double4)1; }\n"
	"\n"
	"kernel void constants(global double *out, global const double *in)\n"
	"{\n"
	"	double4 y = vload4(0, in), x = number(y);\n"
	"\n"
	"	x = number(ldexp(number(step(x, x)), (int4)(-10)));\n"
	"	vstore4(remainder(finite(number(x)), y), 0, out);\n"
	"}\n"
	"\n"
	"kernel void space(global uint *out, uint4 shape)\n"
	"{\n"
	"	size_t x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);\n"
	"	uint i = ((z - get_global_offset(2)) * shape.y + y - get_global_offset(1)) *\n"
	"		 shape.x + x - get_global_offset(0);\n"
	"	uint ok = x == get_group_id(0) * get_enqueued_local_size(0) + get_local_id(0) +\n"
	"		       get_global_offset(0);\n"
	"	ok &= y == get_group_id(1) * get_enqueued_local_size(1) + get_local_id(1) +\n"
	"		   get_global_offset(1);\n"
	"	ok &= get_global_size(0) == shape.x && get_global_size(2) == shape.z;\n"
	"	ok &= get_local_id(0) < get_local_size(0);\n"
	"	ok &= get_work_dim() == shape.w;\n"
	"	ok &= i == get_global_linear_id();\n"
	"	ok &= get_local_linear_id() == (get_local_id(2) * get_local_size(1) +\n"
	"		get_local_id(1)) * get_local_size(0) + get_local_id(0);\n"
	"	out[i] += ok ? i + 1 : 0;\n"
	"}\n"
	"\n"
	"kernel __attribute__((reqd_work_group_size(16, 2, 1)))\n"
	"void fixed(global uint *out)\n"
	"{\n"
	"	if (get_local_size(0) == 16 && get_local_size(1) == 2)\n"
	"		atomic_inc(out);\n"
	"}\n"
	"\n"
	"constant int table[16] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };\n"
	"\n"
	"kernel void spaces(global int *g, constant int *c, local int *l)\n"
	"{\n"
	"	int i = get_local_id(0), mine[4] = { i, i + 1, i + 2, i + 3 };\n"
	"	local int here, *part = get_local_id(0) & 32 ? l + 32 : l;\n"
	"	if (i == 5)\n"
	"		here = 500;\n"
	"	part[i & 31] = 10 * i;\n"
	"	mine[i & 3] += 7;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	g[i] += 7 + c[i & 3] + table[i & 15] + here;\n"
	"	constant int *t = i & 1 ? c : table;\n"
	"	g[get_local_size(0) + i] = l[63 - i] + mine[(i + 1) & 3] + mine[i & 3] +\n"
	"		t[i & 3];\n"
	"}\n"
	"\n"
	"#ifdef __opencl_c_generic_address_space\n"
	"struct list { long value; struct list *next; };\n"
	"\n"
	"int twice(int *p) { return *p * 2; }\n"
	"\n"
	"int kind(void *p)\n"
	"{\n"
	"	return (to_global(p) != 0) + 2 * (to_local(p) != 0) + 4 * (to_private(p) != 0);\n"
	"}\n"
	"\n"
	/* Pointers of no address space: what a C program has in its structures. */
	"kernel void anywhere(global int *g, local int *l, global struct list *list,\n"
	"		     global long *sums)\n"
	"{\n"
	"	int i = get_local_id(0), mine[4] = { i, i + 1, i + 2, i + 3 }, *any;\n"
	"	local int here[64];\n"
	"	here[i] = 500 + i;\n"
	"	l[i] = 10 * i;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	switch (i % 4) {\n"
	"	case 0: any = g + i; break;\n"
	"	case 1: any = l + i; break;\n"
	"	case 2: any = here + i; break;\n"
	"	default: any = &mine[i & 3]; break;\n"
	"	}\n"
	"	int v = twice(any) + 100000 * kind(any);\n"
	"	*any += 7;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);\n"
	"	g[64 + i] = v + l[i] + here[i] + mine[i & 3] + (any != 0);\n"
	"	long sum = 0;\n"
	"	for (struct list *at = list; at; at = at->next)\n"
	"		sum += at->value;\n"
	"	sums[i] = sum;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);\n"
	"	int *word = i & 1 ? (int *)l : (int *)g;\n"
	"	atomic_fetch_add_explicit((volatile atomic_int *)word, 1, memory_order_relaxed,\n"
	"				  memory_scope_device);\n"
	"	barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);\n"
	"	g[128 + i] = l[0] + 1000 * g[0];\n"
	"}\n"
	"#endif\n"
	"\n"
	"kernel void vectors(global const float *in, global float *out, global half *h)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	float3 a = vload3(i, in);\n"
	"	float4 b = (float4)(a.zyx, a.x + a.y);\n"
	"	vstore3(b.wzy, i, out);\n"
	"	vstore_half2(a.xy, i, h);\n"
	"	out[3 * get_global_size(0) + i] = vload_half(2 * i, h) + dot(a, a.yzx);\n"
	"	int4 mask = b > a.y;\n"
	"	out[4 * get_global_size(0) + i] = any(mask) + 2 * all(mask) + select(0.0f, 4.0f,\n"
	"		isgreater(a.x, a.y));\n"
	"}\n"
	"\n"
	"kernel void geometry(global const float4 *in, global float *out)\n"
	"{\n"
	"	float4 a = in[2 * get_global_id(0)], b = in[2 * get_global_id(0) + 1];\n"
	"	global float *o = out + 16 * get_global_id(0);\n"
	"	o[0] = dot(a, b);\n"
	"	o[1] = dot(a.xyz, b.xyz);\n"
	"	o[2] = dot(a.xy, b.xy);\n"
	"	o[3] = length(a);\n"
	"	o[4] = length(a.xyz);\n"
	"	o[5] = distance(a, b);\n"
	"	o[6] = distance(a.xy, b.xy);\n"
	"	vstore4(normalize(a), 2, o);\n"
	"	vstore3(cross(a.xyz, b.xyz), 0, o + 12);\n"
	"	o[15] = fast_length(b.xyz);\n"
	"	o[7] = mix(a.x, b.x, 0.25f) + smoothstep(-100.0f, 100.0f, a.y) +\n"
	"	       clamp(b.z, -1.0f, 1.0f) + sign(a.w) + degrees(a.z);\n"
	"}\n"
	"\n"
	"kernel void halves(global const half *a, global const half *b, global half *out)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	out[4 * i] = a[i] + b[i];\n"
	"	out[4 * i + 1] = a[i] * b[i];\n"
	"	out[4 * i + 2] = fma(a[i], b[i], a[i]);\n"
	"	out[4 * i + 3] = a[i] < b[i] ? (half)1 : (half)(int)b[i];\n"
	"}\n"
	"\n"
	"kernel void async(global const int *in, global int *out, local int *l)\n"
	"{\n"
	"	int n = get_local_size(0), group = get_group_id(0);\n"
	"	event_t e = async_work_group_copy(l, in + 2 * n * group, 2 * n, 0);\n"
	"	wait_group_events(1, &e);\n"
	"	int v = l[2 * get_local_id(0)] - l[2 * get_local_id(0) + 1];\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	l[get_local_id(0)] = v;\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	e = async_work_group_copy(out + n * group, l, n, 0);\n"
	"	wait_group_events(1, &e);\n"
	"}\n"
	"\n"
	"kernel void locals(global long *out, global const int *in)\n"
	"{\n"
	"	local long sum, most, swapped;\n"
	"	local int bits, flags;\n"
	"	if (!get_local_id(0)) {\n"
	"		sum = most = swapped = 0;\n"
	"		bits = flags = 0;\n"
	"	}\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	long v = in[get_global_id(0)];\n"
	"	atom_add(&sum, v << 20);\n"
	"	atom_max(&most, v << 33);\n"
	"	atomic_or(&bits, 1 << (v & 31));\n"
	"	long old = swapped, seen;\n"
	"	while ((seen = atom_cmpxchg(&swapped, old, old + v)) != old)\n"
	"		old = seen;\n"
	"	atomic_inc(&flags);\n"
	"	barrier(CLK_LOCAL_MEM_FENCE);\n"
	"	if (!get_local_id(0)) {\n"
	"		global long *o = out + 5 * get_group_id(0);\n"
	"		o[0] = sum, o[1] = most, o[2] = bits, o[3] = swapped, o[4] = flags;\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void lanes(global const long *in, global long *out)\n"
	"{\n"
	"	int i = get_global_id(0);\n"
	"	global long *o = out + 8 * i;\n"
	"	long v = in[i];\n"
	"	o[0] = sub_group_scan_inclusive_add(v);\n"
	"	o[1] = sub_group_scan_exclusive_max(v);\n"
	"	o[2] = sub_group_reduce_min(v);\n"
	"	o[3] = sub_group_reduce_add((double)v);\n"
	"	o[4] = get_sub_group_local_id() + 100 * get_sub_group_id() +\n"
	"	       10000 * get_max_sub_group_size() + 10000000 * get_num_sub_groups();\n"
	"	o[5] = sub_group_shuffle(v, (get_sub_group_local_id() * 5 + 1) % 16);\n"
	"	o[6] = sub_group_shuffle_xor(v, 1);\n"
	"	sub_group_barrier(CLK_GLOBAL_MEM_FENCE);\n"
	"	o[7] = v & 1 ? sub_group_reduce_add(1) : -sub_group_reduce_add(1);\n"
	"}\n"
	"\n"
	"kernel void sizes(global int4 *out)\n"
	"{\n"
	"	out[get_global_linear_id()] = (int4)(get_sub_group_size(), get_max_sub_group_size(),\n"
	"					     get_num_sub_groups(), get_sub_group_id());\n"
	"}\n"
	"\n"
	"kernel void barriers(global int *p, int rounds)\n"
	"{\n"
	"	int l = get_local_id(0), n = get_local_size(0);\n"
	"	global int *mine = p + 2 * n * get_group_id(0);\n"
	"	for (int r = 0; r < rounds; r++) {\n"
	"		mine[(r + 1) % 2 * n + l] = mine[r % 2 * n + (l + 1) % n] + 1;\n"
	"		barrier(CLK_GLOBAL_MEM_FENCE);\n"
	"	}\n"
	"}\n"
	"\n"
	"kernel void choices(global float *f, global int *i, global const short *s,\n"
	"		     global const char *c, global int *count)\n"
	"{\n"
	"	int g = get_global_id(0), y;\n"
	"	float x;\n"
	"	if (g & 1) { atomic_inc(count); x = 1; } else { x = s[g]; }\n"
	"	if (g & 2) { atomic_inc(count); y = 200; } else { y = c[g]; }\n"
	"	f[g] = x;\n"
	"	i[g] = y;\n"
	"}\n"
	"\n"
	"struct pair { float x, y; };\n"
	"struct three { float x; struct pair p; };\n"
	"kernel void copies(global float *o)\n"
	"{\n"
	"	global struct pair *d = (global struct pair *)o;\n"
	"	global struct three *e = (global struct three *)(o + 10);\n"
	"	struct pair r;\n"
	"	struct three t;\n"
	"	r.x = 1; r.y = 2; d[0] = r;\n"
	"	r.x = 3; r.y = 4; d[1] = r;\n"
	"	r.x = 5; d[2] = r;\n"
	"	r = d[0]; d[3] = r;\n"
	"	r.x = 0; r.y = d[1].x; d[4] = r;\n"
	"	t.x = 9; t.p.x = 8; t.p.y = 7; e[0] = t;\n"
	"	t.p.x = 11; t.p.y = 8; *(global struct pair *)(o + 13) = t.p;\n"
	"	t.p.x = 0;\n"
	"}\n"
	"\n"
	"kernel void say(int i, long l, float f, float4 v, double d)\n"
	"{\n"
	"	printf(\"%d %5d|%-5d|%x %ld %lx\\n\", i, i, i, i, l, l);\n"
	"	printf(\"%f %.2f %e %g %.3f\\n\", f, f, f, f, d);\n"
	"	printf(\"%v4hlf %v2hd %v3hld %v4hhx\\n\", v, (short2)(1, 2), (int3)(7, 8, 9),\n"
	"	       (uchar4)(1, 2, 3, 254));\n"
	"	printf(\"%s %c %% %s.\\n\", \"text\", 'x', \"\");\n"
	"	printf(\"%.1v2hlf\\n\", v.xy);\n"
	"}\n";

#define N 128

static void test_space(struct cl *cl)
{
	static const struct {
		cl_uint dims;
		size_t offset[3], global[3], local[3];
	} spaces[] = {
		{ 1, { 0 }, { 100 }, { 100 } },
		{ 1, { 7 }, { 1000 }, { 50 } },
		{ 2, { 0, 3 }, { 33, 17, 1 }, { 11, 17, 1 } },
		{ 3, { 5, 0, 1 << 20 }, { 9, 8, 7 }, { 3, 2, 7 } },
		{ 3, { 0 }, { 64, 4, 4 }, { 64, 4, 4 } },
		{ 3, { 0 }, { 1, 1, 300 }, { 1, 1, 100 } },
		{ 2, { 1ul << 33, 2 }, { 77, 5, 1 }, { 0 } },
		{ 1, { 0 }, { 70001 }, { 1 } },
	};
	cl_kernel kernel = cl_kernel_of(cl, source, "space"), fixed;
	const size_t global[] = { 64, 8 }, wrong[] = { 32, 1 };
	cl_uint count = 0;

	for (size_t s = 0; s < sizeof(spaces) / sizeof(*spaces); s++) {
		size_t n = 1;
		cl_uint4 shape = { { 1, 1, 1, spaces[s].dims } };
		cl_uint *out;

		for (cl_uint d = 0; d < spaces[s].dims; d++) {
			n *= spaces[s].global[d];
			shape.s[d] = spaces[s].global[d];
		}
		out = calloc(n, sizeof(*out));
		CHECK(out);
		cl_arg_ptr(kernel, 0, out);
		cl_arg(kernel, 1, shape);
		CL(clEnqueueNDRangeKernel(cl->queue, kernel, spaces[s].dims, spaces[s].offset,
					  spaces[s].global,
					  spaces[s].local[0] ? spaces[s].local : NULL, 0, NULL,
					  NULL));
		CL(clFinish(cl->queue));
		for (size_t i = 0; i < n; i++) {
			if (out[i] != i + 1)
				FAIL("space %zu: item %zu: %u", s, i, out[i]);
		}
		free(out);
	}
	CL(clReleaseKernel(kernel));

	fixed = cl_kernel_of(cl, source, "fixed");
	cl_arg_ptr(fixed, 0, &count);
	CL(clEnqueueNDRangeKernel(cl->queue, fixed, 2, NULL, global, NULL, 0, NULL, NULL));
	CL(clFinish(cl->queue));
	CHECK(count == 64 * 8);
	CHECK(clEnqueueNDRangeKernel(cl->queue, fixed, 2, NULL, global, wrong, 0, NULL, NULL) ==
	      CL_INVALID_WORK_GROUP_SIZE);
	CL(clReleaseKernel(fixed));
}

static void test_spaces(struct cl *cl)
{
	static const int table[16] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };
	cl_kernel kernel = cl_kernel_of(cl, source, "spaces");
	int g[2 * 64], c[4] = { 1000, 2000, 3000, 4000 };

	for (int i = 0; i < 64; i++)
		g[i] = 3 * i;
	cl_arg_ptr(kernel, 0, g);
	cl_arg_ptr(kernel, 1, c);
	CL(clSetKernelArg(kernel, 2, 64 * sizeof(int), NULL));
	cl_run(cl, kernel, 64, 64);
	for (int i = 0; i < 64; i++) {
		const int *t = i & 1 ? c : table;

		CHECK(g[i] == 3 * i + 7 + c[i & 3] + table[i & 15] + 500);
		CHECK(g[64 + i] == 10 * (63 - i) + i + ((i + 1) & 3) + i + (i & 3) + 7 + t[i & 3]);
	}
	CL(clReleaseKernel(kernel));
}

struct list {
	int64_t value;
	struct list *next;
};

static void test_generic(struct cl *cl)
{
	static struct list in_data = { 5000, NULL };
	struct list on_stack = { 300, &in_data }, *list = malloc(sizeof(*list));
	cl_kernel kernel = cl_kernel_of(cl, source, "anywhere");
	int64_t sums[64];
	cl_bool support;
	int g[192];

	CL(clGetDeviceInfo(cl->device, CL_DEVICE_GENERIC_ADDRESS_SPACE_SUPPORT, sizeof(support),
			   &support, NULL));
	CHECK(support && list);
	*list = (struct list) { 20, &on_stack };
	for (int i = 0; i < 64; i++)
		g[i] = 3 * i;
	cl_arg_ptr(kernel, 0, g);
	CL(clSetKernelArg(kernel, 1, 64 * sizeof(int), NULL));
	cl_arg_ptr(kernel, 2, list);
	cl_arg_ptr(kernel, 3, sums);
	cl_run(cl, kernel, 64, 64);
	for (int i = 0; i < 64; i++) {
		const int kind = i % 4, kinds[] = { 1, 2, 2, 4 };
		const int was[] = { 3 * i, 10 * i, 500 + i, i + (i & 3) };
		const int v = 2 * was[kind] + 100000 * kinds[kind];

		CHECK(g[i] == 3 * i + (kind ? 0 : 7) + (i ? 0 : 32));
		CHECK(g[64 + i] == v + was[1] + was[2] + was[3] + (kind ? 7 : 0) + 1);
		CHECK(sums[i] == 5320);
		CHECK(g[128 + i] == 32 + 1000 * (7 + 32));
	}
	free(list);
	CL(clReleaseKernel(kernel));
}

static void test_vectors(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "vectors");
	float in[3 * N], out[5 * N];
	_Float16 h[2 * N];

	for (int i = 0; i < 3 * N; i++)
		in[i] = (i * 37 % 101) / 8.0f;
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_arg_ptr(kernel, 2, h);
	cl_run(cl, kernel, N, 0);
	for (int i = 0; i < N; i++) {
		const float x = in[3 * i], y = in[3 * i + 1], z = in[3 * i + 2];
		const float b[] = { z, y, x, x + y };
		int any = 0, all = 1;

		for (int k = 0; k < 4; k++) {
			any |= b[k] > y;
			all &= b[k] > y;
		}
		CHECK(out[3 * i] == x + y && out[3 * i + 1] == x && out[3 * i + 2] == y);
		CHECK(h[2 * i] == (_Float16)x && h[2 * i + 1] == (_Float16)y);
		CHECK(fabsf(out[3 * N + i] - ((float)(_Float16)x + x * y + y * z + z * x)) < 1e-3f);
		CHECK(out[4 * N + i] == any + 2 * all + (x > y ? 4 : 0));
	}
	CL(clReleaseKernel(kernel));
}

static bool near(float got, double want)
{
	return fabs(got - want) <= 1e-5 * (1 + fabs(want));
}

static void test_geometry(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "geometry");
	cl_float4 in[2 * N];
	float out[16 * N];

	for (int i = 0; i < 8 * N; i++)
		in[i / 4].s[i % 4] = (i * 7919 % 1009 - 500) / 8.0f;
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_run(cl, kernel, N, 0);
	for (int i = 0; i < N; i++) {
		const float *a = in[2 * i].s, *b = in[2 * i + 1].s, *o = out + 16 * i;
		double dot[5] = { 0 }, len[5] = { 0 }, dist[5] = { 0 }, t;

		for (int k = 0; k < 4; k++) {
			dot[k + 1] = dot[k] + (double)a[k] * b[k];
			len[k + 1] = len[k] + (double)a[k] * a[k];
			dist[k + 1] = dist[k] + ((double)a[k] - b[k]) * ((double)a[k] - b[k]);
		}
		CHECK(near(o[0], dot[4]) && near(o[1], dot[3]) && near(o[2], dot[2]));
		CHECK(near(o[3], sqrt(len[4])) && near(o[4], sqrt(len[3])));
		CHECK(near(o[5], sqrt(dist[4])) && near(o[6], sqrt(dist[2])));
		for (int k = 0; k < 4; k++)
			CHECK(near(o[8 + k], a[k] / sqrt(len[4])));
		for (int k = 0; k < 3; k++) {
			const int l = (k + 1) % 3, m = (k + 2) % 3;

			CHECK(near(o[12 + k], (double)a[l] * b[m] - (double)a[m] * b[l]));
		}
		CHECK(near(o[15], sqrt((double)b[0] * b[0] + (double)b[1] * b[1] +
				       (double)b[2] * b[2])));
		t = (a[1] + 100.0) / 200;
		t = t < 0 ? 0 : t > 1 ? 1 : t;
		t = t * t * (3 - 2 * t) + a[0] + (b[0] - a[0]) * 0.25;
		t += b[2] < -1 ? -1 : b[2] > 1 ? 1 : b[2];
		t += (a[3] > 0) - (a[3] < 0) + a[2] * 180 / M_PI;
		CHECK(near(o[7], t));
	}
	CL(clReleaseKernel(kernel));
}

static void test_halves(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "halves");
	_Float16 a[N], b[N], out[4 * N];

	for (int i = 0; i < N; i++) {
		a[i] = (_Float16)((i - 50) * 0.37f);
		b[i] = (_Float16)(i * i % 77 * 0.11f);
	}
	cl_arg_ptr(kernel, 0, a);
	cl_arg_ptr(kernel, 1, b);
	cl_arg_ptr(kernel, 2, out);
	cl_run(cl, kernel, N, 0);
	for (int i = 0; i < N; i++) {
		CHECK(out[4 * i] == (_Float16)((float)a[i] + (float)b[i]));
		CHECK(out[4 * i + 1] == (_Float16)((float)a[i] * (float)b[i]));
		CHECK(out[4 * i + 2] == (_Float16)((double)a[i] * (double)b[i] + (double)a[i]));
		CHECK(out[4 * i + 3] == (_Float16)(a[i] < b[i] ? 1 : (int)b[i]));
	}
	CL(clReleaseKernel(kernel));
}

static void test_groups(struct cl *cl)
{
	cl_kernel async = cl_kernel_of(cl, source, "async");
	cl_kernel locals = cl_kernel_of(cl, source, "locals");
	cl_kernel barriers = cl_kernel_of(cl, source, "barriers");
	static const int sizes[] = { 1, 2, 31, 33, 100, 1024 };
	static int in[2 * 2048], out[2048];
	long res[5 * 8];

	for (int i = 0; i < 2 * 2048; i++)
		in[i] = i * 7919 % 1000;
	cl_arg_ptr(async, 0, in);
	cl_arg_ptr(async, 1, out);
	CL(clSetKernelArg(async, 2, 2 * 128 * sizeof(int), NULL));
	cl_run(cl, async, 1024, 128);
	for (int i = 0; i < 1024; i++)
		CHECK(out[i] == in[2 * i] - in[2 * i + 1]);

	cl_arg_ptr(locals, 0, res);
	cl_arg_ptr(locals, 1, in);
	cl_run(cl, locals, 8 * 200, 200);
	for (int g = 0; g < 8; g++) {
		long sum = 0, most = 0;
		unsigned int bits = 0;

		for (int i = 200 * g; i < 200 * (g + 1); i++) {
			sum += in[i];
			most = in[i] > most ? in[i] : most;
			bits |= 1u << (in[i] & 31);
		}
		CHECK(res[5 * g] == sum << 20 && res[5 * g + 1] == most << 33);
		CHECK(res[5 * g + 2] == (int)bits && res[5 * g + 3] == sum);
		CHECK(res[5 * g + 4] == 200);
	}

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		const int n = sizes[s], rounds = 9;

		for (int i = 0; i < 4 * n; i++)
			in[i] = i;
		cl_arg_ptr(barriers, 0, in);
		cl_arg(barriers, 1, rounds);
		cl_run(cl, barriers, 2 * n, n);
		for (int g = 0; g < 2; g++) {
			const int *half = in + 2 * n * g;

			for (int i = 0; i < n; i++)
				CHECK(half[n + i] == 2 * n * g + (i + rounds) % n + rounds);
		}
	}
	CL(clReleaseKernel(async));
	CL(clReleaseKernel(locals));
	CL(clReleaseKernel(barriers));
}

/* Also where the last subgroup is not full */
static void test_lanes(struct cl *cl)
{
	enum { local = 80, groups = 3, n = local * groups };
	cl_kernel kernel = cl_kernel_of(cl, source, "lanes");
	long in[n], out[8 * n];

	for (int i = 0; i < n; i++)
		in[i] = (i * 7919 % 1009 - 500) * (1l << 33) + i;
	cl_arg_ptr(kernel, 0, in);
	cl_arg_ptr(kernel, 1, out);
	cl_run(cl, kernel, n, local);
	for (int i = 0; i < n; i++) {
		const int group = i / local * local, sub = (i - group) / 32;
		const int first = group + 32 * sub, lane = i - first;
		const int size = first + 32 > group + local ? group + local - first : 32;
		long before = 0, most = INT64_MIN, least = INT64_MAX;
		int odd = 0;
		const long *o = out + 8 * i;
		double sum = 0;

		for (int k = 0; k < size; k++) {
			const long v = in[first + k];

			before += k <= lane ? v : 0;
			most = k < lane && v > most ? v : most;
			least = v < least ? v : least;
			odd += v & 1;
			/* Exact in any order: multiples of one, below 2^53 of it */
			sum += (double)v;
		}
		CHECK(o[0] == before && o[1] == most && o[2] == least);
		CHECK(o[3] == (long)sum);
		if (o[4] != lane + 100 * sub + 10000 * 32 + 10000000 * 3)
			FAIL("item %d: lane, subgroup, size, number are %ld", i, o[4]);
		CHECK(o[5] == in[first + (lane * 5 + 1) % 16]);
		CHECK(o[6] == in[first + (lane ^ 1)]);
		CHECK(o[7] == (in[i] & 1 ? odd : odd - size));
	}
	CL(clReleaseKernel(kernel));
}

/* The last subgroup of a workgroup may have fewer lanes than others. */
static void test_sizes(struct cl *cl)
{
	static const size_t groups[][2] = { { 64, 1 }, { 1, 1 }, { 33, 1 }, { 11, 17 }, { 5, 6 } };
	cl_int4 out[2 * 11 * 17];
	cl_kernel kernel = cl_kernel_of(cl, source, "sizes");

	cl_arg_ptr(kernel, 0, out);
	for (unsigned int g = 0; g < sizeof(groups) / sizeof(*groups); g++) {
		const size_t global[] = { groups[g][0], 2 * groups[g][1] };
		const int items = global[0] * groups[g][1], max = 32;

		CL(clEnqueueNDRangeKernel(cl->queue, kernel, 2, NULL, global, groups[g], 0, NULL,
					  NULL));
		CL(clFinish(cl->queue));
		for (int i = 0; i < 2 * items; i++) {
			const int id = i % items / max, left = items - id * max;

			CHECK(out[i].s[0] == (left < max ? left : max) && out[i].s[1] == max);
			CHECK(out[i].s[2] == (items + max - 1) / max && out[i].s[3] == id);
		}
	}
	CL(clReleaseKernel(kernel));
}

/* A structure that is changed between one copy of it and the next */
static void test_copies(struct cl *cl)
{
	static const float want[] = { 1, 2, 3, 4, 5, 4, 1, 2, 0, 3, 9, 8, 7, 11, 8 };
	float out[15] = {};
	cl_kernel kernel = cl_kernel_of(cl, source, "copies");

	cl_arg_ptr(kernel, 0, out);
	cl_run(cl, kernel, 1, 0);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		if (out[i] != want[i])
			FAIL("copies: number %zu is %g and not %g", i, out[i], want[i]);
	}
	CL(clReleaseKernel(kernel));
}

/* A constant where control flow meets, beside what has fewer bits */
static void test_choices(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "choices");
	cl_int out[N], count = 0;
	cl_float floats[N];
	cl_short s[N];
	cl_char c[N];

	for (int i = 0; i < N; i++) {
		s[i] = 100 * i - 5000;
		c[i] = i - 64;
	}
	cl_arg_ptr(kernel, 0, floats);
	cl_arg_ptr(kernel, 1, out);
	cl_arg_ptr(kernel, 2, s);
	cl_arg_ptr(kernel, 3, c);
	cl_arg_ptr(kernel, 4, &count);
	cl_run(cl, kernel, N, 0);
	for (int i = 0; i < N; i++) {
		CHECK(floats[i] == (i & 1 ? 1 : s[i]));
		CHECK(out[i] == (i & 2 ? 200 : c[i]));
	}
	CHECK(count == N);
	CL(clReleaseKernel(kernel));
}

/* A long computation with what is a constant, but for a compiler that looks, and loops about it */
static void test_constants(struct cl *cl)
{
	cl_kernel kernel = cl_kernel_of(cl, source, "constants");
	cl_double in[4] = { 0.3, -7, 1e-5, 100 }, out[4];

	cl_arg_ptr(kernel, 0, out);
	cl_arg_ptr(kernel, 1, in);
	cl_run(cl, kernel, 1, 0);
	for (int i = 0; i < 4; i++)
		CHECK(out[i] == remainder(ldexp(1, -10), in[i]));
	CL(clReleaseKernel(kernel));
}

static void test_printf(struct cl *cl)
{
	static const char expect[] =
		"-5    -5|-5   |fffffffb -1234567890123 fffffee08e04fb35\n"
		"1.500000 1.50 1.500000e+00 1.5 0.125\n"
		"1.000000,2.000000,-3.000000,0.500000 1,2 7,8,9 1,2,3,fe\n"
		"text x % .\n"
		"1.0,2.0\n";
	cl_kernel say = cl_kernel_of(cl, source, "say");
	const cl_float4 v = { { 1, 2, -3, 0.5f } };
	const cl_long l = -1234567890123;
	const cl_float f = 1.5f;
	const cl_double d = 0.125;
	const cl_int i = -5;
	char text[1024];
	FILE *file = tmpfile();
	int saved;
	size_t n;

	CHECK(file);
	fflush(stdout);
	saved = dup(1);
	CHECK(saved >= 0 && dup2(fileno(file), 1) == 1);
	cl_arg(say, 0, i);
	cl_arg(say, 1, l);
	cl_arg(say, 2, f);
	cl_arg(say, 3, v);
	cl_arg(say, 4, d);
	cl_run(cl, say, 1, 0);
	fflush(stdout);
	CHECK(dup2(saved, 1) == 1);
	close(saved);
	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = 0;
	fclose(file);
	if (strcmp(text, expect))
		FAIL("printf wrote\n%sand not\n%s", text, expect);
	CL(clReleaseKernel(say));
}

int main(void)
{
	struct cl cl;

	cl_open(&cl);
	test_space(&cl);
	test_spaces(&cl);
	test_generic(&cl);
	test_vectors(&cl);
	test_geometry(&cl);
	test_halves(&cl);
	test_groups(&cl);
	test_lanes(&cl);
	test_sizes(&cl);
	test_copies(&cl);
	test_choices(&cl);
	test_constants(&cl);
	test_printf(&cl);
	cl_close(&cl);
	return cl_ok();
}

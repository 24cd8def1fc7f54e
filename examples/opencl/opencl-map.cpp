// SPDX-License-Identifier: MIT
/*
 * opencl-map: the GPU searches a std::map that the CPU has made: it follows the pointers of the
 * red-black tree as they are, in memory that nobody has told it of.
 *
 * usage: opencl-map [ELEMENTS [SEARCHES]]
 */
#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "cl.h"

/* As libstdc++ has it: a node's links, and behind them the pair of key and value. */
static const char source[] = R"(
	struct node {
		int colour;
		global struct node *parent, *left, *right;
		ulong key;
		ulong value;
	};

	kernel void search(global const struct node *root, global const ulong *keys,
			   global ulong *values, global uint *steps)
	{
		size_t i = get_global_id(0);
		ulong key = keys[i];
		uint n = 0;

		values[i] = 0;
		for (global const struct node *at = root; at; n++) {
			if (at->key == key) {
				values[i] = at->value;
				break;
			}
			at = key < at->key ? at->left : at->right;
		}
		atomic_add(steps, n);
	}
)";

int main(int argc, char **argv)
{
	const size_t elements = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	const size_t searches = argc > 2 ? strtoul(argv[2], NULL, 0) : 4096;
	std::map<uint64_t, uint64_t> map;
	std::mt19937_64 random(1);
	std::vector<uint64_t> keys;
	struct cl cl;

	for (size_t i = 0; i < elements; i++)
		map[random() % (2 * elements)] = random() | 1;
	for (size_t i = 0; i < searches; i++)
		keys.push_back(random() % (2 * elements));

	/* The header of a map lies behind its comparison; its parent is the root. */
	const auto header = (const std::_Rb_tree_node_base *)map.end()._M_node;
	std::vector<uint64_t> values(searches);
	uint32_t steps = 0;

	cl_open(&cl);
	cl_kernel search = cl_kernel_of(&cl, source, "search");

	cl_arg_ptr(search, 0, header->_M_parent);
	cl_arg_ptr(search, 1, keys.data());
	cl_arg_ptr(search, 2, values.data());
	cl_arg_ptr(search, 3, &steps);
	cl_run(&cl, search, searches, 0);

	size_t found = 0, wrong = 0;

	for (size_t i = 0; i < searches; i++) {
		const auto it = map.find(keys[i]);

		found += values[i] != 0;
		wrong += values[i] != (it == map.end() ? 0 : it->second);
	}
	printf("std::map of %zu elements, %zu searches\n", map.size(), searches);
	printf("GPU   found %zu, %.1f nodes a search\n", found, (double)steps / searches);
	printf("CPU   %s\n", wrong ? "found others" : "found the same");

	/* The CPU goes on with the map, and the GPU sees it as it is then. */
	const auto half = std::next(map.begin(), map.size() / 2);
	const uint64_t gone = half->first;

	map.erase(map.begin(), half);
	for (auto &pair : map)
		pair.second++;
	cl_arg_ptr(search, 0, header->_M_parent);
	cl_run(&cl, search, searches, 0);
	found = 0;
	for (size_t i = 0; i < searches; i++) {
		const auto it = map.find(keys[i]);

		found += values[i] != 0;
		wrong += values[i] != (it == map.end() ? 0 : it->second);
	}
	printf("after the CPU erased all below %llu\n", (unsigned long long)gone);
	printf("GPU   found %zu\nCPU   %s\n", found, wrong ? "found others" : "found the same");

	CL(clReleaseKernel(search));
	cl_close(&cl);
	return wrong ? 1 : cl_ok();
}

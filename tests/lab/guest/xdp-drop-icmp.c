// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xdp-drop-icmp INTERFACE: a native XDP program that drops ICMP, as long as this process lives; it says
 * "attached". Runs in the lab's guests, which have neither a compiler nor a loader of BPF objects.
 */
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define PROTOCOL (14 + 9) /* of an IPv4 header behind Ethernet's */
#define ICMP 1

static const struct bpf_insn program[] = {
	INSN(BPF_LDX | BPF_W | BPF_MEM, 2, 1, offsetof(struct xdp_md, data), 0),
	INSN(BPF_LDX | BPF_W | BPF_MEM, 3, 1, offsetof(struct xdp_md, data_end), 0),
	INSN(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0),
	INSN(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 34),
	INSN(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 5, 0),
	INSN(BPF_LDX | BPF_H | BPF_MEM, 5, 2, 12, 0),
	INSN(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 3, 0x0008), /* IPv4, as it lies in memory */
	INSN(BPF_LDX | BPF_B | BPF_MEM, 5, 2, PROTOCOL, 0),
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_DROP),
	INSN(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 1, ICMP),
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS),
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
};

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int main(int argc, char **argv)
{
	static char log[4096];
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (unsigned long)program,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.license = (unsigned long)"GPL",
		.log_buf = (unsigned long)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	union bpf_attr link = { .link_create = { .attach_type = BPF_XDP } };
	int prog = argc == 2 ? bpf(BPF_PROG_LOAD, &load) : -1;

	if (prog < 0) {
		perror("load");
		fputs(log, stderr);
		return 1;
	}
	link.link_create.prog_fd = prog;
	link.link_create.target_ifindex = if_nametoindex(argv[1]);
	link.link_create.flags = XDP_FLAGS_DRV_MODE;
	if (bpf(BPF_LINK_CREATE, &link) < 0) {
		perror("attach");
		return 1;
	}
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/daemon/shortage.h"

#include <errno.h>

const char *shortage_remedy(int rc)
{
	switch (rc) {
	case -EMFILE:
		return "; raise the limit of open files (LimitNOFILE= in the daemon's unit)";
	case -ENFILE:
		return "; raise the host's limit of open files (sysctl fs.file-max)";
	case -ENOMEM:
	case -ENOBUFS:
		return "; the host is short of memory, or the daemon by a limit (LimitAS=, LimitMEMLOCK=, MemoryMax= in its unit)";
	case -EAGAIN:
		return "; too many threads or processes (LimitNPROC=, TasksMax= in the daemon's unit)?";
	case -ENOSPC:
		return "; something is full: a disk, or a table of the kernel's or of Xen's";
	default:
		return "";
	}
}

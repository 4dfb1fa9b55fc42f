/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * lib/netif: the netif protocol's core, shared by netback-ngd, the userspace
 * front end and the guest's kernel module.  Freestanding: no allocation, no
 * I/O, no clock, no libc but memcpy/memset; callers own every byte of storage.
 * May depend on nothing outside this folder.  Untrusted input goes through
 * three stages: snapshot (copied once from shared memory), validate, process.
 */
#ifndef NETIF_PLATFORM_H
#define NETIF_PLATFORM_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/string.h>
#include <linux/errno.h>
#include <linux/prefetch.h>
#include <asm/barrier.h>
#define netif_load(p) READ_ONCE(*(p))
#define netif_store(p, v) WRITE_ONCE(*(p), v)
/* virt_, not smp_: a guest with one CPU shares memory with a back end that runs on another. */
#define netif_load_acquire(p) virt_load_acquire(p)
#define netif_store_release(p, v) virt_store_release(p, v)
#define netif_mb() virt_mb()
#define netif_barrier() barrier()
#define netif_prefetch(p) prefetch(p)
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
#define netif_load(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define netif_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define netif_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define netif_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define netif_mb() __sync_synchronize()
#define netif_barrier() __asm__ __volatile__("" ::: "memory") /* for the compiler only */
#define netif_prefetch(p) __builtin_prefetch(p)
#endif

/* Grants are always of 4 KiB pages, whatever the CPU's page size (grant_table.h). */
#define NETIF_PAGE_SHIFT 12
#define NETIF_PAGE_SIZE (1u << NETIF_PAGE_SHIFT)
#define NETIF_HALF_PAGE (NETIF_PAGE_SIZE / 2)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels in the embedded Xen: binding rules, masking, wake-ups, and what the death of a peer leaves. */
#include <errno.h>
#include <stdlib.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test_xensim.h"

static xenevtchn_handle *front, *back; /* domains 7 and 0 */
static evtchn_port_t fport, bport;

static xenevtchn_handle *open_as(unsigned int domid)
{
	xenevtchn_handle *h;

	as_domain(domid);
	h = xenevtchn_open(NULL, 0);
	ck_assert_ptr_nonnull(h);
	return h;
}

static evtchn_port_t port_ok(xenevtchn_port_or_error_t port)
{
	ck_assert_int_gt(port, 0);
	return (evtchn_port_t)port;
}

/* An interdomain channel with the first event, which binding raises, taken. */
static void connect_both(void)
{
	front = open_as(7);
	back = open_as(0);
	fport = port_ok(xenevtchn_bind_unbound_port(front, 0));
	bport = port_ok(xenevtchn_bind_interdomain(back, 7, fport));
	ck_assert(readable(xenevtchn_fd(back), PATIENCE_MS));
	ck_assert_int_eq(xenevtchn_pending(back), (int)bport);
	ck_assert_int_eq(xenevtchn_unmask(back, bport), 0);
	ck_assert(!readable(xenevtchn_fd(back), 0));
	ck_assert(!readable(xenevtchn_fd(front), 0));
}

START_TEST(a_notification_arrives_once_until_unmasked)
{
	connect_both();
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert(readable(xenevtchn_fd(front), PATIENCE_MS));
	ck_assert_int_eq(xenevtchn_pending(front), (int)fport);
	ck_assert(!readable(xenevtchn_fd(front), 0));
	/* Masked: it waits for the unmask. */
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert(!readable(xenevtchn_fd(front), 0));
	ck_assert_int_eq(xenevtchn_unmask(front, fport), 0);
	ck_assert(readable(xenevtchn_fd(front), 0));
	ck_assert_int_eq(xenevtchn_pending(front), (int)fport);
	ck_assert_int_eq(xenevtchn_unmask(front, fport), 0);
	ck_assert(!readable(xenevtchn_fd(front), 0));
}
END_TEST

START_TEST(nonblocking_handle_says_eagain)
{
	connect_both();
	ck_assert_int_eq(fcntl(xenevtchn_fd(front), F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(xenevtchn_pending(front), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(several_ports_are_all_reported)
{
	evtchn_port_t far[100], near[100];
	bool seen[XENSIM_PORTS] = { false };

	connect_both();
	for (int i = 0; i < 100; i++) {
		far[i] = port_ok(xenevtchn_bind_unbound_port(front, 0));
		near[i] = port_ok(xenevtchn_bind_interdomain(back, 7, far[i]));
		ck_assert_int_eq(xenevtchn_notify(back, near[i]), 0);
	}
	for (int i = 0; i < 100; i++) {
		ck_assert(readable(xenevtchn_fd(front), 0));
		seen[port_ok(xenevtchn_pending(front))] = true;
	}
	ck_assert(!readable(xenevtchn_fd(front), 0));
	for (int i = 0; i < 100; i++)
		ck_assert(seen[far[i]]);
}
END_TEST

START_TEST(binding_follows_the_rules)
{
	xenevtchn_handle *other = open_as(8);
	evtchn_port_t port;

	connect_both();
	/* Bound already; meant for another; no such port; no such domain. */
	ck_assert_int_eq(xenevtchn_bind_interdomain(back, 7, fport), -1);
	ck_assert_int_eq(errno, EINVAL);
	port = port_ok(xenevtchn_bind_unbound_port(front, 0));
	ck_assert_int_eq(xenevtchn_bind_interdomain(other, 7, port), -1);
	ck_assert_int_eq(xenevtchn_bind_interdomain(back, 7, 4000), -1);
	ck_assert_int_eq(xenevtchn_bind_interdomain(back, 7, 0), -1);
	ck_assert_int_eq(xenevtchn_bind_interdomain(back, 7, 1u << 20), -1);
	ck_assert_int_eq(xenevtchn_bind_interdomain(back, 99, 1), -1);
	ck_assert_int_eq(errno, ESRCH);
	/* Another handle's port is not ours to use. */
	ck_assert_int_eq(xenevtchn_notify(other, 4000), -1);
	ck_assert_int_eq(errno, ENOTCONN);
	ck_assert_int_eq(xenevtchn_unbind(other, fport), -1);
	ck_assert_int_eq(errno, ENOTCONN);
	ck_assert_int_eq(xenevtchn_notify(front, 1u << 20), -1);
	ck_assert_int_eq(xenevtchn_close(other), 0);
}
END_TEST

START_TEST(unbind_leaves_the_peer_unbound)
{
	connect_both();
	ck_assert_int_eq(xenevtchn_unbind(back, bport), 0);
	ck_assert_int_eq(xenevtchn_notify(front, fport), 0);
	ck_assert_int_eq(xenevtchn_notify(back, bport), -1);
	bport = port_ok(xenevtchn_bind_interdomain(back, 7, fport));
	ck_assert_int_eq(xenevtchn_pending(back), (int)bport);
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert_int_eq(xenevtchn_pending(front), (int)fport);
}
END_TEST

START_TEST(a_reused_port_wakes_its_new_owner)
{
	xenevtchn_handle *second;

	connect_both();
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	xenevtchn_close(front);
	ck_assert_int_eq(xenevtchn_unbind(back, bport), 0);
	front = open_as(7);
	second = open_as(7);
	fport = port_ok(xenevtchn_bind_unbound_port(second, 0));
	bport = port_ok(xenevtchn_bind_interdomain(back, 7, fport));
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert(readable(xenevtchn_fd(second), PATIENCE_MS));
	ck_assert(!readable(xenevtchn_fd(front), 0));
	ck_assert_int_eq(xenevtchn_pending(second), (int)fport);
	ck_assert_int_eq(xenevtchn_close(second), 0);
}
END_TEST

START_TEST(a_killed_process_leaves_its_ports_unbound)
{
	int pipefd[2];
	pid_t pid;
	int port;

	back = open_as(0);
	bport = port_ok(xenevtchn_bind_unbound_port(back, 7));
	ck_assert_int_eq(pipe(pipefd), 0);
	pid = fork();
	if (pid == 0) {
		port = xenevtchn_bind_interdomain(open_as(7), 0, bport);
		(void)!write(pipefd[1], &port, sizeof(port));
		pause();
	}
	ck_assert_int_eq(read(pipefd[0], &port, sizeof(port)), sizeof(port));
	front = open_as(7);
	ck_assert_int_eq(xenevtchn_bind_interdomain(front, 0, bport), -1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (xenevtchn_bind_interdomain(front, 0, bport) < 0)
		usleep(1000);
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert(readable(xenevtchn_fd(front), PATIENCE_MS));
}
END_TEST

START_TEST(restrict_binds_a_handle_to_one_domain)
{
	connect_both();
	ck_assert_int_eq(xenevtchn_restrict(back, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(xenevtchn_restrict(back, 8), 0);
	ck_assert_int_eq(xenevtchn_restrict(back, 7), -1);
	ck_assert_int_eq(errno, EACCES);
	fport = port_ok(xenevtchn_bind_unbound_port(front, 0));
	ck_assert_int_eq(xenevtchn_bind_interdomain(back, 7, fport), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(xenevtchn_bind_unbound_port(back, 7), -1);
	ck_assert_int_eq(xenevtchn_bind_virq(back, 0), -1);
	port_ok(xenevtchn_bind_unbound_port(back, 8));
}
END_TEST

START_TEST(fdopen_takes_a_handle_over)
{
	xenevtchn_handle *again;
	int fd;

	connect_both();
	fd = dup(xenevtchn_fd(front));
	as_domain(7);
	ck_assert_ptr_null(xenevtchn_fdopen(NULL, fd, XENEVTCHN_NO_CLOEXEC));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(xenevtchn_fdopen(NULL, 0, 0));
	again = xenevtchn_fdopen(NULL, fd, 0);
	ck_assert_ptr_nonnull(again);
	xenevtchn_close(front);
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert_int_eq(xenevtchn_pending(again), (int)fport);
	ck_assert_int_eq(xenevtchn_notify(again, fport), 0);
	ck_assert_int_eq(xenevtchn_pending(back), (int)bport);
	ck_assert_int_eq(xenevtchn_close(again), 0);
}
END_TEST

START_TEST(virqs_are_accepted_and_silent)
{
	connect_both();
	port_ok(xenevtchn_bind_virq(back, 4));
	ck_assert_int_eq(xenevtchn_bind_virq(back, 24), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(!readable(xenevtchn_fd(back), 0));
}
END_TEST

START_TEST(a_lost_event_is_lost)
{
	connect_both();
	ck_assert_int_eq(xensim("fault 0 evtchn-lost count=1"), 0);
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert(!readable(xenevtchn_fd(front), 0));
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert(readable(xenevtchn_fd(front), 0));
}
END_TEST

/* But for giving a port back, which cannot fail. */
START_TEST(one_call_fails)
{
	setenv(XENSIM_ENV_FAILING, program_invocation_short_name, 1);
	connect_both();
	ck_assert_int_eq(xensim("fault 0 evtchn-call nth=1"), 0);
	ck_assert_int_eq(xenevtchn_notify(back, bport), -1);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_int_eq(xensim("fault 0 evtchn-call nth=1"), 0);
	ck_assert_int_eq(xenevtchn_unmask(back, bport), -1);
	ck_assert_int_eq(xensim("fault 0 evtchn-call nth=1"), 0);
	ck_assert_int_eq(xenevtchn_pending(back), -1);
	ck_assert_int_eq(xensim("fault 0 evtchn-call nth=1"), 0);
	ck_assert_int_eq(xenevtchn_unbind(back, bport), 0);
	ck_assert_int_eq(xenevtchn_bind_interdomain(back, 7, fport), -1);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_int_gt(xenevtchn_bind_interdomain(back, 7, fport), 0);
	unsetenv(XENSIM_ENV_FAILING);
}
END_TEST

START_TEST(a_storm_hammers_the_peer)
{
	int events = 0;

	connect_both();
	ck_assert_int_eq(xensim("fault 7 evtchn-storm count=100"), 0);
	while (readable(xenevtchn_fd(back), 500)) {
		ck_assert_int_eq(xenevtchn_pending(back), (int)bport);
		xenevtchn_unmask(back, bport);
		events++;
	}
	ck_assert_int_ge(events, 2);
	ck_assert_int_le(events, 100);
	ck_assert_int_eq(xensim("fault 7 evtchn-storm every=2 2>/dev/null"), 1);
}
END_TEST

START_TEST(notifications_are_counted)
{
	uint64_t sent = counter(0, XENSIM_C_notify_sent);

	connect_both();
	for (int i = 0; i < 5; i++)
		xenevtchn_notify(back, bport);
	ck_assert_uint_eq(counter(0, XENSIM_C_notify_sent) - sent, 5);
	ck_assert_uint_eq(counter(7, XENSIM_C_notify_received), 1);
}
END_TEST

START_TEST(a_dead_domain_cannot_notify)
{
	connect_both();
	ck_assert_int_eq(xensim("domain destroy 7"), 0);
	ck_assert_int_eq(xenevtchn_notify(front, fport), -1);
	ck_assert_int_eq(xenevtchn_notify(back, bport), 0);
	ck_assert_int_eq(xenevtchn_bind_unbound_port(front, 0), -1);
	ck_assert_int_eq(xenevtchn_pending(front), -1);
}
END_TEST

enum { ROUNDS = 20000 };

/* Answer every event with one; a single lost wake-up hangs the test. */
static void *answer(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int port = xenevtchn_pending(front);

		xenevtchn_unmask(front, (evtchn_port_t)port);
		xenevtchn_notify(front, (evtchn_port_t)port);
	}
	return NULL;
}

START_TEST(no_event_is_lost_between_threads)
{
	pthread_t thread;

	connect_both();
	ck_assert_int_eq(pthread_create(&thread, NULL, answer, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		xenevtchn_notify(back, bport);
		ck_assert_int_eq(xenevtchn_pending(back), (int)bport);
		xenevtchn_unmask(back, bport);
	}
	pthread_join(thread, NULL);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("xensim event channels");
	TCase *c = test_xensim_case("evtchn");

	tcase_add_test(c, a_notification_arrives_once_until_unmasked);
	tcase_add_test(c, nonblocking_handle_says_eagain);
	tcase_add_test(c, several_ports_are_all_reported);
	tcase_add_test(c, binding_follows_the_rules);
	tcase_add_test(c, unbind_leaves_the_peer_unbound);
	tcase_add_test(c, a_reused_port_wakes_its_new_owner);
	tcase_add_test(c, a_killed_process_leaves_its_ports_unbound);
	tcase_add_test(c, restrict_binds_a_handle_to_one_domain);
	tcase_add_test(c, fdopen_takes_a_handle_over);
	tcase_add_test(c, virqs_are_accepted_and_silent);
	tcase_add_test(c, a_lost_event_is_lost);
	tcase_add_test(c, one_call_fails);
	tcase_add_test(c, a_storm_hammers_the_peer);
	tcase_add_test(c, notifications_are_counted);
	tcase_add_test(c, a_dead_domain_cannot_notify);
	tcase_add_test(c, no_event_is_lost_between_threads);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_SHORTAGE_H
#define DAEMON_SHORTAGE_H

/* What an operator can do about an errno that says what is short; begins with "; ", "" where it says nothing more. */
const char *shortage_remedy(int rc);

#endif

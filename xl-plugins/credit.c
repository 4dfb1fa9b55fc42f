/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/credit.h"
#include "lib/ctl/client.h"

#include <errno.h>
#include <string.h>

int credit_ask(struct xlnet *x, const json_t *request, json_t **answer)
{
	const char *error;
	char why[CTL_WHY];
	int rc = request ? ctl_ask(x->credit, request, answer, why) : -ENOMEM;

	if (ctl_is_absent(rc))
		return problem(-ENOTCONN,
			       "credit-adjustd does not run (%s: %s): systemctl start "
			       "credit-adjustd",
			       x->credit, strerror(-rc));
	if (rc)
		return problem(rc, "no answer from credit-adjustd (%s): %s", x->credit,
			       rc == -EPROTO ? why : strerror(-rc));
	error = json_string_value(json_object_get(*answer, "error"));
	if (!error)
		return 0;
	problem(0, "%s", error);
	json_decref(*answer);
	return -EINVAL;
}

/* 1: there is nobody to ask, or nothing that the daemon could have changed. */
static int ask_about(struct xlnet *x, const struct domain *dom, const char *command, char *why,
		     size_t size)
{
	char domid[16], text[CTL_WHY];
	json_t *request, *answer = NULL;
	const char *error;
	int rc;

	snprintf(domid, sizeof(domid), "%u", dom->id);
	request = json_pack("{s:s,s:s}", "command", command, "domain", domid);
	rc = request ? ctl_ask(x->credit, request, &answer, text) : -ENOMEM;
	json_decref(request);
	error = json_string_value(json_object_get(answer, "error"));
	text_copy(why, size, error ? error : rc == -EPROTO ? text : strerror(-rc));
	if (ctl_is_absent(rc) || json_is_true(json_object_get(answer, "unknown_domain")))
		rc = 1;
	else if (error)
		rc = -EIO;
	json_decref(answer);
	return rc;
}

int credit_release(struct xlnet *x, const struct domain *dom)
{
	char why[CTL_WHY];
	int rc = ask_about(x, dom, "release", why, sizeof(why));

	if (rc < 0)
		return problem(rc,
			       "credit-adjustd does not give \"%s\" its own weight back (%s): "
			       "\"systemctl stop credit-adjustd\" restores all weights; then "
			       "migrate again",
			       dom->name, why);
	if (!rc)
		progress(x, "\"%s\" has its own weight (credit-adjustd)", dom->name);
	return 0;
}

int credit_claim(struct xlnet *x, const struct domain *dom)
{
	char why[CTL_WHY];
	int rc = ask_about(x, dom, "claim", why, sizeof(why));

	return rc < 0 ? problem(rc,
				"credit-adjustd does not take \"%s\" back (%s): it will after some "
				"minutes, or at once with \"credit-adjustctl claim %u\"",
				dom->name, why, dom->id)
		      : 0;
}

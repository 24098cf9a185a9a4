/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cert.h - a self-signed certificate for the simulator's HTTPS face (libcrypto). Layer: sim. */
#pragma once

#include "base/attr.h"
#include "base/err.h"

struct sim_cert {
	char *cert_pem, *key_pem; /* owned */
	char fingerprint[96];     /* SHA-256, "AA:BB:...": as PVE shows it */
};

/* A fresh EC certificate for localhost, 127.0.0.1, ::1 and address, valid for ten years. */
must_check int sim_cert_create(const char *address, struct sim_cert *ret, struct pxc_err *err);
/* From PEM files. */
must_check int sim_cert_load(const char *cert_file, const char *key_file, struct sim_cert *ret,
			     struct pxc_err *err);
void sim_cert_release(struct sim_cert *cert);

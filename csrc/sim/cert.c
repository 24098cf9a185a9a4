/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/cert.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define TEN_YEARS_S (3650L * 86400)
#define MAX_PEM (1u << 20)

void sim_cert_release(struct sim_cert *cert)
{
	free(cert->cert_pem);
	free(cert->key_pem);
	*cert = (struct sim_cert){ 0 };
}

static int set_fingerprint(struct sim_cert *cert, X509 *x509)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!X509_digest(x509, EVP_sha256(), digest, &len) || len != 32)
		return -1;
	for (unsigned int i = 0; i < len; i++)
		snprintf(cert->fingerprint + 3 * i, 4, "%02X%s", digest[i], i + 1 < len ? ":" : "");
	return 0;
}

static char *take_text(BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	return pxc_strndup(data, (size_t)len);
}

static int add_extension(X509 *x509, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	int done;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!extension)
		return -1;
	done = X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	return done ? 0 : -1;
}

static int fill(X509 *x509, EVP_PKEY *key, const char *address)
{
	auto_free char *names = NULL;
	unsigned char serial[8];
	X509_NAME *name = X509_get_subject_name(x509);
	bool numeric = address && address[strspn(address, "0123456789abcdefABCDEF.:")] == '\0';

	if (address && *address && strcmp(address, "127.0.0.1") && strcmp(address, "::1"))
		names = pxc_printf("DNS:localhost,IP:127.0.0.1,IP:::1,%s:%s",
				   numeric ? "IP" : "DNS", address);
	else
		names = pxc_strdup("DNS:localhost,IP:127.0.0.1,IP:::1");
	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return -1;
	serial[0] &= 0x7f;
	X509_set_version(x509, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509),
				(uint64_t)serial[0] << 40 | (uint64_t)serial[1] << 32 |
					(uint64_t)serial[2] << 24 | (uint64_t)serial[3] << 16 | 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), TEN_YEARS_S);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"pxcsim", -1,
				   -1, 0);
	X509_set_issuer_name(x509, name);
	if (!X509_set_pubkey(x509, key) ||
	    add_extension(x509, NID_basic_constraints, "critical,CA:TRUE") < 0 ||
	    add_extension(x509, NID_subject_key_identifier, "hash") < 0 ||
	    add_extension(x509, NID_subject_alt_name, names) < 0)
		return -1;
	return X509_sign(x509, key, EVP_sha256()) ? 0 : -1;
}

int sim_cert_create(const char *address, struct sim_cert *ret, struct pxc_err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	BIO *cert_out = BIO_new(BIO_s_mem()), *key_out = BIO_new(BIO_s_mem());
	struct sim_cert cert = { 0 };
	int result = -1;

	if (key && x509 && cert_out && key_out && fill(x509, key, address) == 0 &&
	    PEM_write_bio_X509(cert_out, x509) &&
	    PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL) &&
	    set_fingerprint(&cert, x509) == 0) {
		cert.cert_pem = take_text(cert_out);
		cert.key_pem = take_text(key_out);
		*ret = cert;
		result = 0;
	}
	BIO_free(cert_out);
	BIO_free(key_out);
	X509_free(x509);
	EVP_PKEY_free(key);
	return result < 0 ? pxc_fail(err, PXC_EREMOTE, "cannot make a certificate") : 0;
}

static char *read_file(const char *path, struct pxc_err *err)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t len;

	if (!file) {
		pxc_fail(err, PXC_ENOTFOUND, "cannot read %s", path);
		return NULL;
	}
	text = pxc_calloc(1, MAX_PEM + 1);
	len = fread(text, 1, MAX_PEM, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

int sim_cert_load(const char *cert_file, const char *key_file, struct sim_cert *ret,
		  struct pxc_err *err)
{
	struct sim_cert cert = { 0 };
	BIO *in;
	X509 *x509;

	cert.cert_pem = read_file(cert_file, err);
	cert.key_pem = cert.cert_pem ? read_file(key_file, err) : NULL;
	if (!cert.key_pem) {
		sim_cert_release(&cert);
		return -1;
	}
	in = BIO_new_mem_buf(cert.cert_pem, -1);
	x509 = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	BIO_free(in);
	if (!x509 || set_fingerprint(&cert, x509) < 0) {
		X509_free(x509);
		sim_cert_release(&cert);
		return pxc_fail(err, PXC_EINVAL, "%s holds no certificate", cert_file);
	}
	X509_free(x509);
	*ret = cert;
	return 0;
}

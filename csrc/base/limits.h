/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits.h - every ceiling on what comes from outside, in one table. Layer: base. */
#pragma once

#define PXC_MAX_ARGS (16u << 20)  /* bytes of module arguments */
#define PXC_MAX_REPLY (64u << 20) /* bytes of one API reply; 10,000 guests are about 5 MiB */
#define PXC_MAX_BODY (512u << 10) /* bytes of one request body; PVE refuses more */
#define PXC_MAX_BATCH 5000        /* objects in one task */
#define PXC_MAX_NOTES 8192        /* characters of VM notes (PVE: description) */
#define PXC_MAX_DC_NOTES 65536    /* characters of datacenter notes */
#define PXC_MAX_BLOCK 65536       /* bytes of one annotation */
#define PXC_MAX_PATH 512          /* bytes of an API path */
#define PXC_MAX_DEPTH 64          /* nesting of JSON and of suboptions */

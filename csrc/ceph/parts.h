/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parts.h - what the files of pxc-ceph.so share; nobody else includes it. Layer: ceph. */
#pragma once

#include "ceph/ceph.h"

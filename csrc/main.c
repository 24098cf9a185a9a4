/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - one program for all modules; the name it is called by says which. */
#include "modules/kind.h"

int main(int argc, char **argv)
{
	return pxc_main(argc, argv);
}

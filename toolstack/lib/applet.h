/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs inside the one executable: chosen by the name it is called with, or by its first
 * word.
 */
#ifndef HOSPES_APPLET_H
#define HOSPES_APPLET_H

int xl_main(int argc, char **argv);
int xenstored_main(int argc, char **argv);
int xenstore_main(int argc, char **argv); /* all the xenstore-* clients */
int xenconsoled_main(int argc, char **argv);
int xenconsole_main(int argc, char **argv);
int xencommons_main(int argc, char **argv);

/* Starts the daemons that do not run yet and writes Dom0's nodes: 0 or -errno, with a message. */
int xencommons_start(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All commands, one CMD(name, function, least arguments, flags, arguments, help, options) each, in
 * the order of `xl help`.  Dispatch, help, the manual page and the shell completion are made from
 * it. Flags: Q = only looks, C = changes something, D = can also dry-run, H = works without a
 * hypervisor, G = the first word is a guest, which args->domid then is.
 */
CMD("create", cmd_create, 0, "DH", "[ConfigFile] [options] [key=value ...]",
    "Create a guest from a configuration file",
    "-c                  connect to its console; no line is missed\n"
    "-p                  leave it paused\n"
    "-n, --dryrun        only print the resulting configuration\n"
    "-q, --quiet         say nothing unless it fails\n"
    "-d                  accepted for compatibility\n"
    "-i, --ignore-global-affinity-masks  accepted for compatibility\n"
    "-e                  let nobody watch over its end (no restart, no clean-up)\n"
    "-F                  watch over its end in the foreground\n"
    "-f, --defconfig F   read F first\n"
    "key=value           replaces a setting of the file; text needs no quotes")
CMD("list", cmd_list, 0, "Q", "[options] [Domain]", "List all guests, or one",
    "-l, --long          all details, as JSON\n"
    "-v, --verbose       UUIDs, reasons of shutdown, security labels\n"
    "-Z, --context       security labels\n"
    "-c, --cpupool       CPU pools\n"
    "-n, --numa          the nodes a guest prefers\n"
    "-j, --json          one line per guest as a JSON list")
CMD("destroy", cmd_destroy, 1, "C", "<Domain>", "End a guest at once",
    "-f                  accepted for compatibility; Domain-0 cannot be destroyed")
CMD("shutdown", cmd_shutdown, 0, "C", "[options] <-a|Domain ...>", "Ask a guest to power off",
    "-a, --all           all guests\n"
    "-w, --wait          until they have ended\n"
    "-F                  accepted for compatibility")
CMD("reboot", cmd_shutdown, 0, "C", "[options] <-a|Domain ...>", "Ask a guest to reboot",
    "-a, --all           all guests\n"
    "-w, --wait          until they have ended\n"
    "-F                  accepted for compatibility")
CMD("pause", cmd_pause, 1, "CG", "<Domain>", "Stop a guest's vCPUs", NULL)
CMD("unpause", cmd_pause, 1, "CG", "<Domain>", "Let a paused guest go on", NULL)
CMD("console", cmd_console, 1, "QG", "[options] <Domain>",
    "Connect to a guest's console; Ctrl-] leaves",
    "-t <type>           `pv' (the default) or `vuart'\n"
    "-n <number>         console number")
CMD("dump-core", cmd_dump_core, 2, "CG", "<Domain> <File>",
    "Write a guest's memory and registers to a file", NULL)
CMD("mem-max", cmd_mem_max, 2, "CG", "<Domain> <Mem[b|k|m|g|t]>",
    "Set how much memory a guest may have (default unit MiB)", NULL)
CMD("mem-set", cmd_mem_set, 2, "CG", "<Domain> <Mem[b|k|m|g|t]>",
    "Tell a guest how much memory to use (default unit MiB)", NULL)
CMD("vcpu-list", cmd_vcpu_list, 0, "Q", "[Domain ...]", "List the vCPUs of all guests, or of some",
    NULL)
CMD("vcpu-pin", cmd_vcpu_pin, 3, "CG",
    "[-f] <Domain> <vCPU|all> <Hard CPUs|-|all> [Soft CPUs|-|all]",
    "Set the CPUs a vCPU may use, and prefers",
    "-f, --force         undo a pinning done by the kernel\n"
    "-i, --ignore-global-affinity-masks  accepted for compatibility")
CMD("vcpu-set", cmd_vcpu_set, 2, "CG", "[-i] <Domain> <vCPUs>", "Set how many vCPUs a guest uses",
    "-i, --ignore-host   more than the machine has CPUs, too")
CMD("info", cmd_info, 0, "Q", "[-n] [Name]", "Show the machine and the hypervisor, or one value",
    "-n, --numa          nodes too")
CMD("sched-credit2", cmd_sched_credit2, 0, "C",
    "[-d <Domain> [-w WEIGHT] [-c CAP]] [-s [-r US]] [-p POOL]",
    "Show or set how CPU time is shared",
    "-d, --domain D      one guest\n"
    "-w, --weight N      its share, 1 to 65535\n"
    "-c, --cap N         its limit in percent of one CPU, 0 = none\n"
    "-s, --schedparam    parameters of the scheduler\n"
    "-r, --ratelimit_us N  least time a vCPU runs, in microseconds; 0 = off\n"
    "-p, --cpupool P     one CPU pool")
CMD("domid", cmd_domid, 1, "Q", "<DomainName>", "Print the number of a named guest", NULL)
CMD("domname", cmd_domname, 1, "Q", "<DomainId>", "Print the name of a numbered guest", NULL)
CMD("rename", cmd_rename, 2, "CG", "<Domain> <NewName>", "Give a guest another name", NULL)
CMD("sysrq", cmd_sysrq, 2, "CG", "<Domain> <Letter>", "Press Linux's magic SysRq in a guest", NULL)
CMD("debug-keys", cmd_debug_keys, 1, "C", "<Keys>", "Press debug keys of the hypervisor's console",
    NULL)
CMD("dmesg", cmd_dmesg, 0, "Q", "[-c]", "Print the hypervisor's messages",
    "-c, --clear         forget them afterwards")
CMD("top", cmd_top, 0, "Q", "[options]", "Watch CPU, memory and I/O of all guests",
    "-b, --batch         plain text, no screen control\n"
    "-i, --iterations N  end after N rounds\n"
    "-d, --delay S       seconds between rounds, default 3\n"
    "-v, --vcpus         per vCPU\n"
    "-n, --networks      per network interface\n"
    "-x, --vbds          per disk\n"
    "-f, --full-name     names are not cut\n"
    "-r, --repeat-header  a header for each guest\n"
    "keys                q quit, v n x switch the details, s sort by the next column")
CMD("network-attach", cmd_attach, 1, "CDG", "<Domain> [key=value ...]", "Add a network interface",
    NULL)
CMD("network-list", cmd_list_devices, 1, "Q", "<Domain ...>", "List network interfaces", NULL)
CMD("network-detach", cmd_detach, 2, "CG", "<Domain> <DevId|MAC>", "Remove a network interface",
    NULL)
CMD("block-attach", cmd_attach, 2, "CDG", "<Domain> <disk description ...>", "Add a disk", NULL)
CMD("block-list", cmd_list_devices, 1, "Q", "<Domain ...>", "List disks", NULL)
CMD("block-detach", cmd_detach, 2, "CG", "[-f] <Domain> <DevId|vdev>", "Remove a disk",
    "-f, --force         even if the guest does not let go")
CMD("uptime", cmd_uptime, 0, "Q", "[-s] [Domain ...]", "Print how long guests have been running",
    "-s                  short form")
CMD("cpupool-list", cmd_cpupool_list, 0, "Q", "[-c] [Pool]", "List CPU pools",
    "-c, --cpus          with the CPUs of each")
CMD("help", cmd_help, 0, "QH", "[command]", "Print this list, or how to use a command",
    "-c, --completion    print a completion script for bash")

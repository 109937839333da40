#!/usr/bin/env python3
"""Writes the system call filter of a systemd unit as a BPF program for `bwrap --seccomp`.

usage: system_call_filter.py UNIT > FILE

Follows SystemCallFilter=, SystemCallErrorNumber=EPERM, MemoryDenyWriteExecute= and RestrictNamespaces= of the unit.
Requires python3-seccomp, and systemd-analyze for the groups of system calls.
"""

import errno
import re
import subprocess
import sys

import seccomp

settings = re.findall(r"^(\w+)=(.*)$", open(sys.argv[1]).read(), re.MULTILINE)


def calls(group, seen=()):
    """Returns the names of the system calls of a group such as @system-service, which may contain other groups."""
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True).stdout
    names = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@") and word not in seen:
            names |= calls(word, (*seen, word))
        elif word and not word.startswith(("#", "@")):
            names.add(word)
    return names


allowed = set()
for name, value in settings:
    if name == "SystemCallFilter":
        words = value.lstrip("~").split()
        groups = set().union(*(calls(word) if word.startswith("@") else {word} for word in words))
        allowed = allowed - groups if value.startswith("~") else allowed | groups
# What systemd has done before it installs the filter, and bwrap and setpriv do after it.
allowed |= {"execve", "capset", "setgroups", "setresuid", "setresgid", "prctl"}

refusal = seccomp.ERRNO(errno.EPERM)
filter = seccomp.SyscallFilter(refusal)
deny_executable = ("MemoryDenyWriteExecute", "yes") in settings
for name in allowed:
    try:
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
    except ValueError:
        continue
    if number < 0:
        continue
    if deny_executable and name == "mmap":
        # Allowed unless PROT_WRITE (2) and PROT_EXEC (4) are both set.
        for value in (0, 2, 4):
            filter.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.MASKED_EQ, 6, value))
    elif deny_executable and name in ("mprotect", "pkey_mprotect"):
        filter.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.MASKED_EQ, 4, 0))
    elif name == "clone":
        # RestrictNamespaces=yes: none of the flags CLONE_NEW*.
        filter.add_rule(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.MASKED_EQ, 0x7E020000, 0))
    elif name == "clone3":
        # Its flags are in memory, so systemd makes the C library use clone.
        pass
    elif name not in ("unshare", "setns"):
        filter.add_rule(seccomp.ALLOW, name)
filter.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
filter.export_bpf(sys.stdout)
